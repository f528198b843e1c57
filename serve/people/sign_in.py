"""Signing in with a name and a password, and changing one's own password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from serve.database import Database
from serve.errors import Conflict, TooBusy, Unauthorized
from serve.people.accounts import find_by_name, make_name_key, replace_password
from serve.people.audit import audit
from serve.people.authority import Actor, Role
from serve.people.delays import count_try, forget_tries
from serve.people.moments import now_utc
from serve.people.passwords import check_strength, hash_password, is_outdated, is_password
from serve.people.sessions import Lifetime, SignedIn, open_session
from serve.people.tables import StaffAccount

_INSIDE = BoundedSemaphore(10)
"""Sign-ins under way or in line; each takes a thread of the gateway, and others are to have some too."""
_WRONG = "The name or the password is wrong."


def sign_in(database: Database, name: str, password: str, lifetime: Lifetime) -> SignedIn:
    """Open a session for who knows the password.

    Raises Unauthorized, which says the same for a wrong password, a name that nobody has and a disabled
    account, after the same work; TooManyRequests while the name is not to be tried; TooBusy.
    """
    name_key = make_name_key(name)
    with _enter():
        failures, account = _check(database, name_key, password)
        renewed = hash_password(password) if is_outdated(account.password) else ""
        with database.sessions.begin() as session:
            row = session.get(StaffAccount, account.id, with_for_update=True)
            # Changed while the password was compared: then it was compared with what holds no more.
            if row is None or not row.active or row.generation != account.generation:
                raise Unauthorized(_WRONG)
            row.password = renewed or row.password
            forget_tries(session, name_key)
            signed_in = open_session(session, row, lifetime, now_utc(), failures)
            audit(session, as_actor(row), "signed in", f"person {row.id}")
            return signed_in


def change_own_password(
    database: Database, actor: Actor, current: str, new: str, lifetime: Lifetime
) -> SignedIn:
    """Give oneself another password, and a new sign-in in the place of all others. Raises as `sign_in` does,
    and BadRequest for a weak one."""
    with database.readings() as session:
        row = session.get(StaffAccount, actor.id)
        if row is None or row.subject is not None:
            raise Conflict("Only who signs in with a name and a password has one that can be changed here.")
        name, name_key = row.name, row.name_key
    check_strength(new, name)
    with _enter():
        _, account = _check(database, name_key, current)
        kept = hash_password(new)
        with database.sessions.begin() as session:
            row = session.get(StaffAccount, account.id, with_for_update=True)
            if row is None or not row.active or row.generation != account.generation:
                raise Unauthorized(_WRONG)
            replace_password(session, actor, row, kept)
            return open_session(session, row, lifetime, now_utc())


def as_actor(row: StaffAccount) -> Actor:
    """An account as the one who does something."""
    return Actor(Role(row.role), row.id, row.name)


def _check(database: Database, name_key: str, password: str) -> tuple[int, StaffAccount]:
    """The failures before this try, and the account whose password it is. Raises Unauthorized."""
    with database.sessions.begin() as session:
        failures = count_try(session, name_key, now_utc())
        account = find_by_name(session, name_key)
    usable = account is not None and account.active
    if not is_password(password, account.password if account and usable else "") or account is None:
        raise Unauthorized(_WRONG)
    return failures, account


@contextmanager
def _enter() -> Iterator[None]:
    if not _INSIDE.acquire(blocking=False):
        raise TooBusy("Too many people are signing in at the moment. Try again in a few seconds.")
    try:
        yield
    finally:
        _INSIDE.release()
