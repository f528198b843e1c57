"""The run's own command in real processes, forked from one that has imported what is heavy."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
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


def start_run(folder: Path, limit: tuple[int, int] | None = None, watch_sockets: bool = False) -> BaseProcess:
    """`python -m train.lora FOLDER`, its standard error in FOLDER/stderr."""
    process = _CONTEXT.Process(target=_main, args=(str(folder), limit, watch_sockets))
    process.start()
    return process


def finish_run(folder: Path, *, watch_sockets: bool = False) -> tuple[int, str]:
    """Run it to its end; exit code and standard error. Sockets it opens are written to FOLDER/sockets."""
    process = start_run(folder, None, watch_sockets)
    process.join(SECONDS)
    return process.exitcode if process.exitcode is not None else -1, (folder / "stderr").read_text()


def limit_run(folder: Path, kind: int, most: int) -> tuple[int, str]:
    """Run it under a limit of the operating system's; exit code and standard error."""
    process = start_run(folder, (kind, most))
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


def _main(folder: str, limit: tuple[int, int] | None, watch_sockets: bool) -> None:
    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # what is too large is then an error, as on a full disk
        resource.setrlimit(limit[0], (limit[1], resource.RLIM_INFINITY))
    if watch_sockets:
        (Path(folder) / "sockets").write_text("")
        sys.addaudithook(partial(_write_down, Path(folder) / "sockets"))
    descriptor = os.open(Path(folder) / "stderr", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 2)
    sys.stderr = os.fdopen(descriptor, "w")
    code = main([folder])
    sys.stderr.flush()
    os._exit(code)


def _write_down(file: Path, event: str, values: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        with file.open("a") as stream:
            stream.write(f"{event} {values}\n")
