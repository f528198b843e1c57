"""The vectors of a snapshot, over its parts: each part is searched by itself, what was deleted left out."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import nlargest
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.store.vectors import Mask

Scored = list[tuple[int, float]]


class VectorSearch(Protocol):
    """Nearest passages by inner product."""

    def search_each(
        self, vector: NDArray[np.float32], k: int, masks: Sequence[Mask | None]
    ) -> list[Scored]: ...


class VectorParts:
    """Exact over parts where each part is: safe to search from several threads."""

    def __init__(self, parts: Sequence[tuple[int, int, VectorSearch]], live: Mask | None) -> None:
        """`parts` are (first passage, passages, vectors); `live` marks the passages not deleted, None all."""
        self._parts = [(slice(first, first + count), vectors) for first, count, vectors in parts]
        self._live = [None if live is None or live[part].all() else live[part] for part, _ in self._parts]

    def search(self, vector: NDArray[np.float32], k: int, allowed: Mask | None = None) -> Scored:
        """Up to `k` (passage number, cosine), best first, among the passages that `allowed` marks."""
        return self.search_each(vector, k, [allowed])[0]

    def search_each(self, vector: NDArray[np.float32], k: int, masks: Sequence[Mask | None]) -> list[Scored]:
        """The same under each of several masks, in one go."""
        found: list[Scored] = [[] for _ in masks]
        for (part, vectors), live in zip(self._parts, self._live, strict=True):
            narrowed = [_narrow(mask, part, live) for mask in masks]
            for hits, more in zip(found, vectors.search_each(vector, k, narrowed), strict=True):
                hits += [(part.start + number, score) for number, score in more]
        if len(self._parts) == 1:
            return found
        return [nlargest(k, hits, key=lambda hit: (hit[1], -hit[0])) for hits in found]


def _narrow(mask: Mask | None, part: slice, live: Mask | None) -> Mask | None:
    """What a mask leaves of one part."""
    if mask is None:
        return live
    return mask[part] if live is None else mask[part] & live
