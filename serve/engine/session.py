"""The end of an engine's processes: of a session's, and of those that an earlier one left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path

from serve.engine.guard import processes_of_session


async def end_session(leader: subprocess.Popen[bytes], grace_seconds: float) -> None:
    """Wait up to `grace_seconds` for a session's leader to end, then kill all that is left of it.

    SIGKILL also ends a stopped process, which heeds nothing else.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + grace_seconds
    while leader.poll() is None and loop.time() < deadline:
        await asyncio.sleep(0.05)
    while left := processes_of_session(leader.pid):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        leader.poll()
        await asyncio.sleep(0.02)
    leader.wait()


async def end_processes_in(folder: Path) -> None:
    """Kill the engine's processes whose working directory is `folder`.

    vLLM's worker outlives its server; when guard and gateway were killed with that, nobody else is left to
    end it, and it would hold its memory for ever.
    """
    place = str(folder.resolve())
    while left := [entry for entry in Path("/proc").iterdir() if _is_engine_in(entry, place)]:
        for entry in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(entry.name), signal.SIGKILL)
        await asyncio.sleep(0.02)


def _is_engine_in(entry: Path, place: str) -> bool:
    """Whether a folder of /proc is that of an engine's process (by its name) which works in `place`."""
    try:
        return (
            entry.name.isdigit()
            and os.readlink(entry / "cwd") == place
            and b"vllm" in (entry / "cmdline").read_bytes().lower()
        )
    except OSError:
        return False
