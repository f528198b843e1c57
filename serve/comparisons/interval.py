"""How often the candidate wins, and how sure that is.

A tie, and both bad, count half. The interval must not be narrower than the votes allow: votes of one judge
hang together, and so do votes on one question. So there are three intervals, and the widest counts: the
bootstrap over questions, the bootstrap over judges, and the exact one for independent votes (Clopper and
Pearson 1934, which also holds where every vote is alike and a bootstrap sees no spread).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from serve.comparisons.comparison import Choice, Vote

SCORES: dict[Choice, float] = {"candidate": 1.0, "champion": 0.0, "tie": 0.5, "neither": 0.5}
"""What a choice counts for the candidate."""
RESAMPLES = 10_000
TAIL = 0.05
"""Of each end: the interval holds 90 %, its lower bound alone 95 %."""
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class WinRate:
    """The share of votes that the candidate wins, with its 90 % interval; 0 to 1 without any votes."""

    share: float = 0.5
    low: float = 0.0
    high: float = 1.0


def measure(votes: Sequence[Vote]) -> WinRate:
    """The win rate of these votes. The same votes always give the same interval."""
    if not votes:
        return WinRate()
    scores = [SCORES[vote.choice] for vote in votes]
    share = sum(scores) / len(scores)
    bounds = [
        _find_exact(sum(scores), len(scores)),
        _resample(scores, [vote.question for vote in votes]),
        _resample(scores, [vote.judge for vote in votes]),
    ]
    return WinRate(share, min(low for low, _ in bounds), max(high for _, high in bounds))


def to_elo(share: float) -> float:
    """A win rate as a difference of Elo ratings; 60 % are 70 points."""
    bounded = min(max(share, 0.001), 0.999)
    return 400 * math.log10(bounded / (1 - bounded))


def _find_exact(wins: float, votes: int) -> tuple[float, float]:
    from scipy.special import betaincinv  # takes a moment to load

    lost = votes - wins
    low = float(betaincinv(wins, lost + 1, TAIL)) if wins > 0 else 0.0
    high = float(betaincinv(wins + 1, lost, 1 - TAIL)) if lost > 0 else 1.0
    return low, high


def _resample(scores: Sequence[float], names: Sequence[str]) -> tuple[float, float]:
    """The bootstrap interval over clusters, widened by what few of them make it too narrow."""
    _, places = np.unique(np.array(names), return_inverse=True)
    sums, sizes = np.bincount(places, scores), np.bincount(places)
    clusters = len(sums)
    share = float(sums.sum() / sizes.sum())
    if clusters < 2:
        return share, share
    rng = np.random.default_rng(_seed(names))
    draws = (rng.integers(clusters, size=(_CHUNK, clusters)) for _ in range(RESAMPLES // _CHUNK))
    shares = np.concatenate([sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1) for drawn in draws])
    low, high = np.quantile(shares, (TAIL, 1 - TAIL))
    wider = math.sqrt(clusters / (clusters - 1))
    return max(0.0, share - (share - float(low)) * wider), min(1.0, share + (float(high) - share) * wider)


def _seed(names: Iterable[str]) -> int:
    return zlib.crc32("\n".join(sorted(names)).encode())
