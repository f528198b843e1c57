"""What the loss curves say, in a plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from train.lora.events import Curves

Verdict = Literal["too early", "learning", "memorising", "levelled off", "nothing learnt", "unchecked"]

RISE = 1.02
"""A loss this many times the lowest one is a rise, not chance."""
LEVEL = 0.99
"""The last check being at least this many times the one before, nothing more is to be expected."""
NOTHING = 0.98
"""Of the loss before training; what is not below it has not learnt."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a run stands."""

    verdict: Verdict
    sentence: str


def describe_fit(curves: Curves) -> Fit:
    """Whether the run is learning, learning by heart, or through; of the curves so far."""
    valid = curves.valid
    if not valid:
        return Fit(
            "unchecked",
            "No part was held back to check on, so nobody can say whether it learns or memorises.",
        )
    if len(valid) < 2:
        return Fit("too early", "Too early to say: the loss on the part held back was taken once.")
    (_, first), (_, last) = valid[0], valid[-1]
    best_step, best = min(valid, key=lambda point: point[1])
    before = valid[-2][1]
    if best > first * NOTHING:
        return Fit(
            "nothing learnt",
            f"It has learnt next to nothing (underfitting): the loss on the part held back was {first:.3f} "
            f"at the start and {best:.3f} at best. Train for longer, at a higher rate, or on more pairs.",
        )
    if last > best * RISE and last > before:
        return Fit(
            "memorising",
            f"It has begun to memorise (overfitting): the loss on the part held back was lowest at step "
            f"{best_step} ({best:.3f}) and has risen to {last:.3f}. What it was at step {best_step} is kept.",
        )
    if last >= before * LEVEL:
        return Fit(
            "levelled off",
            f"It has levelled off: the loss on the part held back went from {first:.3f} to {best:.3f} and "
            "falls no further. More steps will not help; more or better pairs may.",
        )
    return Fit(
        "learning",
        f"It is learning: the loss on the part held back went from {first:.3f} to {last:.3f} and still "
        "falls (more epochs may help).",
    )
