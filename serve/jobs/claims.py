"""A worker's side of the queue: claim a job, keep it, and write down how it went.

**Time.** No clock of any machine decides who has a job: clocks are set, and jump. A holder shows that it
lives by raising the row's `revision`; whoever wants the job must have seen the same revision stand still for
`still_seconds` of its own monotonic clock (as DynamoDB's lock client does). A holder counts on its own
monotonic clock too, and gives up sooner than anybody else can take over (`serve.jobs.lease`). The price: a
new worker waits one lease before it takes a dead one's job.

**Fencing.** That is a matter of not working twice; what keeps the house in order is the token. Each claim
raises `fence`, and whatever a holder writes is written in a transaction that has found its token still in
the row and has locked it. A worker that slept through its lease can publish nothing. One that falls asleep
within such a transaction keeps the row locked: PostgreSQL ends it after the lease; with SQLite it keeps
everybody from writing, and has to be ended by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from serve.database import Database
from serve.jobs.errors import LeaseLost, Stopped
from serve.jobs.job import Event, Job, Wish, load_job
from serve.jobs.keeping import clean_data, clip_data, count_room, enter_state, keep_events
from serve.jobs.stillness import Stillness
from serve.jobs.tables import JobRow
from serve.people.moments import now_utc

LEASE_SECONDS = 60.0
"""Long enough for a machine that swaps, and for SQLite to be busy (`serve.database.BUSY_SECONDS`)."""
_FIRST_PAUSE, _PAUSE_FACTOR, _LONGEST_PAUSE = 10.0, 6.0, 600.0

Publish = Callable[[Session], None]


@dataclass(frozen=True, slots=True)
class News:
    """What a run has said since it was last written down.

    `from_run` are events that stand in the run's own file between its bytes `since` and `heard`; `own` are
    others. `progress` None: nothing new.
    """

    progress: Mapping[str, Any] | None = None
    own: tuple[Event, ...] = ()
    from_run: tuple[Event, ...] = ()
    since: int = 0
    heard: int = 0

    def __bool__(self) -> bool:
        return self.progress is not None or bool(self.own) or self.heard != self.since


NO_NEWS = News()


class Claims:
    """The jobs of some kinds, for one worker, `worker`, which may be silent for `lease_seconds`."""

    def __init__(
        self,
        database: Database,
        kinds: Collection[str],
        *,
        worker: str,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.lease_seconds = lease_seconds
        self._database = database
        self._kinds = tuple(kinds)
        self._worker = worker[:200]
        self._stillness = Stillness()

    def claim(self) -> Job | None:
        """Take the oldest job that is free, or whose worker was silent for its lease; None: there is none.

        Waits for nobody: a row that somebody else is changing is passed by.
        """
        for number, revision in self._find_free():
            with self._database.sessions.begin() as session:
                self._bound(session)
                row = session.scalars(
                    select(JobRow)
                    .where(JobRow.number == number, JobRow.revision == revision)
                    .with_for_update(skip_locked=True)
                ).one_or_none()
                if row is not None and self._take(session, row):
                    return load_job(row)
        return None

    def renew(self, job: Job, news: News = NO_NEWS) -> Wish:
        """Show that the holder lives, and write its news down; gives what staff want. Raises LeaseLost."""
        with self._database.sessions.begin() as session:
            row = self._find_held(session, job)
            _hear(session, row, news)
            row.revision += 1
            return load_job(row).wanted

    def finish(
        self, job: Job, result: Mapping[str, Any], publish: Publish | None = None, news: News = NO_NEWS
    ) -> Job:
        """Write the result; `publish` writes what comes of it in the same transaction: both or neither.

        Raises LeaseLost, and Stopped where staff have asked for the end of the job: then nothing is written.
        """
        with self._database.sessions.begin() as session:
            row = self._find_held(session, job)
            if row.wanted == "cancel":
                raise Stopped("cancel")
            _hear(session, row, news)
            if publish:
                publish(session)
            row.result = clean_data(result)
            enter_state(row, "succeeded")
            keep_events(session, row, [Event("info", "succeeded", "done")])
            session.flush()
            return load_job(row)

    def release(self, job: Job, news: News = NO_NEWS) -> Job:
        """Let go of a job that was stopped in order: cancelled or paused as staff wanted, else free again."""
        with self._database.sessions.begin() as session:
            row = self._find_held(session, job)
            _hear(session, row, news)
            row.attempts = max(0, row.attempts - 1)
            if not _settle_wish(session, row):
                _free(session, row)
            return load_job(row)

    def fail(self, job: Job, problem: str, news: News = NO_NEWS, *, again: bool) -> Job:
        """Write down why the work broke off. `again`: it is tried again after a pause, if it may be."""
        with self._database.sessions.begin() as session:
            row = self._find_held(session, job)
            _hear(session, row, news)
            if not _settle_wish(session, row):
                _give_up_or_wait(session, row, problem, again=again)
            return load_job(row)

    def _find_held(self, session: Session, job: Job) -> JobRow:
        """The row of a job, locked, if the token is still in it. Raises LeaseLost."""
        self._bound(session)
        row = session.scalars(
            select(JobRow)
            .where(JobRow.number == job.number, JobRow.fence == job.fence, JobRow.state == "running")
            .with_for_update()
        ).one_or_none()
        if row is None:
            raise LeaseLost(f"{job.id} is no longer this worker's.")
        return row

    def _bound(self, session: Session) -> None:
        """Have PostgreSQL end this transaction where nothing comes of it for a lease: its worker sleeps."""
        if session.get_bind().dialect.name == "postgresql":
            patience = f"{self.lease_seconds + 1:.0f}s"
            session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{patience}'"))

    def _find_free(self) -> list[tuple[int, int]]:
        """Number and revision of the jobs that may be taken now, oldest first. Only reads."""
        query = (
            select(JobRow.number, JobRow.revision, JobRow.still_seconds)
            .where(JobRow.state.in_(("queued", "running")), JobRow.kind.in_(self._kinds))
            .order_by(JobRow.number)
        )
        before = self._stillness.now()
        with self._database.readings() as session:
            rows = [(row.number, row.revision, row.still_seconds) for row in session.execute(query)]
        still = self._stillness.observe({number: revision for number, revision, _ in rows}, before)
        return [(number, revision) for number, revision, needed in rows if still[number] >= needed]

    def _take(self, session: Session, row: JobRow) -> bool:
        """Make the row ours; False where it only had to be brought to its end."""
        dead = row.state == "running"
        if dead:
            said = f"its worker {row.worker} has been silent for {row.still_seconds:g} s"
            keep_events(session, row, [Event("warn", "worker lost", said)])
            if _settle_wish(session, row):
                return False
            if row.attempts >= row.most_attempts:
                _give_up_or_wait(session, row, f"Its worker died {row.attempts} times.", again=False)
                return False
        row.state = "running"
        row.worker = self._worker
        row.fence += 1
        row.attempts += 1
        row.revision += 1
        row.still_seconds = self.lease_seconds
        row.started = row.started or now_utc()
        keep_events(session, row, [Event("info", "claimed", f"taken by {self._worker}")])
        return True


def _hear(session: Session, row: JobRow, news: News) -> None:
    """Write news down. What a run said is written once, however often it is handed over."""
    if news.progress is not None:
        row.progress = clip_data(news.progress)
        done = row.progress.get("done")
        if isinstance(done, int | float) and done > row.furthest:
            row.furthest = float(done)
            row.attempts = 1
    keep_events(session, row, news.own)
    if news.heard != news.since and row.heard == news.since:
        keep_events(session, row, news.from_run[: count_room(session, row)])
        row.heard = news.heard


def _settle_wish(session: Session, row: JobRow) -> bool:
    """Bring a job that nobody works on where staff wanted it; False where they wanted nothing."""
    if row.wanted == "cancel":
        enter_state(row, "cancelled")
        keep_events(session, row, [Event("info", "stopped", "the work has stopped")])
    elif row.wanted == "pause":
        enter_state(row, "paused")
        keep_events(session, row, [Event("info", "stopped", "the work has stopped")])
    else:
        return False
    return True


def _free(session: Session, row: JobRow) -> None:
    enter_state(row, "queued")
    keep_events(session, row, [Event("info", "released", f"given back by {row.worker}")])


def _give_up_or_wait(session: Session, row: JobRow, problem: str, *, again: bool) -> None:
    """Fail, or wait longer each time before the next attempt."""
    if not again or row.attempts >= row.most_attempts:
        enter_state(row, "failed", problem=problem)
        keep_events(session, row, [Event("error", "failed", problem)])
        return
    pause = min(_FIRST_PAUSE * _PAUSE_FACTOR ** max(0, row.attempts - 1), _LONGEST_PAUSE)
    enter_state(row, "queued", still_seconds=pause, problem=problem)
    keep_events(session, row, [Event("warn", "broke off", f"{problem} It is tried again in {pause:.0f} s.")])
