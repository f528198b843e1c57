"""Jobs and workers for the tests: handlers that do little and say what they did, in processes of their own.

`python -m tests.serve.job_parts URL NAME FOLDER [LEASE]` is a worker with the handlers below, until SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from serve.database import Database
from serve.errors import NotFound, NotReady
from serve.jobs.claims import Claims
from serve.jobs.errors import JobRefused
from serve.jobs.job import Job, Kind
from serve.jobs.lease import Done, Lease
from serve.jobs.queue import Jobs, submit_in
from serve.jobs.supervising import supervise
from serve.jobs.worker import Handler, work
from serve.people.authority import Actor, Role
from serve.tables import CollectionAlias

JOB_TABLES = ("job", "job_event")
BEN = Actor(Role.APPROVER, "s-2", "ben")
LEASE_SECONDS = 2.0
"""Short, to be waited for. On a busy machine a holder may lose it without a fault: tests bear that."""
LONG_LEASE = 60.0
WAIT_SECONDS = 120.0


def submit(jobs: Jobs, kind: Kind = "evaluate", attempts: int = 3, **plan: object) -> Job:
    with jobs.database.sessions.begin() as session:
        return submit_in(
            session, BEN, kind=kind, title="letters--v1", plan=plan, why="to see", attempts=attempts
        )


def make_claims(database: Database, name: str = "one", lease_seconds: float = LEASE_SECONDS) -> Claims:
    return Claims(database, ["train", "evaluate"], worker=name, lease_seconds=lease_seconds)


def take(claims: Claims) -> Job:
    job = claims.claim()
    assert job is not None
    return job


def publish(job: Job, by: str) -> Callable[[Session], None]:
    """Write a row that only one may write: a second one for the same job breaks its primary key."""
    return lambda session: session.execute(  # type: ignore[return-value]
        insert(CollectionAlias).values(collection=job.id, alias=by)
    )


def read_published(database: Database) -> dict[str, str]:
    with database.readings() as session:
        return {row.collection: row.alias for row in session.scalars(select(CollectionAlias))}


RAISED: dict[str, Exception] = {
    "bug": ValueError("a bug"),
    "missing": NotFound("There is no dataset version letters--v9."),
    "starting": NotReady("The engine is still starting."),
    "full": OSError(28, "No space left on device", "checkpoint"),
}


def make_handlers(name: str, folder: Path) -> dict[str, Handler]:
    """`evaluate` publishes at once, or after `plan.seconds`; `train` supervises `plan.script`."""

    def evaluate(job: Job, lease: Lease) -> Done:
        note(folder, f"{job.id} {job.fence} {name}")
        if job.plan.get("refuse"):
            raise JobRefused("There is nothing to evaluate.")
        if job.plan.get("crash"):
            raise RAISED[str(job.plan["crash"])]
        until = time.monotonic() + float(job.plan.get("seconds", 0))
        while time.monotonic() < until:
            lease.check()
            time.sleep(0.02)
        return Done({"by": name}, publish(job, name))

    def train(job: Job, lease: Lease) -> Done:
        place = folder / job.id
        supervise(
            [sys.executable, "-c", RUN, str(place), str(job.plan["steps"])], place, lease, grace_seconds=5
        )
        return Done({"by": name, "steps": len((place / "steps").read_text().split())}, publish(job, name))

    return {"evaluate": evaluate, "train": train}


RUN = """
import json, os, signal, sys, time
from pathlib import Path
folder, steps = Path(sys.argv[1]), int(sys.argv[2])
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
(folder / "pid").write_text(str(os.getpid()))
lock = os.open(folder / "alone", os.O_CREAT | os.O_RDWR)
import fcntl
fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # two runs in one folder: the second one fails
done = len((folder / "steps").read_text().split()) if (folder / "steps").exists() else 0
def tell(type, **data):
    with (folder / "events.jsonl").open("a") as stream:
        stream.write(json.dumps({"level": "info", "type": type, "message": type, "data": data}) + "\\n")
for step in range(done + 1, steps + 1):
    time.sleep(0.05)
    if stop:
        sys.exit(75)
    with (folder / "steps").open("a") as stream:
        stream.write(f"{step}\\n")
    tell("metrics", step=step, loss=1 / step)
    tell("progress", done=step / steps, step=step)
    if (folder / "enough").exists():
        break
tell("progress", done=1.0, step=len((folder / "steps").read_text().split()))
"""
"""A run that goes on where it was, one line for each step, and stops in order at SIGTERM."""


def note(folder: Path, line: str) -> None:
    """One line in one write: whole even when several processes append."""
    with (folder / "notes").open("a") as stream:
        stream.write(line + "\n")


def read_notes(folder: Path) -> list[str]:
    path = folder / "notes"
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def worker_process(
    url: str, name: str, folder: Path, lease_seconds: float = LEASE_SECONDS, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own; killed at the end if it still runs."""
    command = [sys.executable, "-m", "tests.serve.job_parts", url, name, str(folder), str(lease_seconds)]
    with subprocess.Popen(command, env={**os.environ, **environment}) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()


def freeze(process: subprocess.Popen[bytes], database: Database) -> None:
    """Freeze a worker between two transactions: within one, SQLite keeps everybody waiting for it."""
    for _ in range(100):
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        if _can_write(database):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("the worker was always in a transaction")


def _can_write(database: Database) -> bool:
    try:
        if database.engine.dialect.name == "sqlite":
            with closing(sqlite3.connect(str(database.engine.url.database), timeout=0.1)) as file:
                file.execute("BEGIN IMMEDIATE")
        else:
            with database.engine.connect() as connection:
                connection.execute(text("SELECT number FROM job FOR UPDATE NOWAIT"))
    except (sqlite3.OperationalError, OperationalError):
        return False
    return True


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def processes_of(job: Job) -> list[int]:
    """Every process on this machine that runs for a job, by the mark that supervision leaves on it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if f"READING_ROOM_JOB={job.id}/".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def main() -> None:
    url, name, folder, lease_seconds = sys.argv[1:]
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    database = Database(url)
    work(
        database,
        make_handlers(name, Path(folder)),
        stopping,
        name=name,
        lease_seconds=float(lease_seconds),
        poll_seconds=0.05,
    )
    database.close()


if __name__ == "__main__":
    main()
