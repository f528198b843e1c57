"""Stands between the gateway and the engine: when the gateway is gone, however it went, so is the engine.

Run by path with `python -I -S`, so it costs little and imports nothing of ours:

    guard.py LOG BYTES [GRACE]

Standard input is a pipe that the gateway holds open; its first line is the engine's command as JSON (so
that `pkill -f` with the engine's name does not meet the guard too). At its end, or on SIGTERM, the
engine's process group gets SIGTERM and after GRACE seconds SIGKILL; then whatever else is left in this
session is killed. The engine's output goes to LOG, which is turned to LOG.1 whenever it would exceed BYTES.
The exit code is the engine's.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path
from types import FrameType

GRACE_SECONDS = 6.0
_PR_SET_PDEATHSIG = 1
_TICK_SECONDS = 0.2


class CappedLog:
    """A file that never grows beyond `limit` bytes; one older file is kept. A full disk loses lines."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._limit = limit
        self._stream = self._open()

    def write(self, chunk: bytes) -> None:
        """Append, and begin a new file when this one is full."""
        with contextlib.suppress(OSError, ValueError):  # no room for it, or for a new file
            if self._stream.tell() + len(chunk) > self._limit:
                self._turn()
            self._stream.write(chunk)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _turn(self) -> None:
        self._stream.close()
        self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._stream = self._open()

    def _open(self) -> FileIO:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        return FileIO(descriptor, "w")


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies: the engine must not outlive a killed guard."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def guard(command: list[str], log: CappedLog, grace_seconds: float = GRACE_SECONDS) -> int:
    """Run `command` until it ends by itself or the gateway is gone; nothing of it is left after."""
    asked_to_stop = False

    def ask_to_stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked_to_stop
        asked_to_stop = True

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    engine = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=die_with_parent,
    )
    assert engine.stdout is not None
    output = engine.stdout.fileno()
    os.set_blocking(output, False)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(output, selectors.EVENT_READ)
    killed_at = float("inf")
    while engine.poll() is None:
        for key, _ in selector.select(_TICK_SECONDS):
            if key.fd == 0 and not os.read(0, 4096):
                selector.unregister(0)
                asked_to_stop = True
            elif key.fd == output and not _copy(output, log):
                selector.unregister(output)
                time.sleep(_TICK_SECONDS)
        if asked_to_stop and killed_at == float("inf"):
            killed_at = time.monotonic() + grace_seconds
            _signal_group(engine.pid, signal.SIGTERM)
        if time.monotonic() > killed_at:
            _signal_group(engine.pid, signal.SIGKILL)
    _kill_the_rest()
    _copy(output, log)
    return engine.returncode


def _copy(output: int, log: CappedLog) -> bool:
    """Move what the engine has written to the log; False at the end of its output."""
    while True:
        try:
            chunk = os.read(output, 65536)
        except BlockingIOError:
            return True
        if not chunk:
            return False
        log.write(chunk)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _kill_the_rest() -> None:
    """Kill what is left in this session, process groups of their own included."""
    for _ in range(50):
        rest = [pid for pid in processes_of_session(os.getsid(0)) if pid != os.getpid()]
        if not rest:
            return
        for pid in rest:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def processes_of_session(session: int) -> list[int]:
    """The living processes of a session (field 6 of /proc/PID/stat), zombies left out."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def main() -> int:
    """Read the command line and the command, guard, and exit as the engine did."""
    if os.getsid(0) != os.getpid():
        sys.exit("guard: expected a session of its own, because it ends whatever runs in its session")
    path, limit, *grace = sys.argv[1:]
    log = CappedLog(Path(path), int(limit))
    code = guard(json.loads(_read_line()), log, float(grace[0]) if grace else GRACE_SECONDS)
    return code if code >= 0 else 128 - code


def _read_line() -> bytes:
    """The first line of standard input, and not a byte more."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit("guard: the gateway was gone before it said what to run")
        line += byte
    return line


if __name__ == "__main__":
    sys.exit(main())
