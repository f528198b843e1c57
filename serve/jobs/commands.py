"""`reading-room worker`: does the jobs that are waiting, until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from serve.database import Database
    from serve.jobs.worker import Handler
    from serve.settings import Settings

MakeHandlers = Callable[["Settings", "Database"], Mapping[str, "Handler"]]

log = logging.getLogger(__name__)


def add_commands(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    settings: Settings,
    make_handlers: MakeHandlers,
) -> None:
    """Add `worker`. `make_handlers` gives what does the jobs of each kind."""
    said = "do the jobs that are waiting (training, evaluation), until stopped; as many workers as you like"
    parser = subparsers.add_parser("worker", help=said, description=said)
    parser.set_defaults(run=lambda _: run_worker(settings, make_handlers))


def run_worker(settings: Settings, make_handlers: MakeHandlers) -> int:
    """Work until SIGTERM or Ctrl-C; the job at hand goes back and can go on elsewhere. Always 0."""
    from serve.database import open_database
    from serve.jobs.worker import work

    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    name = f"{socket.gethostname()}:{os.getpid()}"
    with open_database(settings.database) as database:
        handlers = make_handlers(settings, database)
        if handlers:
            _say(f"{name} does jobs of the kinds {', '.join(sorted(handlers))}. Ctrl-C stops it.")
            work(database, handlers, stopping, name=name)
        else:
            _say(f"{name} knows no kind of job, and waits to be stopped.")
            stopping.wait()
    _say("Stopped.")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)
