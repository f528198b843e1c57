"""Stage 4: how a share of the patrons took it.

Thumbs down of both versions with Jeffreys' prior, and the probability that the candidate's share is worse by
more than the margin (Beta-Binomial, 100,000 draws of a fixed seed: the third digit may be chance).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from train.evaluation.gate.facts import CanaryFacts, ThumbCounts
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding
from train.evaluation.resampling import SEED

_DRAWS = 100_000


def judge_canary(facts: CanaryFacts, limits: Thresholds) -> Iterator[Finding]:
    """Findings on the canary's traffic."""
    if facts.rolled_back:
        yield Finding("rolled-back", "fail", f"The service took it back by itself: {facts.rolled_back}")
    chance = worse_chance(facts.candidate, facts.champion, limits.canary_margin)
    yield _judge_thumbs(facts, chance, limits)
    if facts.days < limits.canary_days:
        left = math.ceil(limits.canary_days - facts.days)
        yield Finding(
            "days",
            "not enough evidence",
            f"In use for {facts.days:.0f} of {limits.canary_days:.0f} days: {left} more to go.",
        )
    else:
        yield Finding("days", "pass", f"In use for {facts.days:.0f} days.")


def worse_chance(candidate: ThumbCounts, champion: ThumbCounts, margin: float) -> float:
    """Probability that the candidate's share of thumbs down is higher by more than `margin`."""
    generator = np.random.default_rng(SEED)
    shares = [
        generator.beta(counts.down + 0.5, counts.answers - counts.down + 0.5, _DRAWS)
        for counts in (candidate, champion)
    ]
    return float(np.mean(shares[0] - shares[1] > margin))


def _judge_thumbs(facts: CanaryFacts, chance: float, limits: Thresholds) -> Finding:
    told = (
        f"{facts.candidate.down} thumbs down for {facts.candidate.answers} answers, "
        f"{facts.champion.down} for {facts.champion.answers} of the version in use; worse by more than "
        f"{limits.canary_margin * 100:.0f} points with a probability of {chance:.0%}"
    )
    if chance > limits.rollback_probability:
        return Finding("thumbs", "fail", f"{told}. Take it back.")
    missing = max(0, limits.canary_answers - facts.candidate.answers)
    if missing or chance >= 1 - limits.rollback_probability:
        more = missing or facts.candidate.answers
        return Finding(
            "thumbs", "not enough evidence", f"{told}. About {more:,} more answers are needed.", more
        )
    return Finding("thumbs", "pass", f"{told}.")
