"""Two candidate lists into one order: a convex combination of both scores, each brought to 0 to 1.

Source: Bruch, Gai and Ingber 2023 (arXiv 2210.11934).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from retrieval.ranking.board import Candidates, Floats

Scored = Iterable[tuple[int, float]]


def fuse(lexical: Scored, dense: Scored, share: float) -> Candidates:
    """Both lists as one, `share` being that of the dense scores; one missing from a list scores 0 there."""
    words, meaning = dict(lexical), dict(dense)
    numbers = np.array(sorted(words.keys() | meaning.keys()), dtype=np.int64)
    one = np.array([words.get(number, np.nan) for number in numbers.tolist()], dtype=np.float64)
    other = np.array([meaning.get(number, np.nan) for number in numbers.tolist()], dtype=np.float64)
    share = share if words else 1.0
    fused = (1 - share) * scale(one) + share * scale(other)
    order = np.argsort(-fused, kind="stable")
    return Candidates(numbers[order], one[order], other[order], fused[order])


def scale(scores: Floats) -> Floats:
    """From 0 for the lowest to 1 for the highest; 1 for all when they are equal, 0 for the missing."""
    there = ~np.isnan(scores)
    if not there.any():
        return np.zeros_like(scores)
    low, high = scores[there].min(), scores[there].max()
    scaled = np.ones_like(scores) if high == low else (scores - low) / (high - low)
    return np.where(there, scaled, 0.0)
