"""How many answers of which kind each day had: all that is kept of a chat by itself.

Counted in memory as answers end, added to the database now and then. No text, no ids, no times.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from serve.conversations.tables import DailyAnswers
from serve.database import Database

FAILED = "failed"
"""Status of an answer that ended in an error of ours; the others are those of `AnswerDetails`."""

_KEY = ("day", "collection", "found", "status", "adapter")
_Place = tuple[date, str, bool, str, str]
_MOST_NAME = 300


@dataclass(frozen=True, slots=True)
class DailyCount:
    """Answers of one day (UTC), about one collection ("" where that is not known), of one status, by one
    adapter version (or the base)."""

    day: date
    collection: str
    found: bool
    status: str
    adapter: str
    answers: int


class DailyTally:
    """The counts of one gateway that are not in the database yet. May be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: Counter[_Place] = Counter()

    def add(self, *, collection: str, found: bool, status: str, adapter: str) -> None:
        """Count one answer of today; memory only."""
        place = (datetime.now(UTC).date(), collection[:_MOST_NAME], found, status, adapter[:_MOST_NAME])
        with self._lock:
            self._pending[place] += 1

    def flush(self, database: Database) -> None:
        """Add what was counted to the database, in one transaction.

        Raises sqlalchemy.exc.SQLAlchemyError; the counts are then kept for the next flush. A gateway that
        is killed loses what it counted since its last flush.
        """
        with self._lock:
            taken, self._pending = self._pending, Counter()
        if not taken:
            return
        try:
            _add_to_database(database, taken)
        except BaseException:
            with self._lock:
                self._pending.update(taken)
            raise


def read_counts(session: Session, since: date, until: date | None = None) -> tuple[DailyCount, ...]:
    """What all gateways have counted from the day `since` on, both days included, oldest first."""
    columns = [getattr(DailyAnswers, name) for name in (*_KEY, "answers")]
    wanted = select(*columns).where(DailyAnswers.day >= since).order_by(*columns[:-1])
    if until is not None:
        wanted = wanted.where(DailyAnswers.day <= until)
    return tuple(DailyCount(*row) for row in session.execute(wanted))


def _add_to_database(database: Database, counts: Counter[_Place]) -> None:
    """Insert or add, in an order that is the same in every gateway, so that none waits for another."""
    rows = [dict(zip((*_KEY, "answers"), (*place, counts[place]), strict=True)) for place in sorted(counts)]
    dialect = database.engine.dialect.name
    insert = sqlite.insert(DailyAnswers) if dialect == "sqlite" else postgresql.insert(DailyAnswers)
    insert = insert.values(rows)
    total = DailyAnswers.answers + insert.excluded.answers
    with database.sessions.begin() as session:
        session.execute(insert.on_conflict_do_update(index_elements=_KEY, set_={"answers": total}))
