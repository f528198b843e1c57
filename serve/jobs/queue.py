"""Jobs as staff have them: handed in, looked at, paused, resumed, cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import Conflict, NotFound
from serve.jobs.job import Event, Job, Kind, load_event, load_job
from serve.jobs.keeping import clean_data, enter_state, keep_events
from serve.jobs.tables import JobEventRow, JobRow
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.people.moments import now_utc
from serve.plain import make_plain

ATTEMPTS = 3
_MOST_WHY = 2_000


class Jobs:
    """The jobs of one database. Safe for as many processes at once as there are."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def submit(self, actor: Actor, *, kind: Kind, title: str, plan: Mapping[str, Any], why: str = "") -> Job:
        """Put a job at the end of the queue; see `submit_in`."""
        with self.database.sessions.begin() as session:
            return submit_in(session, actor, kind=kind, title=title, plan=plan, why=why)

    def find(self, job: str) -> Job:
        """One job. Raises NotFound."""
        with self.database.readings() as session:
            return load_job(_find(session, job))

    def list(
        self, *, kind: str = "", state: str = "", limit: int = 100, offset: int = 0
    ) -> tuple[tuple[Job, ...], int]:
        """The newest first, and how many there are in all."""
        wanted = [JobRow.kind == kind] if kind else []
        wanted += [JobRow.state == state] if state else []
        query = select(JobRow).where(*wanted).order_by(JobRow.number.desc()).limit(limit).offset(offset)
        with self.database.readings() as session:
            total = session.scalar(select(func.count()).select_from(JobRow).where(*wanted))
            return tuple(load_job(row) for row in session.scalars(query)), total or 0

    def count_ahead(self, job: Job) -> int:
        """How many jobs a queued one waits for: those that run, and those that were handed in before it."""
        if job.state != "queued":
            return 0
        ahead = (JobRow.state == "running") | ((JobRow.state == "queued") & (JobRow.number < job.number))
        with self.database.readings() as session:
            return session.scalar(select(func.count()).select_from(JobRow).where(ahead)) or 0

    def events(self, job: str, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        """What happened to a job since event `after`, oldest first. Raises NotFound."""
        with self.database.readings() as session:
            row = _find(session, job)
            query = (
                select(JobEventRow)
                .where(JobEventRow.job == row.number, JobEventRow.number > after)
                .order_by(JobEventRow.number)
                .limit(limit)
            )
            return tuple(load_event(one) for one in session.scalars(query))

    def cancel(self, job: str, actor: Actor, why: str = "") -> Job:
        """End a job for good: at once, or as soon as its worker has stopped it. Does nothing twice.

        Raises NotFound, Conflict where it has ended otherwise.
        """
        with self.database.sessions.begin() as session:
            row = _find(session, job, lock=True)
            if row.state == "cancelled" or row.wanted == "cancel":
                return load_job(row)
            if row.state in ("succeeded", "failed"):
                raise Conflict(f"This job has {row.state}; there is nothing to cancel.")
            if row.state == "running":
                row.wanted = "cancel"
                row.revision += 1
            else:
                enter_state(row, "cancelled")
            _tell(session, actor, row, "cancelled", why)
            return load_job(row)

    def pause(self, job: str, actor: Actor, why: str = "") -> Job:
        """Halt a job, to go on where it was later. Does nothing twice. Raises NotFound, Conflict."""
        with self.database.sessions.begin() as session:
            row = _find(session, job, lock=True)
            if row.state == "paused" or row.wanted == "pause":
                return load_job(row)
            if row.state == "running" and not row.wanted:
                row.wanted = "pause"
                row.revision += 1
            elif row.state == "queued":
                enter_state(row, "paused")
            else:
                said = "is being cancelled" if row.wanted else f"is {_WORDS[row.state]}"
                raise Conflict(f"This job {said}, and cannot be paused.")
            _tell(session, actor, row, "paused", why)
            return load_job(row)

    def resume(self, job: str, actor: Actor, why: str = "") -> Job:
        """Let a paused job go on, or try a failed one again; one that waits after a crash goes on at once.

        Does nothing twice. Raises NotFound, Conflict.
        """
        with self.database.sessions.begin() as session:
            row = _find(session, job, lock=True)
            if row.state == "running" and row.wanted == "pause":
                row.wanted = ""
                row.revision += 1
            elif row.state in ("paused", "failed") or (row.state == "queued" and row.still_seconds):
                enter_state(row, "queued")
                row.attempts = 0
            elif row.state in ("queued", "running") and not row.wanted:
                return load_job(row)
            else:
                said = "is being cancelled" if row.wanted else f"is {_WORDS[row.state]}"
                raise Conflict(f"This job {said}, and cannot go on.")
            _tell(session, actor, row, "resumed", why)
            return load_job(row)


_WORDS: Mapping[str, str] = {"succeeded": "done", "failed": "over: it failed", "cancelled": "cancelled"}


def submit_in(
    session: Session,
    actor: Actor,
    *,
    kind: Kind,
    title: str,
    plan: Mapping[str, Any],
    why: str = "",
    attempts: int = ATTEMPTS,
) -> Job:
    """Put a job at the end of the queue, in the transaction of what it belongs to.

    `plan` is what its handler is given, plain JSON; `attempts` is how often in a row it may break off without
    having come further.
    """
    row = JobRow(
        id=f"{kind}-{secrets.token_hex(8)}",
        kind=kind,
        title=make_plain(title)[:300],
        plan=clean_data(plan),
        state="queued",
        wanted="",
        revision=1,
        fence=0,
        still_seconds=0.0,
        worker="",
        attempts=0,
        most_attempts=attempts,
        furthest=0.0,
        progress={},
        heard=0,
        result=None,
        problem="",
        created=now_utc(),
        started=None,
        finished=None,
        created_by=make_plain(actor.name)[:200],
        why=make_plain(why)[:_MOST_WHY],
    )
    session.add(row)
    session.flush()
    _tell(session, actor, row, "submitted", why)
    return load_job(row)


def _find(session: Session, job: str, *, lock: bool = False) -> JobRow:
    query = select(JobRow).where(JobRow.id == make_plain(job)[:40])
    row = session.scalars(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {ascii(job)[1:-1][:60]}.")
    return row


def _tell(session: Session, actor: Actor, row: JobRow, what: str, why: str) -> None:
    """In the job's own events and in the audit log."""
    who = make_plain(actor.name)[:200] or actor.role.value
    said = f"{what} by {who}" + (f": {why}" if why else "")
    keep_events(session, row, [Event("info", what, said)])
    audit(session, actor, what, f"job {row.id}", why)
