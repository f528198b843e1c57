"""How far training is, by rows learnt, and how fast it may learn."""

from __future__ import annotations

from dataclasses import dataclass

WARM, LEVEL = 0.02, 0.6
"""Shares of all rows: the rate rises until WARM, is level until LEVEL, then falls to nothing."""
CLOSE = 0.02
"""The rate at the end, as a share of its peak."""


@dataclass(slots=True)
class Schedule:
    """All of the training: `rows` of it, `done` so far; `peak` is the highest learning rate."""

    rows: int
    peak: float
    done: int = 0

    @property
    def progress(self) -> float:
        """0 to 1."""
        return min(1.0, self.done / self.rows)

    @property
    def rate(self) -> float:
        """The learning rate now."""
        rising = self.progress / WARM + 0.01
        falling = max(0.0, (1.0 - self.progress) / (1.0 - LEVEL))
        return self.peak * max(min(1.0, rising, falling), CLOSE if self.progress > WARM else 0.01)
