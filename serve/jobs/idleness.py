"""Whether a run hangs: it says nothing, and its processes use no processor.

Silence alone is no sign: a step of a large model takes long.
"""

from __future__ import annotations

import time
from pathlib import Path

from serve.engine.guard import processes_of_session

_LOOK_SECONDS = 5.0
_WORK = 0.01
"""The share of one processor below which a process does nothing; waiting wakes up now and then."""
_TICKS = 100
"""A second, as /proc counts on every architecture (USER_HZ)."""


class Idleness:
    """Of the run in one session; it counts from now on. `seconds` is how long it may do nothing."""

    def __init__(self, session: int, seconds: float) -> None:
        self.seconds = seconds
        self._session = session
        self._looked = self._since = time.monotonic()
        self._heard, self._used = -1, 0.0

    def is_over(self, heard: int) -> bool:
        """Whether it has done nothing for so long; `heard` is how much it has said."""
        now = time.monotonic()
        if now - self._looked < min(_LOOK_SECONDS, self.seconds / 4):
            return False
        used = sum(map(read_cpu_seconds, processes_of_session(self._session)))
        if heard != self._heard or abs(used - self._used) > _WORK * (now - self._looked):
            self._since = now
        self._heard, self._used, self._looked = heard, used, now
        return now - self._since >= self.seconds


def read_cpu_seconds(pid: int) -> float:
    """What a process has used of processors (fields 14 and 15 of /proc/PID/stat); 0 for one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS
