"""The worker beside the gateway, and `reading-room worker`: started, restarted, stopped, and never left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from serve.database import Database
from serve.jobs.beside import keep_worker
from serve.jobs.queue import Jobs
from tests.serve.job_parts import LONG_LEASE, read_notes, submit, wait_until

GATEWAY = """
import asyncio, json, sys
from pathlib import Path
from serve.jobs.beside import keep_worker
asyncio.run(keep_worker(json.loads(sys.argv[1]), Path(sys.argv[2]), lambda: False))
"""
"""As much of a gateway as keeps a worker."""


def open_jobs(folder: Path) -> tuple[str, Jobs]:
    url = f"sqlite:///{folder / 'room.sqlite'}"
    database = Database(url)
    database.migrate()
    return url, Jobs(database)


def make_command(url: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "tests.serve.job_parts", url, "beside", str(folder), str(LONG_LEASE)]


def workers_in(folder: Path) -> list[int]:
    """The processes that have `folder` in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"tests.serve.job_parts" in words and str(folder).encode() in words:
                found.append(int(entry.name))
    return found


async def test_a_worker_that_dies_is_replaced_and_goes_when_the_gateway_leaves(tmp_path: Path) -> None:
    url, jobs = open_jobs(tmp_path)
    first = submit(jobs)
    leaving = [False]
    keeping = asyncio.create_task(
        keep_worker(make_command(url, tmp_path), tmp_path / "logs" / "worker.log", lambda: leaving[0])
    )
    await asyncio.to_thread(wait_until, lambda: jobs.find(first.id).state == "succeeded")
    (worker,) = workers_in(tmp_path)
    os.kill(worker, signal.SIGKILL)
    second = submit(jobs)
    await asyncio.to_thread(wait_until, lambda: jobs.find(second.id).state == "succeeded")
    (another,) = workers_in(tmp_path)
    assert another != worker
    held = submit(jobs, seconds=600)
    await asyncio.to_thread(wait_until, lambda: jobs.find(held.id).state == "running")
    leaving[0] = True
    await keeping
    assert workers_in(tmp_path) == []
    assert jobs.find(held.id).state == "queued"  # given back in order
    assert (tmp_path / "logs" / "worker.log").exists()
    jobs.database.close()


def test_a_killed_gateway_takes_its_worker_along(tmp_path: Path) -> None:
    url, jobs = open_jobs(tmp_path)
    held = submit(jobs, seconds=600)
    command = json.dumps(make_command(url, tmp_path))
    with subprocess.Popen([sys.executable, "-c", GATEWAY, command, str(tmp_path / "worker.log")]) as gateway:
        wait_until(lambda: bool(read_notes(tmp_path)))
        gateway.kill()
    wait_until(lambda: workers_in(tmp_path) == [])
    assert jobs.find(held.id).state == "queued"
    jobs.database.close()


def test_the_command_works_until_it_is_told_to_stop(tmp_path: Path) -> None:
    environment = {**os.environ, "READING_ROOM_DATA": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "ui", "worker"], env=environment, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout is not None
        said = worker.stdout.readline()
        assert f":{worker.pid} " in said
        assert (tmp_path / "data" / "reading-room.sqlite").exists()
        time.sleep(0.2)
        worker.terminate()
        assert worker.stdout.read() == "Stopped.\n"
        assert worker.wait(60) == 0


def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    environment = {**os.environ, "READING_ROOM_DATABASE_URL": f"sqlite:///{tmp_path}"}  # a folder
    told = subprocess.run(
        [sys.executable, "-m", "ui", "worker"], env=environment, capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert told.stderr.startswith("reading-room: The database cannot be used (")
    assert told.stderr.count("\n") == 1
