"""A run that is asked to stop (SIGTERM, SIGINT) ends between two steps, after a checkpoint."""

from __future__ import annotations

import signal
from types import FrameType

from train.lora.errors import TrainingPaused


class Pause:
    """Whether somebody asked for it. `check` is called wherever stopping loses nothing."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take the signals from now on; in the main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._take)

    def check(self) -> None:
        """Raises TrainingPaused where it was asked for."""
        if self.asked:
            raise TrainingPaused("Paused, as it was asked to. Start it again, and it goes on.")

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
