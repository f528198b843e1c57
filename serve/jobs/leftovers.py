"""Processes that an earlier worker left behind for a job: found by a mark in their environment, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from serve.jobs.job import Job

MARK = "READING_ROOM_JOB"
_LOOK_SECONDS = 0.05


def mark(job: Job) -> dict[str, str]:
    """What goes into the environment of a job's processes, and is passed on to theirs."""
    return {MARK: f"{job.id}/{job.fence}"}


def end_leftovers(job: Job, grace_seconds: float) -> int:
    """End what earlier holders of this job still have running on this machine; gives how many there were.

    Guards are asked first, which lets a run write its last checkpoint; after `grace_seconds` all are killed.
    Only processes of a smaller token are touched: who has slept through its lease ends nobody else's.
    """
    found: set[int] = set()
    for pid, leads in _find_marked(job, range(job.fence)):
        if leads:
            _send(pid, signal.SIGTERM)
    until = time.monotonic() + grace_seconds
    while left := {pid for pid, _ in _find_marked(job, range(job.fence))}:
        found |= left
        if time.monotonic() > until:
            for pid in left:
                _send(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)
    return len(found)


def kill_own(job: Job) -> None:
    """Kill what a run of this very claim has left, in whatever session it hides."""
    while left := [pid for pid, _ in _find_marked(job, range(job.fence, job.fence + 1))]:
        for pid in left:
            _send(pid, signal.SIGKILL)
        time.sleep(_LOOK_SECONDS)


def _find_marked(job: Job, fences: range) -> Iterator[tuple[int, bool]]:
    """The processes of some claims of a job, each with whether it leads its session, as guards do."""
    name = f"{MARK}={job.id}/".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError, ValueError):  # gone, or not ours to look at
            for part in (entry / "environ").read_bytes().split(b"\0"):
                if part.startswith(name) and int(part.removeprefix(name)) in fences:
                    yield int(entry.name), os.getsid(int(entry.name)) == int(entry.name)


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)
