"""The audit log: who did what, when and why. The database itself refuses to change or delete a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.database import Database
from serve.people.authority import Actor, Role
from serve.people.moments import as_utc
from serve.people.tables import AuditEvent
from serve.plain import make_plain

_PATRON = "a patron"
_MOST_WHY = 2_000
MOST_EVENTS = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log."""

    id: int
    at: datetime
    role: str
    who_id: str
    who: str
    what: str
    subject: str
    why: str
    details: Mapping[str, Any]


def audit(
    session: Session,
    actor: Actor,
    what: str,
    subject: str,
    why: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write a line in the transaction of what it tells of: both are kept or neither.

    `what` is a verb in the past ("approved"), `subject` names what it was done to by kind and id
    ("pair pair-12"). Of a patron neither id nor name is kept. Put no text of a patron's into `details`:
    a line of the log is never erased.
    """
    patron = actor.role in (Role.PATRON, Role.STRANGER)
    session.add(
        AuditEvent(
            at=datetime.now(UTC),
            role=actor.role.value,
            who_id="" if patron else actor.id,
            who=_PATRON if patron else make_plain(actor.name)[:200],
            what=what,
            subject=make_plain(subject)[:300],
            why=make_plain(why)[:_MOST_WHY],
            details=dict(details or {}),
        )
    )


def read_audit(
    database: Database, *, subject: str = "", who_id: str = "", before: int = 0, limit: int = 100
) -> tuple[Entry, ...]:
    """The newest lines first, of one subject or one person if they are named, older than line `before`."""
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(min(limit, MOST_EVENTS))
    if subject:
        query = query.where(AuditEvent.subject == subject)
    if who_id:
        query = query.where(AuditEvent.who_id == who_id)
    if before:
        query = query.where(AuditEvent.id < before)
    with database.readings() as session:
        return tuple(_load(row) for row in session.scalars(query))


def _load(row: AuditEvent) -> Entry:
    return Entry(
        id=row.id,
        at=as_utc(row.at),
        role=row.role,
        who_id=row.who_id,
        who=row.who,
        what=row.what,
        subject=row.subject,
        why=row.why,
        details=row.details,
    )
