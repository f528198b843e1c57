"""Drawing whole clusters again and again, and bounds from what comes of it.

A cluster is drawn with all its questions (Cameron, Gelbach and Miller 2008; for evaluations of language
models Miller 2024), for questions on the same records are right or wrong together. Two things that the plain
percentile bootstrap gets wrong are put right:

- With few clusters it is too narrow. The quantile is taken further out, as the t distribution is wider than
  the normal and as n is more than n - 1 (Hesterberg 2015, "expanded percentile").
- What no question showed is drawn in no resample, and what few showed too seldom: twenty answers without a
  change "prove" that nothing ever changes, and two that got worse with none better are as skewed as a figure
  gets. So no bound of a difference is nearer than the exact one (Clopper and Pearson 1934) of the losses
  alone, or of the gains alone, with each cluster taken for one trial (`bound_losses`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

SEED = 20240229
RESAMPLES = 10_000
CONFIDENCE = 0.95
"""Of each bound by itself: both together hold 90 %."""
_AT_ONCE = 1000
_NOTHING = 1e-12
"""What is lost by rounding."""

Floats = NDArray[np.float64]


def number_clusters(clusters: Sequence[str]) -> tuple[NDArray[np.intp], int]:
    """A number from 0 for each question's cluster, in the order of their names, and how many there are."""
    names, codes = np.unique(np.asarray(clusters, dtype=np.str_), return_inverse=True)
    return codes.reshape(-1), len(names)


def sum_clusters(values: Floats, codes: NDArray[np.intp], clusters: int) -> Floats:
    """Sums of the rows of `values` (questions, columns) by cluster: (clusters, columns)."""
    sums = np.zeros((clusters, values.shape[1]))
    np.add.at(sums, codes, values)
    return sums


def resample(sums: Floats, *, seed: int = SEED, resamples: int = RESAMPLES) -> Floats:
    """Totals of `resamples` drawings of clusters with replacement: (resamples, columns).

    The same sums and seed give the same totals.
    """
    clusters = len(sums)
    generator = np.random.default_rng(seed)
    return np.concatenate([counts @ sums for counts in _draw(clusters, generator, resamples)])


def _draw(clusters: int, generator: np.random.Generator, resamples: int) -> Iterator[Floats]:
    """How often each cluster is drawn, a thousand drawings at a time to bound the memory."""
    for start in range(0, resamples, _AT_ONCE):
        many = min(_AT_ONCE, resamples - start)
        picks = generator.integers(0, clusters, (many, clusters))
        picks += np.arange(many)[:, None] * clusters
        counts = np.bincount(picks.ravel(), minlength=many * clusters)
        yield counts.reshape(many, clusters).astype(np.float64)


def bound(values: Floats, clusters: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The lower and the upper bound of resampled figures; NaN, "not known", for less than two clusters.

    Resamples in which nothing bears on the figure are NaN and passed over.
    """
    known = values[np.isfinite(values)]
    if clusters < 2 or not len(known):
        return math.nan, math.nan
    outside = _expand(clusters, confidence)
    low, high = np.quantile(known, (outside, 1 - outside))
    return float(low), float(high)


def bound_share(share: float, clusters: int, confidence: float = CONFIDENCE) -> float:
    """The exact upper bound of a share that was seen in so many clusters."""
    from scipy.special import betaincinv

    seen = share * clusters
    if seen >= clusters or not clusters:
        return 1.0
    return float(betaincinv(seen + 1, clusters - seen, confidence))


def bound_losses(parts: Floats, clusters: int, confidence: float = CONFIDENCE) -> float:
    """The upper bound of what is lost, where `parts` is what each cluster adds to a difference.

    The exact bound of the share of clusters that lose, each as much as those seen lose, weighted by what they
    lose (as many equal ones would vary as much); and no less than what so many clusters can miss altogether,
    each lost wholly.
    """
    lost = -parts[parts < -_NOTHING]
    unseen = bound_share(0.0, clusters, confidence)
    if not len(lost):
        return unseen
    share = min(1.0, float(lost.sum() ** 2 / (lost**2).sum()) / clusters)
    return max(unseen, float(lost.sum()) / share * bound_share(share, clusters, confidence))


@cache
def _expand(clusters: int, confidence: float) -> float:
    """The share of resamples outside a bound."""
    from scipy.special import ndtr, stdtrit

    reach = math.sqrt(clusters / (clusters - 1)) * stdtrit(clusters - 1, confidence)
    return float(ndtr(-reach))
