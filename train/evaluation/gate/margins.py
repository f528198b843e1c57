"""One figure against its line: not worse, better, or about the same; and what it would take to know."""

from __future__ import annotations

import math
from dataclasses import dataclass

from train.evaluation.comparing import Difference
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Verdict
from train.evaluation.metrics import Better
from train.evaluation.power import more_needed, resolvable_margin


@dataclass(frozen=True, slots=True)
class Reading:
    """A verdict on a difference. `worst` is how bad it may be (positive is worse), at 95 %."""

    verdict: Verdict
    worst: float
    needed: int | None


def read_not_worse(difference: Difference, margin: float, better: Better) -> Reading:
    """Whether it is surely not worse by `margin` ("pass"), or surely worse and not shown to be within it.

    For `same`, whether it is surely within the margin on both sides, or surely outside.
    """
    if better == "same":
        return _read_same(difference, margin)
    found = _turn(difference) if better == "lower" else difference
    needed = None
    if found.low > -margin:
        return Reading("pass", -found.low, None)
    if found.high < 0:
        return Reading("fail", -found.low, None)
    if not math.isnan(found.spread):
        needed = more_needed(found.value, found.spread, found.count, found.clusters, goal=-margin)
    return Reading("not enough evidence", -found.low, needed)


def read_better(difference: Difference) -> Reading:
    """Whether it is surely better ("pass") or surely worse; more is better."""
    if difference.low > 0:
        return Reading("pass", -difference.low, None)
    if difference.high < 0:
        return Reading("fail", -difference.low, None)
    needed = None
    if not math.isnan(difference.spread):
        needed = more_needed(
            difference.value, difference.spread, difference.count, difference.clusters, goal=0.0
        )
    return Reading("not enough evidence", -difference.low, needed)


def widen_margin(margin: float, questions: int, discordant: float, limits: Thresholds) -> float:
    """The margin, or the least that so many questions can resolve where that is more, up to the widest."""
    return max(margin, min(limits.widest_margin, resolvable_margin(questions, discordant)))


def _turn(difference: Difference) -> Difference:
    return Difference(
        -difference.value,
        -difference.high,
        -difference.low,
        difference.count,
        difference.clusters,
        difference.spread,
    )


def _read_same(difference: Difference, margin: float) -> Reading:
    worst = max(-difference.low, difference.high)
    if difference.low > -margin and difference.high < margin:
        return Reading("pass", worst, None)
    if difference.high < -margin or difference.low > margin:
        return Reading("fail", worst, None)
    return Reading("not enough evidence", worst, None)
