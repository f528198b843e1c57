"""Who a request comes from, and whether they may do what its route does.

Every route names its action: `Annotated[Actor, Depends(require(Action.READ_INBOX))]`, or
`dependencies=[Depends(require(Action.ASK))]` where it has no use for the actor.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from serve.errors import BadRequest, Forbidden, NotFound, Unauthorized
from serve.people.authority import Action, Actor, Role, may
from serve.people.bearer import is_of_kind, read_bearer
from serve.people.keys import count_request, find_key
from serve.people.moments import now_utc
from serve.people.sessions import Lifetime, find_session
from serve.people.staff_key import has_staff_key, name_key_holder
from serve.service import Service, ServiceDep
from serve.settings import Settings

CONVERSATION_HEADER = "X-Reading-Room-Conversation"
"""Where a patron's client names its own conversation, by the unguessable id that makes it theirs."""
_MOST_ID = 200


async def find_actor(request: Request, service: ServiceDep) -> Actor:
    """Who asks: by the Authorization header alone, never by a cookie.

    The staff key, a sign-in's token and an API key each show somebody; with any other text, which clients
    of the OpenAI API have to send, or with none, it is a patron, whose id is that of the conversation that
    the request names. Raises Unauthorized for a sign-in or a key that is over, TooManyRequests for a key
    whose quota is used up: neither is taken for a patron's in silence.
    """
    token = read_bearer(request.headers)
    if has_staff_key(request.headers, service.settings):
        return name_key_holder(request.headers)
    if is_of_kind(token, "rrs"):
        return await run_in_threadpool(_find_staff, service, token)
    if is_of_kind(token, "rrk"):
        client = await run_in_threadpool(_find_client, service, token)
        return replace(client, conversation=_name_conversation(request))
    if service.settings.api_needs_key and not hmac.compare_digest(token.encode(), service.page_key.encode()):
        return Actor(Role.STRANGER)
    return Actor(Role.PATRON, _name_conversation(request))


ActorDep = Annotated[Actor, Depends(find_actor)]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency that gives the actor, or raises Forbidden where they may not do `action`."""

    action: Action

    async def __call__(self, actor: ActorDep, service: ServiceDep) -> Actor:
        if not may(actor, self.action):
            raise _refuse(actor, self.action, service.settings)
        return actor


def require(action: Action) -> Requirement:
    """What a route depends on to say what it does, and to know who does it."""
    return Requirement(action)


def check_owner(actor: Actor, action: Action, owner: str) -> None:
    """Refuse what belongs to somebody else, just as what is not there. Raises NotFound.

    `owner` is the id of the conversation or account it belongs to; "" belongs to nobody.
    """
    if not may(actor, action, owner):
        raise NotFound("There is nothing of yours by that name.")


def _find_staff(service: Service, token: str) -> Actor:
    found = find_session(service.database, token, Lifetime.from_settings(service.settings), now_utc())
    if found is None:
        raise Unauthorized("This sign-in is over. Sign in again.")
    person, _ = found
    return Actor(person.role, person.id, person.name)


def _find_client(service: Service, token: str) -> Actor:
    now = now_utc()
    found = find_key(service.database, token, now)
    if found is None:
        raise Unauthorized(
            "This API key is not known here, or it has expired or been revoked. "
            "An administrator can make another one."
        )
    actor, quota = found
    if quota:
        count_request(service.database, actor.id, quota, now)
    return actor


def _name_conversation(request: Request) -> str:
    named = request.headers.get(CONVERSATION_HEADER)
    if named is None:
        return str(request.path_params.get("conversation", ""))
    if not 1 <= len(named) <= _MOST_ID or not named.isprintable():
        raise BadRequest(
            f"{CONVERSATION_HEADER}: expected 1 to {_MOST_ID} printable characters, found {len(named)}.",
            param=CONVERSATION_HEADER,
        )
    return named


def _refuse(actor: Actor, action: Action, settings: Settings) -> Forbidden | Unauthorized:
    """What is missing, and how to come by it."""
    if actor.role is Role.STRANGER and may(Actor(Role.PATRON), action):
        return Unauthorized("Programs need a key here: send `Authorization: Bearer` with an API key.")
    if actor.role is Role.CLIENT:
        return Forbidden(f"This API key may not {action}. An administrator can make another one.")
    if actor.role not in (Role.STRANGER, Role.PATRON):
        return Forbidden(
            f"This is not for the role {actor.role} ({action}). An administrator can change your role."
        )
    key = "READING_ROOM_STAFF_KEY"
    if not settings.staff_key.get_secret_value():
        key += (
            ", which is empty here. Set it to a long random text and restart, or use the commands on the "
            "server: reading-room adapters, reading-room staff"
        )
    return Forbidden(
        f"This is for staff: send `Authorization: Bearer` with the token of a sign-in or with {key}."
    )
