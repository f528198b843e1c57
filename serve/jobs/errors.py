"""How a job's work ends before its time. A handler raises or lets pass; the worker writes it down."""

from __future__ import annotations

from typing import Literal

Reason = Literal["pause", "cancel", "shutdown"]


class JobError(Exception):
    """Root of what ends the work on a job early; `str(error)` is one line for staff."""


class LeaseLost(JobError):
    """The job is no longer this worker's: nothing of it may be written any more."""


class Stopped(JobError):
    """Somebody asked for a pause or the end of the job, or the worker itself is told to stop."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"stopped: {reason}")
        self.reason: Reason = reason


class JobRefused(JobError):
    """The job cannot be done as it is: trying again would not help."""


class JobCrashed(JobError):
    """The work broke off; it may go well when it is tried again."""
