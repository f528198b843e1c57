"""The run's own command in real processes, forked from one that has imported what is heavy."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

from train.lora.__main__ import main
from train.lora.events import Event, read_events
from train.lora.files import EVENTS

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["train.lora.trainer", "train.lora.model", "peft", "tests.train.lora.processes"]
)
SECONDS = 600


def start_run(folder: Path) -> BaseProcess:
    """`python -m train.lora FOLDER`, its standard error in FOLDER/stderr."""
    process = _CONTEXT.Process(target=_main, args=(str(folder),))
    process.start()
    return process


def finish_run(folder: Path) -> tuple[int, str]:
    """Run it to its end; exit code and standard error."""
    process = start_run(folder)
    process.join(SECONDS)
    return process.exitcode if process.exitcode is not None else -1, (folder / "stderr").read_text()


def stop_run(folder: Path, when: Callable[[list[Event]], bool], number: signal.Signals) -> int:
    """Start it, send it a signal once its events say so, and give its exit code."""
    process = start_run(folder)
    ends = time.monotonic() + SECONDS
    while process.is_alive() and time.monotonic() < ends:
        if when(read_events(folder / EVENTS)):
            assert process.pid is not None
            os.kill(process.pid, number)
            break
        time.sleep(0.01)
    process.join(SECONDS)
    return process.exitcode if process.exitcode is not None else -1


def _main(folder: str) -> None:
    descriptor = os.open(Path(folder) / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 2)
    code = main([folder])
    sys.stderr.flush()
    os._exit(code)
