"""Staff's own sign-in: begun, looked at, ended; and their own password.

The token travels in the reply's body and comes back in the Authorization header. No cookie is set or
read here, so no page of another origin can have a browser send one along.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from serve.errors import BadRequest
from serve.people import sign_in as signing
from serve.people.access import require
from serve.people.accounts import has_passwords
from serve.people.authority import Action, Actor, may
from serve.people.bearer import read_bearer
from serve.people.moments import now_utc
from serve.people.oidc import begin_flow, finish_flow
from serve.people.sessions import Lifetime, SignedIn, end_session, find_session
from serve.people.staff_key import KEY_ID
from serve.routes.people import describe_person
from serve.service import ServiceDep
from serve.wire.people import (
    OidcFinishRequest,
    OidcStarted,
    OwnPasswordRequest,
    SessionInfo,
    SignedInReply,
    SignInRequest,
    SignInWays,
)

router = APIRouter(prefix="/v1/session")
SignInDep = Depends(require(Action.SIGN_IN))
OwnDep = Annotated[Actor, Depends(require(Action.MANAGE_OWN_SESSION))]


@router.post("", status_code=201, dependencies=[SignInDep])
def sign_in(body: SignInRequest, service: ServiceDep, response: Response) -> SignedInReply:
    """Sign in with a name and a password."""
    lifetime = Lifetime.from_settings(service.settings)
    return reply_signed_in(signing.sign_in(service.database, body.name, body.password, lifetime), response)


@router.get("/ways", dependencies=[SignInDep])
def list_ways(service: ServiceDep) -> SignInWays:
    """How staff can sign in."""
    provider = service.settings.oidc_name if service.settings.oidc_issuer else ""
    return SignInWays(password=not provider or has_passwords(service.database), provider=provider)


@router.post("/oidc", status_code=201, dependencies=[SignInDep])
def begin_oidc(service: ServiceDep, response: Response) -> OidcStarted:
    """Begin a sign-in at the OpenID provider."""
    response.headers["Cache-Control"] = "no-store"
    begun = begin_flow(service.database, service.settings)
    return OidcStarted(url=begun.url, flow=begun.flow)


@router.post("/oidc/finish", status_code=201, dependencies=[SignInDep])
def finish_oidc(body: OidcFinishRequest, service: ServiceDep, response: Response) -> SignedInReply:
    """Sign in who comes back from the OpenID provider, in the browser that began."""
    signed_in = finish_flow(service.database, service.settings, body.flow, body.state, body.code)
    return reply_signed_in(signed_in, response)


@router.get("")
def describe_session(request: Request, service: ServiceDep, actor: OwnDep) -> SessionInfo:
    """Who the sender is, what they may do, and until when."""
    lifetime = Lifetime.from_settings(service.settings)
    found = find_session(service.database, read_bearer(request.headers), lifetime, now_utc())
    return SessionInfo(
        id=actor.id,
        name=actor.name,
        role=actor.role,
        actions=[action for action in Action if may(actor, action)],
        expires=found[1] if found else None,
    )


@router.delete("", status_code=204)
def sign_out(request: Request, service: ServiceDep, actor: OwnDep) -> None:
    """End the sign-in that this request came with."""
    _check_has_session(actor)
    with service.database.sessions.begin() as session:
        end_session(session, read_bearer(request.headers))


@router.put("/password")
def change_password(
    body: OwnPasswordRequest, service: ServiceDep, actor: OwnDep, response: Response
) -> SignedInReply:
    """Change one's own password: every sign-in ends, and this reply has a new one."""
    _check_has_session(actor)
    lifetime = Lifetime.from_settings(service.settings)
    changed = signing.change_own_password(service.database, actor, body.current, body.new, lifetime)
    return reply_signed_in(changed, response)


def reply_signed_in(signed_in: SignedIn, response: Response) -> SignedInReply:
    """A sign-in as a reply that nothing on its way keeps."""
    response.headers["Cache-Control"] = "no-store"
    return SignedInReply(
        token=signed_in.token,
        person=describe_person(signed_in.person),
        expires=signed_in.expires,
        idle_seconds=int(signed_in.idle.total_seconds()),
        failures=signed_in.failures,
    )


def _check_has_session(actor: Actor) -> None:
    if actor.id == KEY_ID:
        raise BadRequest("The staff key is no sign-in: it can be changed only in the settings.")
