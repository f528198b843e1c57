"""Real workers in processes of their own: racing, killed, frozen and restarted. Every job is published once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from serve.database import Database
from serve.jobs.job import Job
from serve.jobs.queue import Jobs
from serve.jobs.worker import work
from tests.serve.job_parts import (
    BEN,
    LONG_LEASE,
    freeze,
    make_claims,
    make_handlers,
    publish,
    read_notes,
    read_published,
    submit,
    take,
    wait_until,
    worker_process,
)


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


def all_ended(jobs: Jobs) -> bool:
    return jobs.list(state="queued")[1] == jobs.list(state="running")[1] == 0


def work_here(
    database: Database, folder: Path, name: str = "last", lease_seconds: float = LONG_LEASE
) -> None:
    """Work in this process until nothing is queued or runs."""
    jobs, stopping = Jobs(database), threading.Event()
    handlers = make_handlers(name, folder)

    def stop() -> None:
        try:
            wait_until(lambda: all_ended(jobs))
        finally:
            stopping.set()

    watching = threading.Thread(target=stop)
    watching.start()
    work(database, handlers, stopping, name=name, lease_seconds=lease_seconds, poll_seconds=0.05)
    watching.join()


def test_two_workers_race_over_200_jobs_and_each_is_run_once(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    made = [submit(jobs) for _ in range(200)]
    with worker_process(url, "one", tmp_path, LONG_LEASE), worker_process(url, "two", tmp_path, LONG_LEASE):
        wait_until(lambda: all_ended(jobs))
    runs = [line.split() for line in read_notes(tmp_path)]
    assert sorted(job for job, _, _ in runs) == sorted(job.id for job in made)
    assert {fence for _, fence, _ in runs} == {"1"}
    assert read_published(database) == {job: name for job, _, name in runs}
    assert {job.state for job in jobs.list(limit=500)[0]} == {"succeeded"}
    assert {name for _, _, name in runs} == {"one", "two"}


def test_workers_in_one_process_race_for_the_same_row(database: Database, jobs: Jobs) -> None:
    """Eight threads reach for the same jobs at the same moment, again and again."""
    made = [submit(jobs) for _ in range(40)]
    start = threading.Barrier(8)
    got: list[str] = []

    def reach(number: int) -> None:
        claims = make_claims(database, f"w{number}", LONG_LEASE)
        start.wait()
        while jobs.list(state="queued")[1]:
            job = claims.claim()
            if job:
                claims.finish(job, {}, publish(job, f"w{number}"))
                got.append(job.id)

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(job.id for job in made)
    assert len(read_published(database)) == 40


FORKS = """
import json, os, signal, sys, threading
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from serve.database import Database
from serve.jobs.worker import work
from tests.serve.job_parts import make_handlers

def run(url, folder, where, number):
    left = [number]
    def count(*given):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    event.listen(Session, where, count)
    work(Database(url), make_handlers("killed", Path(folder)), threading.Event(),
         name="killed", lease_seconds=0.5, poll_seconds=0.02)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        run(*json.loads(line))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""A worker in a fork for each line, which kills itself at the n-th moment of the kind that the line names."""


def test_a_worker_killed_at_any_moment_leaves_nothing_half_done(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    """before and after each commit and flush of a worker's life; whoever comes next brings every job to its end."""
    database.engine.dispose()
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        made: list[Job] = []
        for where in ("before_commit", "after_commit", "after_flush"):
            for number in range(1, 6):
                made += [submit(jobs, attempts=100, seconds=0.1) for _ in range(3)]
                process.stdin.write(json.dumps([url, str(tmp_path), where, number]) + "\n")
                process.stdin.flush()
                assert process.stdout.readline() == f"{-signal.SIGKILL}\n"
                published = read_published(database)
                done = {job.id for job in jobs.list(state="succeeded", limit=500)[0]}
                assert set(published) == done, (where, number)
        process.stdin.close()
    work_here(database, tmp_path)
    assert {job.state for job in jobs.list(limit=500)[0]} == {"succeeded"}
    assert set(read_published(database)) == {job.id for job in made}


def test_workers_are_killed_again_and_again_while_they_work(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    made = [submit(jobs, attempts=100, seconds=0.1) for _ in range(12)]
    for number in range(4):
        before = len(read_notes(tmp_path))
        with worker_process(url, f"k{number}", tmp_path) as worker:
            wait_until(lambda before=before: len(read_notes(tmp_path)) > before)  # type: ignore[misc]
            time.sleep(0.03 * number)
            worker.kill()
            worker.wait()
    work_here(database, tmp_path)
    assert {job.state for job in jobs.list()[0]} == {"succeeded"}
    assert set(read_published(database)) == {job.id for job in made}


def test_a_frozen_worker_that_wakes_late_publishes_nothing(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    job = submit(jobs, attempts=100, seconds=1)
    with worker_process(url, "frozen", tmp_path) as frozen:
        wait_until(lambda: bool(read_notes(tmp_path)))
        freeze(frozen, database)
        work_here(database, tmp_path, "fresh")
        assert read_published(database) == {job.id: "fresh"}
        ended = jobs.find(job.id)
        frozen.send_signal(signal.SIGCONT)
        time.sleep(2)
        frozen.terminate()
        assert frozen.wait(60) == 0  # it has noticed, and gone on
    assert jobs.find(job.id) == ended
    assert read_published(database) == {job.id: "fresh"}
    assert {line.split()[2] for line in read_notes(tmp_path)} == {"frozen", "fresh"}


def test_a_worker_that_is_told_to_stop_gives_its_job_back(url: str, jobs: Jobs, tmp_path: Path) -> None:
    job = submit(jobs, seconds=600)
    with worker_process(url, "first", tmp_path, LONG_LEASE) as first:
        wait_until(lambda: bool(read_notes(tmp_path)))
        first.terminate()
        assert first.wait(60) == 0
    back = jobs.find(job.id)
    assert (back.state, back.attempts, back.problem) == ("queued", 0, "")
    assert take(make_claims(jobs.database)).fence == 2  # at once, without a lease's wait


def test_a_job_survives_a_restart_of_everything(
    url: str, database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    job = submit(jobs, attempts=100, seconds=0.3)
    waiting = submit(jobs)
    jobs.pause(waiting.id, BEN)
    with worker_process(url, "before", tmp_path) as before:
        wait_until(lambda: bool(read_notes(tmp_path)))
        before.kill()
    database.close()
    again = Database(url)
    again.migrate()
    work_here(again, tmp_path, "after")
    after = Jobs(again)
    assert (after.find(job.id).state, after.find(waiting.id).state) == ("succeeded", "paused")
    assert list(read_published(again)) == [job.id]
    again.close()


@pytest.mark.parametrize(
    ("plan", "state", "problem"),
    [
        ({"refuse": True}, "failed", "There is nothing to evaluate."),
        ({"crash": "missing"}, "failed", "There is no dataset version letters--v9."),
        ({"crash": "starting"}, "queued", "The engine is still starting."),
        ({"crash": "full"}, "queued", "No space left on device: checkpoint."),
        ({"crash": "bug"}, "queued", "Unexpected ValueError; the worker's log says more."),
    ],
)
def test_what_a_handler_raises_is_how_the_job_went(
    tmp_path: Path, plan: dict[str, object], state: str, problem: str
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'room.sqlite'}")
    database.migrate()
    jobs, stopping = Jobs(database), threading.Event()
    job = submit(jobs, **plan)  # type: ignore[arg-type]

    def stop() -> None:
        try:
            wait_until(lambda: jobs.find(job.id).fence == 1 and jobs.find(job.id).state != "running")
        finally:
            stopping.set()

    watching = threading.Thread(target=stop)
    watching.start()
    work(database, make_handlers("one", tmp_path), stopping, name="one", poll_seconds=0.05)
    watching.join()
    assert (jobs.find(job.id).state, jobs.find(job.id).problem) == (state, problem)
    assert read_published(database) == {}
    database.close()


def test_a_writer_that_holds_sqlite_longer_than_a_lease_costs_no_job(tmp_path: Path) -> None:
    file = tmp_path / "room.sqlite"
    database = Database(f"sqlite:///{file}")
    database.migrate()
    jobs = Jobs(database)
    job = submit(jobs, attempts=100, seconds=1.5)
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    def hold() -> None:
        wait_until(lambda: bool(read_notes(tmp_path)))
        other.execute("BEGIN IMMEDIATE")
        time.sleep(2.5)
        other.execute("ROLLBACK")

    holding = threading.Thread(target=hold)
    holding.start()
    work_here(database, tmp_path, lease_seconds=1.0)
    holding.join()
    other.close()
    assert jobs.find(job.id).state == "succeeded"
    assert read_published(database) == {job.id: "last"}
    assert jobs.find(job.id).fence >= 2  # the lease was lost meanwhile, and what was done then was not kept
    database.close()


def test_an_end_that_cannot_be_written_yet_is_written_later(
    database: Database, jobs: Jobs, tmp_path: Path
) -> None:
    """The database refuses the first commits of the end, as one whose disk is full does."""
    job = submit(jobs)
    refusals = [3]

    def break_first(connection: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("INSERT INTO collection_alias") and refusals[0]:
            refusals[0] -= 1
            raise OperationalError(statement, None, Exception("database or disk is full"))

    event.listen(database.engine, "before_cursor_execute", break_first)
    work_here(database, tmp_path)
    assert refusals == [0]
    assert jobs.find(job.id).fence == 1
    assert read_published(database) == {job.id: "last"}


SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <unistd.h>
/* The wall clock is wrong by as many seconds as FAKE_CLOCK's file says, from one call to the next. */
static long wrong(void) {
    char *name = getenv("FAKE_CLOCK");
    FILE *file = name ? fopen(name, "r") : NULL;
    long seconds = 0;
    if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
    return seconds;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    int code = syscall(SYS_clock_gettime, which, now);
    if (!code && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += wrong();
    return code;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    now->tv_sec = real.tv_sec; now->tv_usec = real.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    if (out) *out = real.tv_sec;
    return real.tv_sec;
}
"""
"""Wall clocks that jump, for real programs: there is no libfaketime on every machine."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    folder = tmp_path_factory.mktemp("shim")
    (folder / "shim.c").write_text(SHIM)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "shim.so", folder / "shim.c"], check=True)
    return folder / "shim.so"


def test_clocks_that_jump_by_days_take_no_job_away(
    url: str, database: Database, jobs: Jobs, tmp_path: Path, shim: Path
) -> None:
    """One worker holds a job, another waits for it, and both their clocks jump back and forth."""
    clocks = {name: tmp_path / f"clock-{name}" for name in ("holder", "other")}
    with ExitStack() as stack:
        for name, clock in clocks.items():
            clock.write_text("0")
            fake = {"LD_PRELOAD": str(shim), "FAKE_CLOCK": str(clock)}
            stack.enter_context(worker_process(url, name, tmp_path, 20.0, **fake))
        job = submit(jobs, seconds=4)
        failing = submit(jobs, refuse=True)
        wait_until(lambda: len(read_notes(tmp_path)) == 2)
        for step in (86_400, -86_400, 40_000_000, -400_000_000, 0):
            for clock in clocks.values():
                clock.with_suffix(".new").write_text(str(step))
                clock.with_suffix(".new").replace(clock)
            time.sleep(0.6)
        wait_until(lambda: all_ended(jobs))
    assert sorted(line.split()[1] for line in read_notes(tmp_path)) == ["1", "1"]
    assert jobs.find(job.id).state == "succeeded"
    assert jobs.find(failing.id).state == "failed"
    assert list(read_published(database)) == [job.id]


def test_the_shim_does_make_clocks_jump(tmp_path: Path, shim: Path) -> None:
    (tmp_path / "clock").write_text("86400")
    told = subprocess.run(
        [sys.executable, "-c", "import time; print(time.time(), time.monotonic())"],
        env={**os.environ, "LD_PRELOAD": str(shim), "FAKE_CLOCK": str(tmp_path / "clock")},
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    assert 80_000 < float(told[0]) - time.time() < 90_000
    assert abs(float(told[1]) - time.monotonic()) < 1_000
