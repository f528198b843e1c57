"""Sign-ins of staff: kept on the server, ended by time, by idleness, and by any change of the account."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from serve.database import Database
from serve.people.accounts import Person, load_person
from serve.people.bearer import digest, make_token
from serve.people.moments import as_utc
from serve.people.tables import StaffAccount, StaffSession
from serve.settings import Settings

log = logging.getLogger(__name__)

_TOUCH_AFTER = timedelta(minutes=1)
"""Use is noted to the minute: to write at every request would cost more than the request."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a sign-in lasts in all, and how long unused."""

    whole: timedelta
    idle: timedelta

    @classmethod
    def from_settings(cls, settings: Settings) -> Lifetime:
        """As the settings say."""
        return cls(timedelta(hours=settings.sign_in_hours), timedelta(minutes=settings.sign_in_idle_minutes))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in as it is handed to the one who signed in: `token` is shown this once.

    `failures` wrong passwords were tried for this name since it last signed in.
    """

    token: str
    person: Person
    expires: datetime
    idle: timedelta
    failures: int = 0


def open_session(
    session: Session, account: StaffAccount, lifetime: Lifetime, now: datetime, failures: int = 0
) -> SignedIn:
    """Start a sign-in in the transaction that found the account in order; clears away those that are over."""
    session.execute(delete(StaffSession).where(StaffSession.expires <= now))
    token = make_token("rrs")
    row = StaffSession(
        token_sha256=digest(token),
        account_id=account.id,
        generation=account.generation,
        created=now,
        seen=now,
        expires=now + lifetime.whole,
    )
    session.add(row)
    return SignedIn(token, load_person(account), row.expires, lifetime.idle, failures)


def find_session(
    database: Database, token: str, lifetime: Lifetime, now: datetime
) -> tuple[Person, datetime] | None:
    """Whose sign-in a token is, and when it ends at the latest; None where it is over or never was."""
    query = (
        select(StaffSession, StaffAccount)
        .join(StaffAccount, StaffAccount.id == StaffSession.account_id)
        .where(StaffSession.token_sha256 == digest(token))
    )
    with database.readings() as session:
        found = session.execute(query).one_or_none()
    if found is None:
        return None
    row, account = found
    seen, expires = as_utc(row.seen), as_utc(row.expires)
    if now >= expires or now - seen >= lifetime.idle:
        return None
    if not account.active or row.generation != account.generation:
        return None
    if now - seen >= _TOUCH_AFTER:
        _touch(database, row.token_sha256, now)
    return load_person(account), expires


def end_session(session: Session, token: str) -> None:
    """Sign out: the token shows nobody any more."""
    session.execute(delete(StaffSession).where(StaffSession.token_sha256 == digest(token)))


def _touch(database: Database, token_sha256: str, now: datetime) -> None:
    """Note that a sign-in is in use. A database that cannot write now must not hinder who only reads."""
    try:
        with database.sessions.begin() as session:
            session.execute(
                update(StaffSession)
                .where(StaffSession.token_sha256 == token_sha256)
                .values(seen=now)
                .execution_options(synchronize_session=False)
            )
    except OperationalError as error:
        log.warning("the use of a sign-in could not be noted: %s", error)
