"""The queue on both databases: who gets a job, what staff may do to it, and that an old token writes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import Conflict, NotFound
from serve.jobs.claims import Claims, News
from serve.jobs.errors import LeaseLost, Stopped
from serve.jobs.job import Event, Job
from serve.jobs.queue import Jobs, submit_in
from serve.jobs.stillness import Stillness
from serve.people.audit import read_audit
from serve.tables import Base
from tests.serve.job_parts import BEN, JOB_TABLES, make_claims, publish, read_published, submit, take

SHORT = 0.3
"""A lease that tests can wait for."""


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in JOB_TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {
            tuple(index["column_names"]) for index in inspector.get_indexes(table) if not index["unique"]
        }
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_a_job_from_its_submission_to_its_end(database: Database, jobs: Jobs) -> None:
    submitted = submit(jobs, dataset="letters--v1", rate=1e-4)
    assert (submitted.state, submitted.attempts, submitted.created_by, submitted.why) == (
        "queued",
        0,
        "ben",
        "to see",
    )
    assert submitted.id.startswith("evaluate-")
    claims = make_claims(database)
    held = take(claims)
    assert (held.id, held.state, held.fence, held.attempts, held.worker) == (
        submitted.id,
        "running",
        1,
        1,
        "one",
    )
    assert held.plan == {"dataset": "letters--v1", "rate": 1e-4}
    assert make_claims(database, "two").claim() is None
    said = Event("info", "metrics", "step 1", {"loss": 2.5})
    assert claims.renew(held, News({"done": 0.25, "seconds_left": 30.0}, from_run=(said,), heard=40)) == ""
    running = jobs.find(held.id)
    assert (running.progress, running.heard) == ({"done": 0.25, "seconds_left": 30.0}, 40)
    done = claims.finish(held, {"score": 0.8}, publish(held, "one"))
    assert (done.state, done.result, done.problem) == ("succeeded", {"score": 0.8}, "")
    assert done.finished is not None and done.started is not None and done.started <= done.finished
    assert read_published(database) == {held.id: "one"}
    events = jobs.events(held.id)
    assert [event.type for event in events] == ["submitted", "claimed", "metrics", "succeeded"]
    assert (events[2].message, events[2].data) == ("step 1", {"loss": 2.5})
    assert [event.type for event in jobs.events(held.id, after=events[1].number)] == ["metrics", "succeeded"]
    assert [event.type for event in jobs.events(held.id, limit=1)] == ["submitted"]
    assert claims.claim() is None


def test_the_oldest_job_comes_first_and_lists_show_the_newest(database: Database, jobs: Jobs) -> None:
    first, second, third = submit(jobs), submit(jobs, "train"), submit(jobs)
    assert [jobs.count_ahead(job) for job in (first, second, third)] == [0, 1, 2]
    assert take(make_claims(database)).id == first.id
    assert [jobs.count_ahead(jobs.find(job.id)) for job in (first, second, third)] == [0, 1, 2]
    found, total = jobs.list(limit=2)
    assert ([job.id for job in found], total) == ([third.id, second.id], 3)
    found, total = jobs.list(limit=2, offset=2)
    assert ([job.id for job in found], total) == ([first.id], 3)
    assert [job.id for job in jobs.list(kind="train")[0]] == [second.id]
    assert [job.id for job in jobs.list(state="running")[0]] == [first.id]


def test_a_worker_takes_only_kinds_that_it_knows(database: Database, jobs: Jobs) -> None:
    jobs.submit(BEN, kind="compare", title="", plan={})
    assert make_claims(database).claim() is None
    assert Claims(database, [], worker="idle").claim() is None
    assert Claims(database, ["compare"], worker="able").claim() is not None


def test_a_job_belongs_to_the_transaction_that_it_is_submitted_in(database: Database, jobs: Jobs) -> None:
    with database.sessions() as session:
        submit_in(session, BEN, kind="train", title="", plan={})
        session.rollback()
    assert jobs.list() == ((), 0)


def test_a_silent_workers_job_is_taken_over_and_it_publishes_nothing(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    stale, fresh = make_claims(database, "stale", SHORT), make_claims(database, "fresh", SHORT)
    old = take(stale)
    assert fresh.claim() is None  # sees it for the first time
    time.sleep(SHORT + 0.05)
    new = take(fresh)
    assert (new.id, new.fence, new.attempts, new.worker) == (job.id, 2, 2, "fresh")
    said = Event("info", "metrics", "late")
    late: list[Callable[[], object]] = [
        lambda: stale.renew(old, News({"done": 1.0}, (said,), (said,), 0, 99)),
        lambda: stale.finish(old, {"by": "stale"}, publish(old, "stale")),
        lambda: stale.release(old),
        lambda: stale.fail(old, "late", again=False),
    ]
    for write in late:
        with pytest.raises(LeaseLost):
            write()
    unchanged = jobs.find(job.id)
    assert (unchanged.state, unchanged.progress, unchanged.heard, unchanged.result) == (
        "running",
        {},
        0,
        None,
    )
    fresh.finish(new, {"by": "fresh"}, publish(new, "fresh"))
    for write in late:
        with pytest.raises(LeaseLost):
            write()
    assert read_published(database) == {job.id: "fresh"}
    assert jobs.find(job.id).result == {"by": "fresh"}
    told = [(event.type, event.message) for event in jobs.events(job.id)]
    assert ("worker lost", "its worker stale has been silent for 0.3 s") in told
    assert "late" not in [message for _, message in told]


def test_a_worker_that_renews_keeps_its_job(database: Database, jobs: Jobs) -> None:
    submit(jobs)
    holder, other = make_claims(database, "holder", SHORT), make_claims(database, "other", SHORT)
    held = take(holder)
    for _ in range(8):
        assert other.claim() is None
        time.sleep(SHORT / 3)
        holder.renew(held)
    time.sleep(SHORT + 0.05)
    assert other.claim() is None  # the last renewal is new to it, however long ago it was
    time.sleep(SHORT + 0.05)
    assert take(other).fence == 2


def test_what_stands_still_is_counted_by_what_was_seen_alone() -> None:
    stillness = Stillness()
    assert stillness.observe({1: 5}, stillness.now() - 100) == {1: 0.0}  # a reading may have begun long ago
    time.sleep(0.05)
    assert stillness.observe({1: 5}, stillness.now())[1] >= 0.05
    assert stillness.observe({1: 6}, stillness.now() + 100)[1] >= 99  # counted from when 6 was seen
    assert stillness.observe({}, stillness.now()) == {}
    assert stillness.observe({1: 6}, stillness.now()) == {1: 0.0}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_holder_that_sleeps_within_its_transaction_does_not_keep_the_row(
    database: Database, jobs: Jobs
) -> None:
    job = submit(jobs)
    sleeper, next_one = make_claims(database, "sleeper", SHORT), make_claims(database, "next", SHORT)
    held = take(sleeper)
    with pytest.raises(InternalError, match="idle-in-transaction"):
        sleeper.finish(held, {}, lambda _session: time.sleep(SHORT + 2))
    assert next_one.claim() is None
    time.sleep(SHORT + 0.05)
    assert take(next_one).id == job.id
    with pytest.raises(LeaseLost):
        sleeper.finish(held, {})


def test_what_publishes_and_the_result_are_written_both_or_neither(database: Database, jobs: Jobs) -> None:
    submit(jobs)
    claims = make_claims(database)
    held = take(claims)

    def break_off(session: Session) -> None:
        publish(held, "one")(session)
        raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="the disk is full"):
        claims.finish(held, {}, break_off)
    assert read_published(database) == {}
    assert jobs.find(held.id).state == "running"
    claims.finish(held, {}, publish(held, "one"))
    assert read_published(database) == {held.id: "one"}


def test_what_broke_off_waits_longer_each_time_and_fails_in_the_end(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    assert claims.fail(take(claims), "The disk was full.", again=True).state == "queued"
    assert claims.claim() is None  # 10 s have to pass
    assert jobs.events(job.id)[-1].message == "The disk was full. It is tried again in 10 s."
    jobs.resume(job.id, BEN)  # staff can let it go on at once
    assert jobs.find(job.id).attempts == 0
    waits = []
    with database.sessions.begin() as session:
        session.connection().exec_driver_sql("UPDATE job SET attempts = 0")
    for _ in range(3):
        failed = claims.fail(take(claims), "The disk was full.", again=True)
        waits.append(jobs.events(job.id)[-1].message)
        with database.sessions.begin() as session:
            session.connection().exec_driver_sql("UPDATE job SET still_seconds = 0")
    assert [wait.rpartition(" in ")[2] for wait in waits[:2]] == ["10 s.", "60 s."]
    assert (failed.state, failed.problem, waits[2]) == ("failed", "The disk was full.", "The disk was full.")
    assert claims.claim() is None
    assert jobs.resume(job.id, BEN, "space was made").state == "queued"
    assert take(claims).attempts == 1


def test_what_cannot_go_well_is_not_tried_again(database: Database, jobs: Jobs) -> None:
    submit(jobs)
    claims = make_claims(database)
    failed = claims.fail(take(claims), "The dataset is empty.", again=False)
    assert (failed.state, failed.attempts, failed.problem) == ("failed", 1, "The dataset is empty.")


def test_a_job_that_kills_its_workers_is_given_up_unless_it_comes_further(
    database: Database, jobs: Jobs
) -> None:
    job = submit(jobs)

    def die(number: int, done: float | None) -> Job:
        claims = make_claims(database, f"w{number}", 0.0)  # a lease that is over at once
        held = take(claims)
        claims.renew(held, News({"done": done} if done is not None else None))
        return held

    # Each comes further than all before it: that may go on for as long as it likes.
    assert [die(number, number / 10).attempts for number in range(1, 6)] == [1, 2, 2, 2, 2]
    # From here on none does: the same stretch again, and no step beyond.
    assert [die(number, 0.5).attempts for number in (6, 7)] == [2, 3]
    assert make_claims(database).claim() is None
    given_up = jobs.find(job.id)
    assert (given_up.state, given_up.problem) == ("failed", "Its worker died 3 times.")


def test_what_a_run_said_is_kept_once_however_often_it_is_handed_over(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    first = News(from_run=(Event("info", "metrics", "a"), Event("info", "metrics", "b")), since=0, heard=20)
    for _ in range(2):
        claims.renew(held, first)
    claims.renew(held, News(from_run=(Event("warn", "message", "c"),), since=20, heard=30))
    told = [
        (event.level, event.message) for event in jobs.events(job.id) if event.type in ("metrics", "message")
    ]
    assert told == [("info", "a"), ("info", "b"), ("warn", "c")]
    assert jobs.find(job.id).heard == 30


def test_a_plan_and_a_result_are_kept_whole(database: Database, jobs: Jobs) -> None:
    plan = {
        "withdrawn": [f"p{number}" for number in range(5_000)],
        "note": "x" * 50_000 + "\n\tend",
        "n": {"m": [[1]]},
    }
    job = submit(jobs, **plan)  # type: ignore[arg-type]
    claims = make_claims(database)
    held = take(claims)
    assert (held.plan, jobs.find(job.id).plan) == (plan, plan)
    assert claims.finish(held, plan).result == plan


def test_hostile_and_odd_values_are_kept_harmless(database: Database, jobs: Jobs) -> None:
    job = jobs.submit(BEN, kind="evaluate", title="a\0b\u202ec", plan={"rate": float("nan"), "t": (1, "x\0")})
    assert (job.title, job.plan) == ("abc", {"rate": None, "t": [1, "x"]})
    claims = make_claims(database)
    held = take(claims)
    deep: dict[str, object] = {}
    deep["me"] = deep
    event = Event("info", "m\x1b" * 30, "x\0" * 5_000, {"loss": float("inf"), "deep": deep})
    claims.renew(held, News({"done": float("nan"), "lr\0": -float("inf")}, own=(event,)))
    kept = jobs.events(job.id)[-1]
    assert (kept.type, len(kept.message), kept.data["loss"]) == ("m" * 20, 2_000, None)
    found = jobs.find(job.id)
    assert (found.progress, found.attempts) == ({"done": None, "lr": None}, 1)


# What staff may do.


def test_a_waiting_job_is_paused_resumed_and_cancelled_at_once(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    for _ in range(2):
        assert jobs.pause(job.id, BEN, "later").state == "paused"
    assert claims.claim() is None
    for _ in range(2):
        assert jobs.resume(job.id, BEN).state == "queued"
    for _ in range(2):
        assert jobs.cancel(job.id, BEN, "no need").state == "cancelled"
    assert claims.claim() is None
    told = [(event.type, event.message) for event in jobs.events(job.id)]
    assert told == [
        ("submitted", "submitted by ben: to see"),
        ("paused", "paused by ben: later"),
        ("resumed", "resumed by ben"),
        ("cancelled", "cancelled by ben: no need"),
    ]
    entries = read_audit(database, subject=f"job {job.id}")
    assert [(entry.what, entry.who, entry.why) for entry in reversed(entries)] == [
        ("submitted", "ben", "to see"),
        ("paused", "ben", "later"),
        ("resumed", "ben", ""),
        ("cancelled", "ben", "no need"),
    ]


def test_a_running_job_is_paused_once_its_worker_has_stopped_it(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    asked = jobs.pause(job.id, BEN)
    assert (asked.state, asked.wanted) == ("running", "pause")
    assert claims.renew(held) == "pause"
    paused = claims.release(held)
    assert (paused.state, paused.wanted, paused.attempts) == ("paused", "", 0)
    jobs.resume(job.id, BEN)
    again = take(claims)
    assert (again.id, again.fence, again.attempts) == (job.id, 2, 1)


def test_a_pause_that_is_taken_back_in_time_changes_nothing(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    jobs.pause(job.id, BEN)
    assert jobs.resume(job.id, BEN).wanted == ""
    assert claims.renew(held) == ""
    assert claims.release(held).state == "queued"  # it had stopped already: it goes on at once
    assert take(claims).fence == 2


def test_a_cancelled_job_publishes_nothing_even_when_it_is_done(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    jobs.pause(job.id, BEN)
    assert jobs.cancel(job.id, BEN).wanted == "cancel"  # the stronger wish wins
    with pytest.raises(Stopped, match="cancel"):
        claims.finish(held, {}, publish(held, "one"))
    assert read_published(database) == {}
    assert claims.release(held).state == "cancelled"


def test_a_job_done_before_its_pause_is_done(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    jobs.pause(job.id, BEN)
    assert claims.finish(held, {"n": 1}).state == "succeeded"
    assert jobs.find(job.id).wanted == ""


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_what_staff_wanted_of_a_dead_worker_is_done_by_the_next(
    database: Database, jobs: Jobs, wish: str, state: str
) -> None:
    job = submit(jobs)
    take(make_claims(database, "dead", 0.0))
    getattr(jobs, wish)(job.id, BEN)
    assert make_claims(database, "next").claim() is None
    assert jobs.find(job.id).state == state


def test_a_crash_does_not_undo_what_staff_wanted(database: Database, jobs: Jobs) -> None:
    job = submit(jobs)
    claims = make_claims(database)
    held = take(claims)
    jobs.cancel(job.id, BEN)
    assert claims.fail(held, "killed", again=True).state == "cancelled"


def bring_to(database: Database, jobs: Jobs, state: str) -> Job:
    job = submit(jobs)
    claims = make_claims(database)
    if state in ("queued", "paused", "cancelled"):
        if state != "queued":
            getattr(jobs, {"paused": "pause", "cancelled": "cancel"}[state])(job.id, BEN)
        return jobs.find(job.id)
    held = take(claims)
    if state == "succeeded":
        claims.finish(held, {})
    elif state == "failed":
        claims.fail(held, "no", again=False)
    elif state == "cancelling":
        jobs.cancel(held.id, BEN)
    return jobs.find(held.id)  # the oldest that was waiting, which need not be the one submitted now


@pytest.mark.parametrize(
    ("action", "states"),
    [
        ("cancel", ("succeeded", "failed")),
        ("pause", ("succeeded", "failed", "cancelled", "cancelling")),
        ("resume", ("succeeded", "cancelled", "cancelling")),
    ],
)
def test_what_a_state_does_not_allow_is_a_conflict(
    database: Database, jobs: Jobs, action: str, states: tuple[str, ...]
) -> None:
    for state in ("queued", "running", "paused", "succeeded", "failed", "cancelled", "cancelling"):
        job = bring_to(database, jobs, state)
        if state in states:
            with pytest.raises(Conflict, match=r"^This job "):
                getattr(jobs, action)(job.id, BEN)
            assert jobs.find(job.id) == job
        else:
            getattr(jobs, action)(job.id, BEN)


def test_an_unknown_job_is_not_found(jobs: Jobs) -> None:
    for name in ("train-none", "", "x" * 500, "a\0b", "\u202e"):
        for ask in (jobs.find, jobs.events):
            with pytest.raises(NotFound, match="There is no job"):
                ask(name)
        for change in (jobs.cancel, jobs.pause, jobs.resume):
            with pytest.raises(NotFound, match="There is no job"):
                change(name, BEN)
