"""A run as a process of its own, beside which the lease is kept: started, listened to, stopped, never left.

The run is behind the engine's guard (`serve.engine.guard`), in a session of its own: when the worker is
gone, however it went, the guard ends the run. What even that leaves behind is ended by the job's next holder
(`serve.jobs.leftovers`), and the folder's lock keeps two runs from being in it at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import serve.engine.guard as engine_guard
from serve.engine.guard import processes_of_session
from serve.jobs.errors import JobCrashed, JobRefused, LeaseLost, Stopped
from serve.jobs.idleness import Idleness
from serve.jobs.lease import Lease
from serve.jobs.leftovers import end_leftovers, kill_own, mark
from serve.jobs.run_events import RunEvents
from serve.settings import child_environment

GUARD = Path(engine_guard.__file__)
OUTPUT = "output.log"
GRACE_SECONDS = 60.0
"""What a run has to write a checkpoint after SIGTERM, before it is killed."""
REFUSED, PAUSED = 2, 75
"""Exit codes of a run: it cannot be done as it is; it was told to stop, and can go on."""
_NICE = 10
"""A run takes the processors that answers leave over."""
_LOG_BYTES = 10_000_000
_POLL_SECONDS = 0.2
_LOCK_SECONDS = 10.0
_KILLED = 128 + signal.SIGKILL
IDLE_SECONDS = 900.0
"""A run that neither says nor reckons anything for so long hangs."""


def supervise(
    command: Sequence[str],
    folder: Path,
    lease: Lease,
    *,
    grace_seconds: float = GRACE_SECONDS,
    idle_seconds: float = IDLE_SECONDS,
) -> None:
    """Run `command` until it ends well, its output in FOLDER/output.log, its events told by the lease.

    FOLDER/events.jsonl is what the run says of itself (`serve.jobs.run_events`); an event of type "progress"
    is how far it is. Raises Stopped and LeaseLost once the run has stopped, JobRefused with its last line
    where it exits with 2, JobCrashed where it ends in any other way or hangs: the next attempt goes on from
    its last checkpoint. None of its processes is left after.
    """
    if ended := end_leftovers(lease.job, grace_seconds):
        lease.tell(
            f"{ended} processes of an earlier attempt were still there; they have been ended.", level="warn"
        )
    folder.mkdir(parents=True, exist_ok=True)
    events = RunEvents(folder, lease.job.heard)
    lock = _lock(folder)
    try:
        lease.check()
        guard = _start(command, folder, lease, lock, grace_seconds)
    finally:
        os.close(lock)  # the guard's from here on: a worker that freezes now keeps nobody out
    try:
        stopped = _wait(guard, events, lease, grace_seconds, Idleness(guard.pid, idle_seconds))
    finally:
        _sweep(guard)
        kill_own(lease.job)
    while news := events.read():
        lease.hear(news, events.heard)
    lease.hear([], events.heard)
    _judge(guard.returncode, folder, stopped)


def _start(
    command: Sequence[str], folder: Path, lease: Lease, lock: int, grace_seconds: float
) -> subprocess.Popen[bytes]:
    """The guard, which runs the command. It is made nice before it is told what to run."""
    log = folder.resolve() / OUTPUT
    with contextlib.suppress(FileNotFoundError):
        log.replace(log.with_name(OUTPUT + ".1"))
    guard = subprocess.Popen(
        (sys.executable, "-I", "-S", str(GUARD), str(log), str(_LOG_BYTES), str(grace_seconds)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment(mark(lease.job)),
        pass_fds=(lock,),
        start_new_session=True,
    )
    assert guard.stdin is not None
    with contextlib.suppress(ProcessLookupError, BrokenPipeError):  # dead already: `_wait` sees it
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, guard.pid, min(19, ours + _NICE))
        guard.stdin.write(json.dumps(list(command)).encode() + b"\n")
        guard.stdin.flush()
    return guard


def _wait(
    guard: subprocess.Popen[bytes], events: RunEvents, lease: Lease, grace_seconds: float, idle: Idleness
) -> Stopped | LeaseLost | None:
    """Listen until the run is over; gives why it was told to stop, None where it was not. Raises JobCrashed
    for a run that hangs: whoever calls ends its processes."""
    stopped: Stopped | LeaseLost | None = None
    deadline = float("inf")
    while guard.poll() is None and time.monotonic() < deadline:
        if news := events.read():
            lease.hear(news, events.heard)
        try:
            lease.check()
        except (Stopped, LeaseLost) as told:
            if stopped is None:
                assert guard.stdin is not None
                with contextlib.suppress(BrokenPipeError):
                    guard.stdin.close()  # the guard sends SIGTERM, and kills after its grace
                deadline = time.monotonic() + grace_seconds + 2 * _POLL_SECONDS + 5.0
            stopped = told
        if not stopped and idle.is_over(events.heard):
            raise JobCrashed(f"The run did nothing for {idle.seconds / 60:.0f} minutes, and was ended.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            guard.wait(_POLL_SECONDS)
    return stopped


def _sweep(guard: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a guard's session, a guard that hangs or was stopped included."""
    while left := processes_of_session(guard.pid):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        guard.poll()
        time.sleep(0.02)
    guard.wait()
    if guard.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.close()


def _judge(code: int, folder: Path, stopped: Stopped | LeaseLost | None) -> None:
    """Raise what a run's end means, if it did not simply end well.

    One that has ended well just as it was told to stop is done: only for a cancelled or lost job that makes
    no difference.
    """
    if stopped and (code != 0 or isinstance(stopped, LeaseLost) or stopped.reason == "cancel"):
        raise stopped
    if code == 0:
        return
    said = _read_last_line(folder / OUTPUT)
    if code == REFUSED:
        raise JobRefused(said or "The run was refused and did not say why.")
    if code == PAUSED:
        raise JobCrashed("The run was told to stop by somebody else.")
    if code == _KILLED or code == -signal.SIGKILL:
        raise JobCrashed("The run was killed; most often the machine had no memory left for it.")
    raise JobCrashed(f"The run ended with code {code}: {said or 'it said nothing'}")


def _lock(folder: Path) -> int:
    """Lock the folder, for the guard to inherit. Raises JobCrashed where a run elsewhere is still in it."""
    descriptor = os.open(folder / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > until:
                os.close(descriptor)
                raise JobCrashed(f"Another run is still in {folder.name}.") from None
        time.sleep(_POLL_SECONDS)


def _read_last_line(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - 8_000))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:1_000]
