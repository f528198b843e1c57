"""Who a request comes from, and whether they may do what its route does.

Every route names its action: `Annotated[Actor, Depends(require(Action.READ_INBOX))]`, or
`dependencies=[Depends(require(Action.ASK))]` where it has no use for the actor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serve.errors import BadRequest, Forbidden, NotFound
from serve.people.authority import Action, Actor, Role, may
from serve.people.staff_key import has_staff_key, name_key_holder
from serve.service import ServiceDep
from serve.settings import Settings

CONVERSATION_HEADER = "X-Reading-Room-Conversation"
"""Where a patron's client names its own conversation, by the unguessable id that makes it theirs."""
_MOST_ID = 200


async def find_actor(request: Request, service: ServiceDep) -> Actor:
    """Who asks: by the Authorization header alone, never by a cookie; whoever sends none is a patron.

    A patron's id is that of the conversation which the request names: by the header, else in its path.
    """
    if has_staff_key(request.headers, service.settings):
        return name_key_holder(request.headers)
    return Actor(Role.PATRON, _name_conversation(request))


ActorDep = Annotated[Actor, Depends(find_actor)]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A dependency that gives the actor, or raises Forbidden where they may not do `action`."""

    action: Action

    async def __call__(self, actor: ActorDep, service: ServiceDep) -> Actor:
        if not may(actor, self.action):
            raise Forbidden(_describe_refusal(actor, self.action, service.settings))
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


def _describe_refusal(actor: Actor, action: Action, settings: Settings) -> str:
    """What is missing, and how to come by it."""
    if actor.role is Role.CLIENT:
        return f"This API key is not one that may {action}. An administrator can make another one."
    if actor.role is not Role.PATRON:
        return f"Your role is {actor.role}: it may not {action}. An administrator can change your role."
    how = (
        "READING_ROOM_STAFF_KEY"
        if settings.staff_key.get_secret_value()
        else (
            "READING_ROOM_STAFF_KEY, which is empty here. Set it to a long random text and restart, "
            "or use the commands on the server: reading-room adapters, reading-room staff"
        )
    )
    return f"This is for staff: send `Authorization: Bearer` with the token of a sign-in or with {how}."
