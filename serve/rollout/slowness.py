"""When is a first word slow? Measured against the answers of the same alias just before.

The threshold comes from all arms together and from the past alone. So it is the same for both arms and
knows nothing of who drew which: with a candidate that is no slower, a slow answer falls on it with
probability w, as the guards' test needs (see `serve.rollout.guards`). A busy engine slows both arms, and
the threshold follows. Where both arms are equal about one answer in twenty is slow, by definition.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

REMEMBERED = 400
"""Answers of an alias that the threshold is taken from."""
ENOUGH = 100
"""Fewer answers than this say nothing of their 95th percentile, and none is called slow."""
QUANTILE = 0.95


@dataclass(slots=True)
class _Window:
    newest: deque[float] = field(default_factory=deque)
    ordered: list[float] = field(default_factory=list)

    def threshold(self) -> float:
        if len(self.ordered) < ENOUGH:
            return math.inf
        return self.ordered[math.ceil(QUANTILE * len(self.ordered)) - 1]

    def push(self, seconds: float) -> None:
        self.newest.append(seconds)
        insort(self.ordered, seconds)
        if len(self.newest) > REMEMBERED:
            del self.ordered[bisect_left(self.ordered, self.newest.popleft())]


class Slowness:
    """The newest times to first text by alias, in one gateway's memory. For one thread."""

    def __init__(self) -> None:
        self._windows: dict[str, _Window] = {}

    def judge(self, alias: str, seconds: float) -> bool:
        """Whether a first word after `seconds` was slow for that alias; then remember it.

        Only for aliases that there are: each has a window of its own, kept for ever.
        """
        window = self._windows.setdefault(alias, _Window())
        slow = seconds > window.threshold()
        window.push(seconds)
        return slow
