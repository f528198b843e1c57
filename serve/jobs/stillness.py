"""How long something has stood still, by this process's own monotonic clock alone."""

from __future__ import annotations

import time
from collections.abc import Mapping


class Stillness:
    """Remembers since when each number has had the value that it has now."""

    def __init__(self) -> None:
        self._since: dict[int, tuple[int, float]] = {}

    def now(self) -> float:
        """The monotonic clock, in seconds. Nobody can set it; it stands still while the machine sleeps."""
        return time.monotonic()

    def observe(self, values: Mapping[int, int], before: float) -> dict[int, float]:
        """Seconds for which each has been seen to stand still; what is not among `values` is forgotten.

        `before` is the time at which the values' reading began. A value seen for the first time counts from
        now, after the reading: so the seconds are never too many.
        """
        now = self.now()
        known, self._since = self._since, {}
        for number, value in values.items():
            last, since = known.get(number, (None, now))
            self._since[number] = (value, since if last == value else now)
        return {number: max(0.0, before - since) for number, (_, since) in self._since.items()}
