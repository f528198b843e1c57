"""Dense side of the index: one unit vector per passage in FAISS, always scanned exactly.

Filters go first: a bitmap picks the passages that may be seen and FAISS scans those. What comes back
is checked against the same bitmap again, since some FAISS index types drop a selector silently
(faiss #5504, #5584).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Vectors
from retrieval.errors import IndexDamaged

BREADCRUMB_WEIGHT = 0.3
"""Share of the breadcrumb's vector; concatenating the breadcrumb to the text ruins name search instead."""
FORMAT = f"faiss {faiss.__version__} IDMap2,SQfp16 inner product, breadcrumb {BREADCRUMB_WEIGHT}"

Mask = NDArray[np.bool_]

_SearchParameters: Any = faiss.SearchParameters  # its stub leaves out the keywords it takes


def compose(body: Vectors, breadcrumb: Vectors) -> Vectors:
    """normalize(body + 0.3 * breadcrumb), row by row; a breadcrumb of zeros changes nothing."""
    mixed = body + BREADCRUMB_WEIGHT * breadcrumb
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    scaled: Vectors = (mixed / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return scaled


def write_vectors(path: Path, vectors: Vectors) -> None:
    """Write unit vectors, numbered from 0 in row order, as half-precision floats."""
    index = faiss.IndexIDMap2(
        faiss.IndexScalarQuantizer(
            vectors.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
    )
    index.train(vectors)
    index.add_with_ids(vectors, np.arange(len(vectors), dtype=np.int64))
    faiss.write_index(index, str(path))


class VectorIndex:
    """Exact nearest passages by inner product; safe to search from several threads."""

    def __init__(self, path: Path, *, passages: int, dimension: int) -> None:
        """Read a file whose checksum the caller has checked. Raises IndexDamaged if its shape is wrong."""
        try:
            self._index: Any = faiss.read_index(str(path))
        except RuntimeError as problem:
            raise IndexDamaged(f"{path}: FAISS cannot read it; build the index again") from problem
        found = (self._index.ntotal, self._index.d)
        if found != (passages, dimension):
            raise IndexDamaged(
                f"{path}: expected {passages} vectors of {dimension}, found {found[0]} of {found[1]}; "
                "build the index again"
            )

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: Mask | None = None
    ) -> list[tuple[int, float]]:
        """Up to `k` (passage number, cosine), best first, among the passages that `allowed` marks."""
        faiss.omp_set_num_threads(1)  # per thread; one query is slower on two cores than on one
        query = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
        k = min(k, self._index.ntotal)
        if k == 0 or (allowed is not None and not allowed.any()):
            return []
        if allowed is None:
            scores, numbers = self._index.search(query, k)
            return _pair(numbers[0], scores[0])
        bits = np.packbits(allowed, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        scores, numbers = self._index.search(query, k, params=_SearchParameters(sel=selector))
        return [(number, score) for number, score in _pair(numbers[0], scores[0]) if allowed[number]]

    def reconstruct(self, numbers: NDArray[np.int32]) -> Vectors:
        """Vectors by number, one row each."""
        inner = faiss.downcast_index(self._index.index)
        return np.asarray(inner.reconstruct_batch(numbers.astype(np.int64)), dtype=np.float32)

    def reconstruct_all(self) -> Vectors:
        """All vectors, in row order."""
        inner = faiss.downcast_index(self._index.index)
        return np.asarray(inner.reconstruct_n(0, inner.ntotal), dtype=np.float32)


def embed_unique(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], Vectors],
    dimension: int,
    done: Callable[[int], None],
) -> Vectors:
    """Encode each distinct text once, longest first; `done` hears how many rows each slice filled."""
    vectors = np.zeros((len(texts), dimension), dtype=np.float32)
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        places.setdefault(text, []).append(place)
    distinct = sorted(places, key=len, reverse=True)
    for start in range(0, len(distinct), _SLICE):
        part = distinct[start : start + _SLICE]
        filled = 0
        for text, vector in zip(part, encode(part), strict=True):
            vectors[places[text]] = vector
            filled += len(places[text])
        done(filled)
    return vectors


_SLICE = 512


def _pair(numbers: NDArray[np.int64], scores: NDArray[np.float32]) -> list[tuple[int, float]]:
    return [(int(number), float(score)) for number, score in zip(numbers, scores, strict=True) if number >= 0]
