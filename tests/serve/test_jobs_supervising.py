"""Runs as processes of their own: how their ends are read, that they are stopped, and that none is ever left."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serve.database import Database
from serve.jobs.errors import JobCrashed, JobRefused, LeaseLost, Stopped
from serve.jobs.job import Job
from serve.jobs.lease import Lease
from serve.jobs.queue import Jobs
from serve.jobs.run_events import RunEvents
from serve.jobs.supervising import supervise
from tests.serve.job_parts import (
    BEN,
    LONG_LEASE,
    RUN,
    freeze,
    make_claims,
    processes_of,
    read_published,
    submit,
    take,
    wait_until,
    worker_process,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """SQLite alone: what is tried here are processes, not databases."""
    database = Database(f"sqlite:///{tmp_path / 'room.sqlite'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'room.sqlite'}"


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


@contextmanager
def holding(database: Database) -> Iterator[Lease]:
    claims = make_claims(database, lease_seconds=LONG_LEASE)
    since = time.monotonic()
    with Lease(claims, take(claims), threading.Event(), since) as lease:
        yield lease


def script(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


ENDS = {
    "done": ("pass", None, ""),
    "refused": ("import sys; print('seen', flush=True); "
                "print('dataset: expected 50 pairs, found 3.', file=sys.stderr); sys.exit(2)",
                JobRefused, "dataset: expected 50 pairs, found 3."),
    "silent": ("import sys; sys.exit(2)", JobRefused, "The run was refused and did not say why."),
    "paused": ("import sys; sys.exit(75)", JobCrashed, "The run was told to stop by somebody else."),
    "broken": ("raise ValueError('loss is nan')", JobCrashed, "The run ended with code 1: ValueError: loss is nan"),
    "killed": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", JobCrashed,
               "The run was killed; most often the machine had no memory left for it."),
    "faulty": ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", JobCrashed,
               "The run ended with code 139: it said nothing"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDS)
def test_how_a_run_ended_is_read_from_its_exit(
    database: Database, jobs: Jobs, tmp_path: Path, name: str
) -> None:
    code, error, said = ENDS[name]
    job = submit(jobs)
    with holding(database) as lease:
        if error is None:
            supervise(script(code), tmp_path / "run", lease)
        else:
            with pytest.raises(error) as raised:
                supervise(script(code), tmp_path / "run", lease)
            assert str(raised.value) == said
    assert processes_of(job) == []


def test_a_program_that_is_not_there_is_a_crash(database: Database, jobs: Jobs, tmp_path: Path) -> None:
    submit(jobs)
    with holding(database) as lease, pytest.raises(JobCrashed, match="The run ended with code"):
        supervise([str(tmp_path / "nothing")], tmp_path / "run", lease)


def test_a_run_is_nice_and_in_a_session_of_its_own(database: Database, jobs: Jobs, tmp_path: Path) -> None:
    submit(jobs)
    code = "import os; print(os.nice(0), os.getsid(0), os.environ['HF_HUB_OFFLINE'], os.environ['READING_ROOM_JOB'])"
    with holding(database) as lease:
        supervise(script(code), tmp_path / "run", lease)
        nice, session, offline, mark = (tmp_path / "run" / "output.log").read_text().split()
        assert int(nice) == min(19, os.nice(0) + 10)
        assert int(session) != os.getsid(0)
        assert (offline, mark) == ("1", f"{lease.job.id}/1")


def test_a_run_that_hangs_is_ended(database: Database, jobs: Jobs, tmp_path: Path) -> None:
    job = submit(jobs)
    with holding(database) as lease, pytest.raises(JobCrashed) as raised:
        supervise(script("import time; time.sleep(600)"), tmp_path / "run", lease, idle_seconds=3.0)
    assert str(raised.value) == "The run did nothing for 0 minutes, and was ended."
    assert processes_of(job) == []


@pytest.mark.parametrize("work", ["sum(range(1000))", "print('{}', file=log, flush=True); time.sleep(0.2)"])
def test_a_run_that_reckons_or_speaks_does_not_hang(
    database: Database, jobs: Jobs, tmp_path: Path, work: str
) -> None:
    code = (
        f"import time; log = open({str(tmp_path / 'run' / 'events.jsonl')!r}, 'a'); end = time.time() + 6\n"
        f"while time.time() < end: {work}"
    )
    submit(jobs)
    with holding(database) as lease:
        supervise(script(code), tmp_path / "run", lease, idle_seconds=3.0)


def test_what_a_run_says_is_kept_with_the_job(database: Database, jobs: Jobs, tmp_path: Path) -> None:
    job = submit(jobs)
    lines = [
        {
            "at": "2026-11-21T10:00:00+00:00",
            "level": "info",
            "type": "metrics",
            "message": "",
            "data": {"loss": 2.5},
        },
        {"level": "warning", "type": "message", "message": "train falls and dev rises"},
        {"type": "progress", "data": {"done": 0.5, "seconds_left": 12.5}},
        ["no event"],
        {"type": "metrics", "data": {"loss": float("nan")}},
        {"type": "progress", "data": {"done": 1.0}},
    ]
    folder = tmp_path / "run"
    folder.mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines) + "{torn"
    code = f"open({str(folder / 'events.jsonl')!r}, 'a').write({text!r})"
    claims = make_claims(database)
    held = take(claims)
    with Lease(claims, held, threading.Event(), time.monotonic()) as lease:
        supervise(script(code), folder, lease)
        lease.fail("for now", again=True)
    found = jobs.find(job.id)
    assert (found.progress, found.heard) == ({"done": 1.0}, len(text.encode()) - len("{torn"))
    told = [(event.level, event.type, event.message, event.data) for event in jobs.events(job.id)][2:5]
    assert told == [
        ("info", "metrics", "", {"loss": 2.5}),
        ("warn", "message", "train falls and dev rises", {}),
        ("info", "metrics", "", {"loss": None}),
    ]
    assert jobs.events(job.id)[2].at.isoformat() == "2026-11-21T10:00:00+00:00"


def test_events_are_read_in_whole_lines_and_from_where_one_was(tmp_path: Path) -> None:
    events = RunEvents(tmp_path, 0)
    assert (events.read(), events.heard) == ([], 0)
    file = tmp_path / "events.jsonl"
    file.write_text('{"message": "one"}\n{"mess')
    assert [event.message for event in events.read()] == ["one"]
    with file.open("a") as stream:
        stream.write('age": "two"}\n\n"x"\n\xff\n')
    assert [event.message for event in events.read()] == ["two"]
    assert events.read() == []
    after = RunEvents(tmp_path, events.heard)
    assert after.read() == []
    assert [event.message for event in RunEvents(tmp_path, 19).read()] == ["two"]
    assert [event.message for event in RunEvents(tmp_path, 10_000).read()] == ["one", "two"]  # written anew
    file.write_text("x" * 2_500_000 + '\n{"message": "after"}\n')
    long = RunEvents(tmp_path, 0)
    assert [event.message for _ in range(4) for event in long.read()] == ["after"]


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleep = [sys.executable, "-S", "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"]
subprocess.Popen(sleep)
subprocess.Popen(sleep, start_new_session=True)
print("up", flush=True)
time.sleep(600)
"""
"""Heeds no SIGTERM, and has children, one of them in a session of its own."""


def is_up(folder: Path) -> bool:
    log = folder / "output.log"
    return log.exists() and "up" in log.read_text()


@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_a_run_that_heeds_nothing_is_killed_with_all_its_children(
    database: Database, jobs: Jobs, tmp_path: Path, wish: str
) -> None:
    job = submit(jobs)
    folder = tmp_path / "run"

    def ask() -> None:
        wait_until(lambda: is_up(folder) and len(processes_of(job)) == 4)
        getattr(jobs, wish)(job.id, BEN)

    asking = threading.Thread(target=ask)
    asking.start()
    with holding(database) as lease:
        with pytest.raises(Stopped, match=wish):
            supervise(script(STUBBORN), folder, lease, grace_seconds=0.5)
        assert processes_of(job) == []
        lease.release()
    asking.join()
    assert jobs.find(job.id).state == {"pause": "paused", "cancel": "cancelled"}[wish]


def test_a_run_whose_lease_is_lost_is_ended(database: Database, jobs: Jobs, tmp_path: Path) -> None:
    """Somebody else has the job: the stale holder's run goes, and its worker with nothing written."""
    job = submit(jobs, "train", steps=10_000)
    stopping = threading.Event()
    folder = tmp_path / job.id

    def take_away() -> None:
        wait_until(lambda: (folder / "steps").exists())
        with database.sessions.begin() as session:
            session.connection().exec_driver_sql("UPDATE job SET fence = fence + 1")

    taking = threading.Thread(target=take_away)
    taking.start()
    claims = make_claims(database, lease_seconds=6.0)
    with Lease(claims, take(claims), stopping, time.monotonic()) as lease, pytest.raises(LeaseLost):
        supervise([sys.executable, "-c", RUN, str(folder), "10000"], folder, lease, grace_seconds=5)
    taking.join()
    assert processes_of(job) == []
    assert jobs.find(job.id).state == "running"  # whoever has it now goes on


def read_steps(folder: Path, job: Job) -> list[int]:
    path = folder / job.id / "steps"
    return [int(step) for step in path.read_text().split()] if path.exists() else []


def reached(folder: Path, job: Job, step: int) -> Callable[[], bool]:
    return lambda: len(read_steps(folder, job)) >= step


def check_done(database: Database, jobs: Jobs, folder: Path, job: Job, steps: int) -> None:
    """Every step was done once, told once, and published once; no process is left."""
    done = jobs.find(job.id)
    assert (done.state, done.problem) == ("succeeded", "")
    assert done.result is not None and done.result["steps"] == steps
    assert done.progress == {"done": 1.0, "step": steps}
    assert read_steps(folder, job) == list(range(1, steps + 1))
    told = [event.data["step"] for event in jobs.events(job.id, limit=10_000) if event.type == "metrics"]
    assert told == list(range(1, steps + 1))
    assert list(read_published(database)) == [job.id]
    assert processes_of(job) == []


def test_a_run_whose_workers_are_killed_goes_on_where_it_was(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    job = submit(jobs, "train", steps=60)
    for step in (3, 12, 25):
        with worker_process(url, f"killed at {step}", tmp_path) as worker:
            wait_until(reached(tmp_path, job, step))
            worker.kill()
            worker.wait()
        wait_until(lambda: processes_of(job) == [])  # the guard has ended the run: nobody else was left to
    with worker_process(url, "last", tmp_path, LONG_LEASE):
        wait_until(lambda: jobs.find(job.id).state in ("succeeded", "failed"))
    check_done(database, jobs, tmp_path, job, 60)


def test_a_run_whose_worker_and_guard_are_killed_leaves_nothing(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    job = submit(jobs, "train", steps=40)
    with worker_process(url, "killed", tmp_path, 1.0) as worker:
        wait_until(reached(tmp_path, job, 3))
        worker.kill()
        for pid in processes_of(job):
            if os.getsid(pid) == pid:
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: processes_of(job) == [])
    with worker_process(url, "last", tmp_path, LONG_LEASE):
        wait_until(lambda: jobs.find(job.id).state in ("succeeded", "failed"))
    check_done(database, jobs, tmp_path, job, 40)


def test_a_frozen_workers_run_is_ended_before_the_next_one_begins(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    """The run itself fails if another is in its folder; so this ends well only if there is never a second."""
    job = submit(jobs, "train", attempts=100, steps=100_000)
    with worker_process(url, "frozen", tmp_path, 1.0) as frozen:
        wait_until(reached(tmp_path, job, 5))
        freeze(frozen, database)
        with worker_process(url, "fresh", tmp_path, LONG_LEASE):
            wait_until(lambda: "processes of an earlier attempt" in read_messages(jobs, job))
            assert jobs.find(job.id).worker == "fresh"
            at = len(read_steps(tmp_path, job))
            wait_until(reached(tmp_path, job, at + 3))  # while the first one is frozen still
            frozen.send_signal(signal.SIGCONT)
            wait_until(reached(tmp_path, job, at + 10))
            (tmp_path / job.id / "enough").touch()
            wait_until(lambda: jobs.find(job.id).state in ("succeeded", "failed"))
    steps = len(read_steps(tmp_path, job))
    check_done(database, jobs, tmp_path, job, steps)
    assert jobs.find(job.id).result == {"by": "fresh", "steps": steps}


def read_messages(jobs: Jobs, job: Job) -> str:
    return "\n".join(event.message for event in jobs.events(job.id, limit=20_000))


def test_a_run_is_paused_and_goes_on_and_a_stopped_worker_gives_it_back(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    job = submit(jobs, "train", steps=80)
    with worker_process(url, "one", tmp_path, LONG_LEASE) as worker:
        wait_until(reached(tmp_path, job, 3))
        jobs.pause(job.id, BEN)
        wait_until(lambda: jobs.find(job.id).state == "paused")
        assert processes_of(job) == []
        at = len(read_steps(tmp_path, job))
        jobs.resume(job.id, BEN)
        wait_until(reached(tmp_path, job, at + 3))
        worker.terminate()
        assert worker.wait(60) == 0
    back = jobs.find(job.id)
    assert (back.state, processes_of(job)) == ("queued", [])
    with worker_process(url, "two", tmp_path, LONG_LEASE):
        wait_until(lambda: jobs.find(job.id).state in ("succeeded", "failed"))
    check_done(database, jobs, tmp_path, job, 80)
