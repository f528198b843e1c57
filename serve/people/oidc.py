"""Signing in at the library's OpenID provider: a flow that one browser begins and ends, and the account
that comes of it. The provider says the role at each sign-in; the desk keeps the session."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import Forbidden, TooBusy, Unauthorized
from serve.people.accounts import clean_name, find_by_name, make_name_key, make_row
from serve.people.audit import audit
from serve.people.authority import STAFF, Actor, Role
from serve.people.bearer import digest
from serve.people.moments import as_utc, now_utc
from serve.people.provider import Challenge, Provider, find_claim
from serve.people.sessions import Lifetime, SignedIn, open_session
from serve.people.sign_in import as_actor
from serve.people.tables import OidcFlow, StaffAccount
from serve.people.turns import take_turn
from serve.settings import Settings

PROVIDER = Actor(Role.ADMINISTRATOR, "oidc", "the OpenID provider")
"""Who makes accounts and changes roles when somebody signs in there."""
_FLOW_TIME = timedelta(minutes=10)
_MOST_FLOWS = 1_000
_MOST_SUBJECT = 255
"""OpenID Connect Core, section 2: `sub` has at most 255 characters."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the secret that shows that who comes back is who began."""

    url: str
    flow: str


def begin_flow(database: Database, settings: Settings) -> Begun:
    """Begin a sign-in. Raises NotFound without a provider, NotReady, TooBusy."""
    challenge = Challenge(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(64))
    url = Provider(settings).begin(challenge)
    flow, now = secrets.token_urlsafe(32), now_utc()
    with database.sessions.begin() as session:
        session.execute(delete(OidcFlow).where(OidcFlow.expires <= now))
        if (session.scalar(select(func.count()).select_from(OidcFlow)) or 0) >= _MOST_FLOWS:
            raise TooBusy("Too many people are signing in at the moment. Try again in a few minutes.")
        session.add(
            OidcFlow(
                flow_sha256=digest(flow),
                state=challenge.state,
                nonce=challenge.nonce,
                verifier=challenge.verifier,
                expires=now + _FLOW_TIME,
            )
        )
    return Begun(url, flow)


def finish_flow(database: Database, settings: Settings, flow: str, state: str, code: str) -> SignedIn:
    """Open a session for whom the provider vouches for. A flow can be finished once.

    Raises Unauthorized for a flow that is over, was begun elsewhere, or whose answer does not hold,
    Forbidden for who has no role here, NotFound without a provider, NotReady.
    """
    provider = Provider(settings)
    claims = provider.redeem(code, _take_flow(database, flow, state))
    subject, role = f"{provider.issuer} {_read_subject(claims)}", find_role(claims, settings)
    with database.sessions.begin() as session:
        take_turn(session, StaffAccount)
        row = session.scalar(select(StaffAccount).where(StaffAccount.subject == subject))
        if role is None:
            _end_sign_ins(session, row)
        else:
            row = _admit(session, row, subject, claims, role)
            signed_in = open_session(session, row, Lifetime.from_settings(settings), now_utc())
            audit(session, as_actor(row), "signed in", f"person {row.id}", details={"at": provider.issuer})
            return signed_in
    raise Forbidden(
        "You have no role at the desk: the OpenID provider names none of those that "
        "READING_ROOM_OIDC_ROLES lists. Ask an administrator."
    )


def find_role(claims: Mapping[str, Any], settings: Settings) -> Role | None:
    """The highest role that the settings give for what the provider says; None for none at all."""
    said = find_claim(claims, settings.oidc_role_claim)
    values = said if isinstance(said, list) else [said]
    given = (pair.partition("=") for pair in settings.oidc_roles)
    named = {role for role, _, value in given if value in values}
    return next((role for role in reversed(STAFF) if role in named), None)


def _take_flow(database: Database, flow: str, state: str) -> Challenge:
    with database.sessions.begin() as session:
        row = session.get(OidcFlow, digest(flow), with_for_update=True)
        if row is not None:
            session.delete(row)
    if (
        row is None
        or as_utc(row.expires) <= now_utc()
        or not secrets.compare_digest(row.state.encode(), state.encode("utf-8", "replace"))
    ):
        raise Unauthorized("This sign-in took too long, or was begun in another browser. Begin again.")
    return Challenge(row.state, row.nonce, row.verifier)


def _read_subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 1 <= len(subject) <= _MOST_SUBJECT or "\x00" in subject:
        raise Unauthorized("The OpenID provider's `sub` is not a text of 1 to 255 characters.")
    return subject


def _admit(
    session: Session, row: StaffAccount | None, subject: str, claims: Mapping[str, Any], role: Role
) -> StaffAccount:
    """The account of this person, made where there is none, in the role that the provider says."""
    if row is None:
        row = make_row(_find_free_name(session, claims), role, PROVIDER, subject=subject)
        session.add(row)
        details = {"name": row.name, "role": role.value}
        audit(session, PROVIDER, "added", f"person {row.id}", details=details)
        return row
    if not row.active:
        raise Forbidden("Your account at the desk is disabled. Ask an administrator.")
    if row.role != role.value:
        details = {"name": row.name, "before": row.role, "after": role.value}
        row.role, row.generation = role.value, row.generation + 1
        audit(session, PROVIDER, "changed role", f"person {row.id}", details=details)
    return row


def _end_sign_ins(session: Session, row: StaffAccount | None) -> None:
    """Who lost every role at the provider is not to go on with an earlier sign-in."""
    if row is not None:
        row.generation += 1
        audit(session, PROVIDER, "ended sign-ins", f"person {row.id}", "no role at the provider any more")


def _find_free_name(session: Session, claims: Mapping[str, Any]) -> str:
    """What the person is called, told apart from others of that name: it is what the audit log shows."""
    names = (claims.get(claim) for claim in ("name", "preferred_username", "email", "sub"))
    said = next((name for name in names if isinstance(name, str) and name.strip()), "")
    plain = "".join(letter if letter.isprintable() else " " for letter in said)[:80].strip() or "Somebody"
    name, number = clean_name(plain), 1
    while find_by_name(session, make_name_key(name)) is not None:
        number += 1
        name = f"{clean_name(plain)} ({number})"
    return name
