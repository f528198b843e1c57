"""The whole service as a user starts it: one real process, with its own data folder and engine."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

READY = re.compile(r"Open (http://\S+) in a browser")
START_SECONDS = 600
STAFF_KEY = "test-staff-key"
"""What a service is given as `staff_key` where a test manages adapters over HTTP."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that said it is ready. `output` is what it has printed."""

    url: str
    data: Path
    process: subprocess.Popen[str]
    output: list[str]


@contextmanager
def run_service(data: Path, **settings: str) -> Iterator[RunningService]:
    """`reading-room serve` on a free port; stopped as Ctrl-C would, and checked to leave nothing running."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("READING_ROOM_")},
        "READING_ROOM_DATA": str(data),
        "PYTHONUNBUFFERED": "1",
        **{f"READING_ROOM_{name.upper()}": value for name, value in settings.items()},
    }
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "reading-room"), "serve", "--port", "0"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout
    output: list[str] = []
    ready = threading.Event()
    reader = threading.Thread(target=_read_lines, args=(process, output, ready))
    reader.start()
    try:
        ready.wait(START_SECONDS)
        address = READY.search("\n".join(output))
        assert address, "the service did not become ready:\n" + "\n".join(output[-30:])
        yield RunningService(address[1], data, process, output)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            reader.join()
            process.stdout.close()


def _read_lines(process: subprocess.Popen[str], output: list[str], ready: threading.Event) -> None:
    assert process.stdout
    for line in process.stdout:
        output.append(line.rstrip())
        if READY.search(line):
            ready.set()
    ready.set()
