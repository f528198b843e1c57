"""What each arm of a rollout did: counted in memory as answers end, added to the database now and then.

Only answers whose arm was drawn belong here: those asked for by an alias. A version that was asked for
by its own name was nobody's draw, and counting it would spoil the comparison.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from serve.database import Database
from serve.tables import RolloutCount

Arm = Literal["stable", "candidate"]
Kind = Literal["errors", "slow", "invalid_citations", "refusals", "thumbs_down"]
KINDS: Final[tuple[Kind, ...]] = ("errors", "slow", "invalid_citations", "refusals", "thumbs_down")
"""The ways in which an answer is bad, named as the columns of `rollout_count`."""
MOST_CONVERSATIONS = 100_000
"""Bad (conversation, kind) pairs that one gateway remembers; the oldest are forgotten first."""

_COLUMNS = ("answers", *KINDS)
_KEY = ("rollout", "share", "arm")
_Place = tuple[str, int, Arm]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one answer went, or (`answer=False`) what was learnt of it later, such as a thumbs-down.

    `share` (percent) and `arm` are those under which the answer was given, also when the news is late.
    `conversation` is what the arm was drawn by; empty for an answer that was drawn by itself.
    """

    rollout: str
    share: int
    arm: Arm
    error: bool = False
    slow: bool = False
    invalid_citation: bool = False
    refusal: bool = False
    thumbs_down: bool = False
    answer: bool = True
    conversation: str = ""

    def list_kinds(self) -> tuple[Kind, ...]:
        """The kinds of bad answer that this one was."""
        flags = (self.error, self.slow, self.invalid_citation, self.refusal, self.thumbs_down)
        return tuple(kind for kind, bad in zip(KINDS, flags, strict=True) if bad)


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Answers of one arm at one share (percent), and in how many conversations each kind came up first."""

    share: int
    arm: Arm
    answers: int = 0
    errors: int = 0
    slow: int = 0
    invalid_citations: int = 0
    refusals: int = 0
    thumbs_down: int = 0

    def count(self, kind: Kind) -> int:
        """How many bad answers of that kind were counted."""
        found: int = getattr(self, kind)
        return found


class Tally:
    """The counts of one gateway that are not in the database yet. May be used from any thread.

    A conversation is counted once for each kind of bad answer in the whole rollout: its answers share
    one draw of the arm, and one patron who is never content must not look like many. Each gateway
    remembers this for itself, so send a conversation to the same gateway where there are several.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[_Place, list[int]] = {}
        self._counted: OrderedDict[tuple[str, Kind, str], None] = OrderedDict()

    def add(self, outcome: Outcome) -> None:
        """Count one outcome; memory only, some microseconds."""
        kinds = outcome.list_kinds()
        if not (outcome.answer or kinds):
            return
        with self._lock:
            row = self._row((outcome.rollout, outcome.share, outcome.arm))
            row[0] += outcome.answer
            for kind in kinds:
                row[_COLUMNS.index(kind)] += self._is_first(outcome, kind)

    def flush(self, database: Database) -> None:
        """Add what was counted to the database, in one transaction.

        Raises sqlalchemy.exc.SQLAlchemyError; the counts are then kept for the next flush. (Where the
        connection is lost in the very moment of the commit, they may be added twice.) A gateway that is
        killed loses what it counted since its last flush.
        """
        with self._lock:
            taken, self._pending = self._pending, {}
        if not taken:
            return
        try:
            _add_to_database(database, taken)
        except BaseException:
            with self._lock:
                for place, row in taken.items():
                    kept = self._row(place)
                    kept[:] = [now + before for now, before in zip(kept, row, strict=True)]
            raise

    def _row(self, place: _Place) -> list[int]:
        return self._pending.setdefault(place, [0] * len(_COLUMNS))

    def _is_first(self, outcome: Outcome, kind: Kind) -> bool:
        if not outcome.conversation:
            return True
        key = (outcome.rollout, kind, outcome.conversation)
        if key in self._counted:
            return False
        self._counted[key] = None
        if len(self._counted) > MOST_CONVERSATIONS:
            self._counted.popitem(last=False)
        return True


def read(database: Database, rollout_id: str) -> tuple[ArmCounts, ...]:
    """What all gateways have counted in a rollout, by share, the stable arm before the candidate."""
    columns = [getattr(RolloutCount, name) for name in ("share", "arm", *_COLUMNS)]
    wanted = select(*columns).where(RolloutCount.rollout == rollout_id)
    with database.readings() as session:
        rows = session.execute(wanted.order_by(RolloutCount.share, RolloutCount.arm.desc())).all()
    return tuple(ArmCounts(*row) for row in rows)


def _add_to_database(database: Database, counts: dict[_Place, list[int]]) -> None:
    """Insert or add, in an order that is the same in every gateway, so that none waits for another."""
    rows: list[dict[str, Any]] = [
        dict(zip((*_KEY, *_COLUMNS), (*place, *row), strict=True)) for place, row in sorted(counts.items())
    ]
    dialect = database.engine.dialect.name
    insert = sqlite.insert(RolloutCount) if dialect == "sqlite" else postgresql.insert(RolloutCount)
    insert = insert.values(rows)
    sums = {name: getattr(RolloutCount, name) + getattr(insert.excluded, name) for name in _COLUMNS}
    with database.sessions.begin() as session:
        session.execute(insert.on_conflict_do_update(index_elements=_KEY, set_=sums))
