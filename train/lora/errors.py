"""What can go wrong with a run.

TrainingError
├── TrainingRefused    it is not begun: the data, the base, the machine or the recipe will not do
├── TrainingFailed     it was begun and could not be finished; nothing of it may be used
└── TrainingPaused     it was asked to stop; starting it again goes on from its last checkpoint
"""

from __future__ import annotations


class TrainingError(Exception):
    """Root of this package's own errors; `str(error)` says what was expected, what found, what to do."""


class TrainingRefused(TrainingError):
    """The run is not begun."""


class TrainingFailed(TrainingError):
    """The run ended without anything that may be used."""


class TrainingPaused(TrainingError):
    """The run stopped between two steps, as it was asked to."""
