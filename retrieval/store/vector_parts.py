"""The vectors of a snapshot, over its parts: each part is searched by itself, what was deleted left out."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.store.vectors import Mask

SPARE = 64
"""Candidates asked for beyond those wanted, so that a few deleted ones among them do no harm."""


class VectorSearch(Protocol):
    """Nearest passages by inner product."""

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: Mask | None = None
    ) -> list[tuple[int, float]]: ...


class VectorParts:
    """Exact over parts where each part is: safe to search from several threads."""

    def __init__(self, parts: Sequence[tuple[int, int, VectorSearch]], live: Mask | None) -> None:
        """`parts` are (first passage, passages, vectors); `live` marks the passages not deleted, None all."""
        self._parts = tuple(parts)
        self._live = live

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: Mask | None = None
    ) -> list[tuple[int, float]]:
        """Up to `k` (passage number, cosine), best first, among the passages that `allowed` marks."""
        found: list[tuple[int, float]] = []
        for first, count, vectors in self._parts:
            part = slice(first, first + count)
            live = None if self._live is None else self._live[part]
            if allowed is not None:
                mask = allowed[part] if live is None else allowed[part] & live
                hits = vectors.search(vector, k, mask)
            else:
                hits = _search_live(vectors, vector, k, live)
            found += [(first + number, score) for number, score in hits]
        return nlargest(k, found, key=lambda hit: (hit[1], -hit[0])) if len(self._parts) > 1 else found


def _search_live(
    vectors: VectorSearch, vector: NDArray[np.float32], k: int, live: Mask | None
) -> list[tuple[int, float]]:
    """The best that are live. A scan without a mask is twice as fast, and mostly enough."""
    if live is None or live.all():
        return vectors.search(vector, k)
    more = vectors.search(vector, k + SPARE)
    kept = [hit for hit in more if live[hit[0]]]
    if len(kept) >= k or len(more) < k + SPARE:
        return kept[:k]
    return vectors.search(vector, k, live)
