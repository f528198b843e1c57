"""What the machine ran out of, told from the errors that libraries raise for it."""

from __future__ import annotations

import errno

from train.lora.errors import TrainingFailed

_MEMORY = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")
_DISK = ("no space left", "file too large", "disk quota", "pytorchstreamwriter", "inline_container")
_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def explain(error: BaseException) -> TrainingFailed | None:
    """A failure with its remedy; None for an error that is no lack of anything."""
    said = f"{type(error).__name__} {error}".casefold()
    if isinstance(error, MemoryError) or any(sign in said for sign in _MEMORY):
        return TrainingFailed(
            "The memory was not enough. What was learnt up to the last checkpoint is kept: start it again "
            "once "
            "more is free, or begin a new run with smaller row_tokens, a shorter context or recompute = true."
        )
    full = isinstance(error, OSError) and error.errno in _FULL
    if full or any(sign in said for sign in _DISK):
        return TrainingFailed(
            "The disk is full. What was learnt up to the last checkpoint is kept: make room, and start it "
            "again."
        )
    return None
