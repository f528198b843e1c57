"""One GPU shared with the engine: whether a run fits beside it, and what to do where it does not."""

from __future__ import annotations

import math

from train.lora.errors import TrainingRefused

GIB = 2**30
SPARE = 0.9
"""The share of what is free that a run may take."""


def plan_gpu(needed: int, free: int, total: int) -> str:
    """How a run shares one GPU with the engine, in a sentence. Raises TrainingRefused where nothing fits."""
    if needed <= free * SPARE:
        beside = total - free
        return (
            f"The run takes {needed / GIB:.1f} GB of the GPU's {total / GIB:.0f} GB and fits beside what is "
            "in use "
            f"({beside / GIB:.1f} GB): the engine goes on answering, more slowly."
        )
    if needed <= total * SPARE:
        share = max(0.0, math.floor((total * SPARE - needed) / total * 100) / 100)
        apart = (
            f"start the engine with a memory share of {share:.2f} at most (READING_ROOM_ENGINE_GPU_SHARE)"
            if share >= 0.2
            else "no share is left that an engine could work with"
        )
        raise TrainingRefused(
            f"Expected {needed / GIB:.1f} GB of free GPU memory, found {free / GIB:.1f} of "
            f"{total / GIB:.0f}. "
            "Either put the engine to sleep while it trains (patrons are then shown the passages), or "
            f"{apart}."
        )
    raise TrainingRefused(
        f"Expected {needed / GIB:.1f} GB of GPU memory, found {total / GIB:.0f} in all. Train with "
        'method = "qlora", a shorter context, or a smaller base.'
    )
