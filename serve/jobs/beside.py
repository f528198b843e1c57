"""A worker beside the gateway: on one machine nobody has to start a second program."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from serve.engine.session import end_session
from serve.jobs.supervising import GRACE_SECONDS, GUARD
from serve.settings import child_environment

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_QUIET_SECONDS = 600.0
_LOG_BYTES = 10_000_000
_POLL_SECONDS = 0.2
_STOP_SECONDS = GRACE_SECONDS + 10.0
"""A worker first lets its run write a checkpoint."""


async def keep_worker(command: Sequence[str], log_path: Path, leaving: Callable[[], bool]) -> None:
    """Run a worker until `leaving` says so, and start it again when it ends before; its output to `log_path`.

    It runs under the engine's guard, so it does not outlive this process, however that ends. It is stopped
    as soon as the gateway begins to leave: a job may have questions to ask it.
    """
    pause = _FIRST_PAUSE
    while not leaving():
        began = time.monotonic()
        worker = _start(command, log_path)
        try:
            while worker.poll() is None and not leaving():
                await asyncio.sleep(_POLL_SECONDS)
        finally:
            assert worker.stdin is not None
            worker.stdin.close()
            await end_session(worker, _STOP_SECONDS)
        if leaving():
            return
        log.warning("the worker ended with code %s, and starts again: see %s", worker.returncode, log_path)
        if time.monotonic() - began > _QUIET_SECONDS:
            pause = _FIRST_PAUSE
        until = time.monotonic() + pause
        while not leaving() and time.monotonic() < until:
            await asyncio.sleep(_POLL_SECONDS)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _start(command: Sequence[str], log_path: Path) -> subprocess.Popen[bytes]:
    log_path.parent.mkdir(parents=True, exist_ok=True)
    guard = subprocess.Popen(
        (
            sys.executable,
            "-I",
            "-S",
            str(GUARD),
            str(log_path.resolve()),
            str(_LOG_BYTES),
            str(_STOP_SECONDS),
        ),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=child_environment({}),
        start_new_session=True,
    )
    assert guard.stdin is not None
    guard.stdin.write(json.dumps(list(command)).encode() + b"\n")
    guard.stdin.flush()
    return guard
