"""What a job is, as everybody but the database sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from serve.jobs.tables import JobEventRow, JobRow
from serve.people.moments import as_utc, now_utc

Kind = Literal["train", "evaluate", "embed", "compare"]
State = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
Wish = Literal["", "pause", "cancel"]
Level = Literal["info", "warn", "error"]

ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it was read. `wanted` is what its worker has been asked for and has not done yet.

    `progress` is what its run last said: "done" (a share of 1) and "seconds_left" where it knows them, and
    figures of its own.
    """

    number: int
    id: str
    kind: str
    title: str
    plan: Mapping[str, Any]
    state: State
    wanted: Wish
    revision: int
    fence: int
    worker: str
    attempts: int
    most_attempts: int
    progress: Mapping[str, Any]
    heard: int
    result: Mapping[str, Any] | None
    problem: str
    created: datetime
    started: datetime | None
    finished: datetime | None
    created_by: str
    why: str


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a job or what its run said; `number` is 0 before it is kept."""

    level: Level
    type: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime = field(default_factory=now_utc)
    number: int = 0


def load_job(row: JobRow) -> Job:
    """A row as it is now."""
    return Job(
        number=row.number,
        id=row.id,
        kind=row.kind,
        title=row.title,
        plan=row.plan,
        state=row.state,  # type: ignore[arg-type]  # only serve.jobs writes it
        wanted=row.wanted,  # type: ignore[arg-type]
        revision=row.revision,
        fence=row.fence,
        worker=row.worker,
        attempts=row.attempts,
        most_attempts=row.most_attempts,
        progress=row.progress,
        heard=row.heard,
        result=row.result,
        problem=row.problem,
        created=as_utc(row.created),
        started=as_utc(row.started) if row.started else None,
        finished=as_utc(row.finished) if row.finished else None,
        created_by=row.created_by,
        why=row.why,
    )


def load_event(row: JobEventRow) -> Event:
    """A kept event."""
    return Event(
        level=row.level,  # type: ignore[arg-type]  # only serve.jobs writes it
        type=row.type,
        message=row.message,
        data=row.data,
        at=as_utc(row.at),
        number=row.number,
    )
