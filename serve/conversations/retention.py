"""The retention rule: what has had its time is removed, and each removal leaves a proof without text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from serve.conversations.key import digest_id, name_key
from serve.conversations.scrubbing import scrub
from serve.conversations.tables import Agreement, KeptTurn, Purge, Purged
from serve.conversations.turn_taking import take_turn
from serve.database import Database
from serve.people.moments import as_utc
from serve.tables import Feedback

GATEWAY = "gateway"
"""Who purges every hour."""
PAIRS = "pairs"
"""The name under which proofs count what `Follow` emptied."""
_QUIET = timedelta(days=1)
"""A gateway that found nothing to remove says so once a day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of thing that goes when its time is over; `id` is the column its proof is made from."""

    name: str
    table: Any
    id: InstrumentedAttribute[str]


RULES = (
    Rule("feedback", Feedback, Feedback.id),
    Rule("turns", KeptTurn, KeptTurn.id),
    Rule("agreements", Agreement, Agreement.conversation),
)
"""Every table that holds a patron's words until a day. Days are a setting, taken when a row is written."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One purge: how many rows of each rule went, when the time of the first and of the last was over, the
    digest over their hashes, and how many that are over were left (0)."""

    id: int
    at: datetime
    who: str
    removed: dict[str, int] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    digest: str = ""
    remaining_expired: int = 0

    @property
    def rows(self) -> int:
        """Rows removed in all."""
        return sum(self.removed.values())


Follow = Callable[[Session], Sequence[str]]
"""Takes away what was made of removed words and may not outlive them; returns the ids of what it emptied."""


def purge(database: Database, who: str, follow: Follow, now: datetime | None = None) -> Proof | None:
    """Remove what is over at `now`, in one transaction with its proof; then take it out of the files.

    None where the hourly purge (`who` is GATEWAY) had nothing to remove and has said so today.
    """
    now = now or datetime.now(UTC)
    with database.sessions.begin() as session:
        take_turn(session, "purge")
        proof = _purge(session, who, follow, now)
    if proof and (proof.rows or who != GATEWAY):
        scrub(database)
    return proof


def read_proofs(
    database: Database, *, limit: int = 100, offset: int = 0, removed: str = ""
) -> tuple[int, tuple[Proof, ...]]:
    """How many proofs there are, and some of them, newest first; with `removed` only those of the purges
    that removed this id (of feedback, of a kept turn, or a conversation's own)."""
    wanted = select(Purge)
    if removed:
        hashes = {digest_id(removed), digest_id(name_key(removed) or removed)}
        wanted = wanted.where(Purge.id.in_(select(Purged.purge).where(Purged.hash.in_(hashes))))
    with database.readings() as session:
        total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
        rows = session.scalars(wanted.order_by(Purge.id.desc()).limit(limit).offset(offset)).all()
    return total, tuple(map(_load, rows))


def check_proof(database: Database, purge_id: int) -> bool:
    """Whether a proof's digest is that of the hashes which are kept with it."""
    with database.readings() as session:
        row = session.get(Purge, purge_id)
        hashes = session.scalars(select(Purged.hash).where(Purged.purge == purge_id)).all()
    return row is not None and row.digest == digest_hashes(hashes)


def digest_hashes(hashes: Sequence[str]) -> str:
    """SHA-256 (hex) over hashes, sorted, one a line."""
    return hashlib.sha256("".join(f"{found}\n" for found in sorted(hashes)).encode()).hexdigest()


def _purge(session: Session, who: str, follow: Follow, now: datetime) -> Proof | None:
    removed: dict[str, int] = {}
    hashes: set[str] = set()
    moments: list[datetime] = []
    for rule in RULES:
        over = delete(rule.table).where(rule.table.expires <= now)
        rows = session.execute(over.returning(rule.id, rule.table.expires)).all()
        removed[rule.name] = len(rows)
        hashes.update(digest_id(name) for name, _ in rows)
        moments += [as_utc(expires) for _, expires in rows]
    pairs = follow(session)
    removed[PAIRS] = len(pairs)
    hashes.update(map(digest_id, pairs))
    if not hashes and who == GATEWAY and _said_lately(session, now):
        return None
    row = Purge(
        at=now,
        who=who,
        removed=removed,
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
        digest=digest_hashes(sorted(hashes)),
        remaining_expired=sum(_count_expired(session, rule, now) for rule in RULES),
    )
    session.add(row)
    session.flush()
    if hashes:
        session.execute(insert(Purged), [{"hash": name, "purge": row.id} for name in sorted(hashes)])
    return _load(row)


def _count_expired(session: Session, rule: Rule, now: datetime) -> int:
    return session.scalar(select(func.count()).where(rule.table.expires <= now)) or 0


def _said_lately(session: Session, now: datetime) -> bool:
    last = session.scalar(select(func.max(Purge.at)))
    return last is not None and as_utc(last) > now - _QUIET


def _load(row: Purge) -> Proof:
    return Proof(
        id=row.id,
        at=as_utc(row.at),
        who=row.who,
        removed=dict(row.removed),
        oldest=row.oldest and as_utc(row.oldest),
        newest=row.newest and as_utc(row.newest),
        digest=row.digest,
        remaining_expired=row.remaining_expired,
    )
