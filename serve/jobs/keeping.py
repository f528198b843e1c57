"""What is written of a job: changes of its row, and its events. Always under the row's lock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from serve.jobs.job import ENDED, Event, State
from serve.jobs.tables import JobEventRow, JobRow
from serve.people.moments import now_utc
from serve.plain import make_plain

MOST_MESSAGE = 2_000
MOST_EVENTS = 20_000
"""Of one job. A run that says more is heard no further, but for its progress."""
_MOST_ITEMS = 200
_DEPTH = 6


def enter_state(row: JobRow, state: State, *, still_seconds: float = 0.0, problem: str = "") -> None:
    """Bring a job into a state. `still_seconds`: how long it stays before a worker may take it."""
    row.state = state
    row.wanted = ""
    row.still_seconds = still_seconds
    row.problem = make_plain(problem)[:MOST_MESSAGE]
    row.finished = now_utc() if state in ENDED else None
    row.revision += 1


def keep_events(session: Session, row: JobRow, events: Iterable[Event]) -> None:
    """Append to a job's events."""
    rows = [
        {
            "job": row.number,
            "at": event.at,
            "level": event.level,
            "type": make_plain(event.type)[:20],
            "message": make_plain(event.message)[:MOST_MESSAGE],
            "data": clip_data(event.data),
        }
        for event in events
    ]
    if rows:
        session.execute(insert(JobEventRow), rows)


def count_room(session: Session, row: JobRow) -> int:
    """How many more events a run may add."""
    kept = session.scalar(select(func.count()).select_from(JobEventRow).where(JobEventRow.job == row.number))
    return max(0, MOST_EVENTS - (kept or 0))


def clean_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """What both databases can keep as JSON: no NaN (a loss can be one), no NUL, no half of a character."""
    return {_clean_text(str(name)): _clean(value) for name, value in data.items()}


def clip_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a run said, which may be anything: cleaned, without what nobody sees, and of bearable size."""
    clipped = _clip(data, _DEPTH)
    assert isinstance(clipped, dict)
    return clipped


def _clean(value: object) -> object:
    match value:
        case float():
            return value if math.isfinite(value) else None
        case bool() | int() | None:
            return value
        case Mapping():
            return clean_data(value)
        case list() | tuple():
            return [_clean(part) for part in value]
        case _:
            return _clean_text(str(value))


def _clean_text(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _clip(value: object, depth: int) -> object:
    match value:
        case Mapping() if depth:
            pairs = list(value.items())[:_MOST_ITEMS]
            return {make_plain(str(name))[:100]: _clip(part, depth - 1) for name, part in pairs}
        case list() | tuple() if depth:
            return [_clip(part, depth - 1) for part in value[:_MOST_ITEMS]]
        case float() | bool() | int() | None:
            return _clean(value)
        case _:
            return make_plain(str(value))[:MOST_MESSAGE]
