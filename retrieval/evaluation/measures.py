"""Measures of ranked answers and of decisions, with the interval each is known to.

Definitions follow trec_eval: nDCG with a log2 discount and the ideal order of the same gains (Järvelin
and Kekäläinen 2002), reciprocal rank of the first relevant hit. Shares have Wilson's score interval
(Wilson 1927), means a percentile bootstrap (Efron 1979) with a fixed seed, both at 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_Z = 1.959963984540054
"""Standard normal quantile of 0.975."""
_RESAMPLES = 2000
_SEED = 20240229


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share or a mean with its 95 % interval, over `count` questions; 0 to 1, and all 0 for none."""

    value: float
    low: float
    high: float
    count: int


def estimate_share(values: Sequence[bool]) -> Estimate:
    """The share that is true, with Wilson's interval: sound for few questions and near 0 and 1."""
    count = len(values)
    if not count:
        return Estimate(0.0, 0.0, 0.0, 0)
    share = sum(values) / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    reach = _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)) / (1 + _Z**2 / count)
    return Estimate(share, min(share, max(0.0, middle - reach)), max(share, min(1.0, middle + reach)), count)


def estimate_mean(values: Sequence[float]) -> Estimate:
    """The mean, with the middle 95 % of the means of 2,000 resamples; the same values give the same."""
    if not values:
        return Estimate(0.0, 0.0, 0.0, 0)
    given = np.asarray(values, dtype=np.float64)
    picks = np.random.default_rng(_SEED).integers(0, len(given), size=(_RESAMPLES, len(given)))
    low, high = np.quantile(given[picks].mean(axis=1), (0.025, 0.975))
    return Estimate(float(given.mean()), float(low), float(high), len(given))


def discounted_gain(gains: Sequence[float], ideal: Sequence[float], k: int) -> float:
    """nDCG@k: `gains` in the order of the hits, `ideal` the gains of all that is relevant; 0 for no ideal."""
    best = _discount(sorted(ideal, reverse=True)[:k])
    return _discount(gains[:k]) / best if best else 0.0


def quantile(values: Sequence[float], share: float) -> float:
    """A value of `values` that `share` of them do not exceed (nearest rank); 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def _discount(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))
