"""Dense side of the index: one unit vector per passage in FAISS, read from the disk as it is needed.

Where there are few, all are scanned. Where there are many, short codes of all are scanned and the best few
times as many as are wanted are scored again by the vectors themselves. Under a filter either more of the
best are taken and the filter is applied to them, or, where that would not give enough, the passages that
the filter marks are scanned by their vectors: never a graph or a list that a filter leaves holes in.
A search asks under two masks, what may be seen and what was asked for: codes are scanned once for both.
What FAISS brings back under a selector is checked against the filter again, since some index types drop
a selector silently (faiss #5504, #5584).

One thread per search: two are slower for one question where others ask at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.embedding import Vectors
from retrieval.errors import IndexDamaged
from retrieval.store.vectors_family import Family, VectorsNote, choose_family, read_memory

BREADCRUMB_WEIGHT = 0.3
"""Share of the breadcrumb's vector; concatenating the breadcrumb to the text ruins name search instead."""
FORMAT = f"faiss {faiss.__version__} inner product, layout 2, breadcrumb {BREADCRUMB_WEIGHT}"

Mask = NDArray[np.bool_]

_TRAINING = 16_384
"""Vectors that codes are trained on: 16 centroids per code need few. Partitions get 40 for each as well."""
_SAMPLE = 100
"""Questions that recall is measured with."""
_GOOD_RECALL = 0.99
_RESCORED = (4, 8, 16, 32)
_PROBED = (32, 64, 128, 256)
_TIE = 1e-3
"""Scores closer than this count as equal: about what half precision can tell apart."""

_DEEPER = 2
"""Up to so many times as many hits are asked for to filter them afterwards, where all are scanned whole."""
_SPARE = 64
_FEW, _FEW_OF = 2000, 40
"""So many marked passages are fetched and scored by themselves, without a look at the others; or so many
that their square is 40 times all there are, since a scan of codes goes the deeper the fewer are marked."""
_NONE = np.empty(0, dtype=np.int64)

_SearchParameters: Any = faiss.SearchParameters  # its stub leaves out the keywords it takes
_AnyIndex: TypeAlias = Any  # and what the kinds of index have beyond the plain one


def compose(body: Vectors, breadcrumb: Vectors) -> Vectors:
    """normalize(body + 0.3 * breadcrumb), row by row; a breadcrumb of zeros changes nothing."""
    mixed = body + BREADCRUMB_WEIGHT * breadcrumb
    lengths = np.linalg.norm(mixed, axis=1, keepdims=True)
    scaled: Vectors = (mixed / np.where(lengths == 0, 1, lengths)).astype(np.float32)
    return scaled


def write_vectors(path: Path, vectors: Vectors, *, family: Family | None = None) -> VectorsNote:
    """Write unit vectors, numbered from 0 in row order, and say how; by default as `choose_family` has it.

    Recall is measured against all vectors in fp32. Rescoring and probing are raised until it is .99; where
    the most of both does not reach .9, all vectors are kept to be scanned instead.
    """
    faiss.omp_set_num_threads(1)  # training is many short steps: threads that wait for one another cost more
    family = family or choose_family(len(vectors), vectors.shape[1], read_memory())
    index = _build(vectors, family)
    rescored, probed, recall = _tune(index, vectors, family)
    if recall < 0.9 and family.scan != "exact":
        reason = f"{family.reason}; but {family.scan} reach only {recall:.2f} of what is nearest"
        return write_vectors(path, vectors, family=Family(scan="exact", scores=family.scores, reason=reason))
    faiss.write_index(index, str(path))
    return VectorsNote(
        scan=family.scan,
        scores=family.scores,
        factory=family.describe(len(vectors), vectors.shape[1]),
        rescored=rescored,
        probed=probed,
        recall_at_10=round(recall, 4),
        bytes_per_passage=round(path.stat().st_size / max(1, len(vectors))),
        reason=family.reason,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The best `k` among those that `mask` marks, or of all; `marked` is how many there are."""

    mask: Mask | None
    k: int
    marked: int


class VectorIndex:
    """Nearest passages by inner product; safe to search from several threads."""

    def __init__(self, path: Path, *, passages: int, dimension: int) -> None:
        """Map a file whose checksum the caller has checked. Raises IndexDamaged if its shape is wrong."""
        try:
            index: _AnyIndex = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)  # never add: that aborts
        except RuntimeError as problem:
            raise IndexDamaged(f"{path}: FAISS cannot read it; build the index again") from problem
        found = (index.ntotal, index.d)
        if found != (passages, dimension):
            raise IndexDamaged(
                f"{path}: expected {passages} vectors of {dimension}, found {found[0]} of {found[1]}; "
                "build the index again"
            )
        self._index = index
        self._has_codes = hasattr(index, "refine_index")
        self._codes: _AnyIndex = faiss.downcast_index(index.base_index) if self._has_codes else index
        self._rescored: float = index.k_factor if self._has_codes else 1
        self._vectors: _AnyIndex = faiss.downcast_index(index.refine_index) if self._has_codes else index
        self._half = _view_half(self._vectors)

    def search(
        self, vector: NDArray[np.float32], k: int, allowed: Mask | None = None
    ) -> list[tuple[int, float]]:
        """Up to `k` (passage number, cosine), best first, among the passages that `allowed` marks."""
        return self.search_each(vector, k, [allowed])[0]

    def search_each(
        self, vector: NDArray[np.float32], k: int, masks: Sequence[Mask | None]
    ) -> list[list[tuple[int, float]]]:
        """The same under each of several masks; codes are scanned once for all of them."""
        faiss.omp_set_num_threads(1)
        query = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
        asked = [_Asked(mask, min(k, marked), marked) for mask in masks for marked in (self._count(mask),)]
        if not self._has_codes:
            return [self._search_all(query, one) for one in asked]
        depth = max(self._find_depth(one) for one in asked)
        nearest = self._codes.search(query, depth)[1][0] if depth else _NONE
        return [self._score_best(query, one, nearest) for one in asked]

    def _count(self, mask: Mask | None) -> int:
        return int(self._index.ntotal if mask is None else np.count_nonzero(mask))

    def _is_few(self, asked: _Asked) -> bool:
        return asked.marked <= max(_FEW, math.isqrt(_FEW_OF * self._index.ntotal))

    def _find_depth(self, asked: _Asked) -> int:
        """How many of the nearest by their codes have to be looked at to have enough that are marked."""
        if asked.mask is None:
            return min(int(self._index.ntotal), math.ceil(self._rescored * asked.k))
        if self._is_few(asked):
            return 0
        total = int(self._index.ntotal)
        return min(total, math.ceil(1.25 * self._rescored * asked.k * total / asked.marked) + _SPARE)

    def _score_best(
        self, query: NDArray[np.float32], asked: _Asked, nearest: NDArray[np.int64]
    ) -> list[tuple[int, float]]:
        """The best by their vectors, of all that are marked or of those with the nearest codes."""
        if not asked.k:
            return []
        if asked.mask is not None and self._is_few(asked):
            return self._score(query, np.flatnonzero(asked.mask), asked.k)
        nearest = nearest[nearest >= 0]
        places = nearest if asked.mask is None else nearest[asked.mask[nearest]]
        if asked.mask is not None and len(places) < asked.k:
            return self._search_marked(query, asked.mask, asked.k)
        return self._score(query, np.sort(places[: math.ceil(self._rescored * asked.k)]), asked.k)

    def _search_all(self, query: NDArray[np.float32], asked: _Asked) -> list[tuple[int, float]]:
        """The best where there are no codes: every vector is scored, or every one that is marked."""
        mask, k = asked.mask, asked.k
        if mask is None or not k:
            return self._scan(query, k) if k else []
        if self._is_few(asked):
            return self._score(query, np.flatnonzero(mask), k)
        deeper = math.ceil(1.25 * k * len(mask) / asked.marked) + _SPARE
        if deeper <= min(_DEEPER * k + _SPARE, self._index.ntotal):
            found = [hit for hit in self._scan(query, deeper) if mask[hit[0]]]
            if len(found) >= k:
                return found[:k]
        return self._search_marked(query, mask, k)

    def _search_marked(self, query: NDArray[np.float32], mask: Mask, k: int) -> list[tuple[int, float]]:
        """The best of those that are marked, each of them scored."""
        bits = np.packbits(mask, bitorder="little")
        selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
        found_scores, numbers = self._vectors.search(query, k, params=_SearchParameters(sel=selector))
        return [hit for hit in _pair(numbers[0], found_scores[0]) if mask[hit[0]]]

    def _scan(self, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        scores, numbers = self._index.search(query, k)
        return _pair(numbers[0], scores[0])

    def _score(
        self, query: NDArray[np.float32], places: NDArray[np.int64], k: int
    ) -> list[tuple[int, float]]:
        """The best `k` of these places by their vectors; the lower number first among equals."""
        scores = self.reconstruct(places) @ query[0]
        best = np.argsort(-scores, kind="stable")[:k]
        return _pair(places[best], scores[best])

    def reconstruct(self, numbers: NDArray[np.integer]) -> Vectors:
        """Vectors by number, one row each, in the precision they are kept in."""
        if self._half is not None:
            return np.asarray(self._half[numbers], dtype=np.float32)
        return np.asarray(self._vectors.reconstruct_batch(numbers.astype(np.int64)), dtype=np.float32)


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


def _build(vectors: Vectors, family: Family) -> _AnyIndex:
    count, dimension = vectors.shape
    index: _AnyIndex = faiss.index_factory(
        dimension, family.describe(count, dimension), faiss.METRIC_INNER_PRODUCT
    )
    wanted = _TRAINING
    if family.scan == "partitions":
        wanted += 40 * faiss.extract_index_ivf(index.base_index).nlist
    if count > wanted:
        drawn = np.sort(np.random.default_rng(count).choice(count, wanted, replace=False))
        index.train(np.ascontiguousarray(vectors[drawn]))
    else:
        index.train(vectors)
    index.add(vectors)
    return index


def _tune(index: _AnyIndex, vectors: Vectors, family: Family) -> tuple[int, int, float]:
    """Set how much is rescored and probed; (rescored, probed, recall at 10)."""
    questions, nearest = _sample(vectors)
    if family.scan == "exact":
        return 1, 0, _measure(index, vectors, questions, nearest)
    rescored, probed, recall = _RESCORED[0], 0, 0.0
    for probed in _PROBED if family.scan == "partitions" else (0,):
        if probed:
            faiss.extract_index_ivf(index.base_index).nprobe = probed
        for rescored in _RESCORED:
            index.k_factor = rescored
            recall = _measure(index, vectors, questions, nearest)
            if recall >= _GOOD_RECALL:
                return rescored, probed, recall
    return rescored, probed, recall


def _sample(vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Midpoints of two vectors drawn at random, and the scores of the ten nearest to each, best first.

    Such points lie between topics, as questions do. Against 407 real questions, recall with them was as
    high or lower, so it does not flatter.
    """
    drawn = np.random.default_rng(len(vectors)).integers(0, max(1, len(vectors)), (2, _SAMPLE))
    middle = vectors[drawn[0]] + vectors[drawn[1]] if len(vectors) else vectors
    questions = np.asarray(middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9))
    scores = np.empty((len(questions), 0), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        scores = np.hstack([scores, questions @ vectors[start : start + _BLOCK].T])
        scores = -np.sort(-scores, axis=1)[:, :10]
    return np.ascontiguousarray(questions, dtype=np.float32), scores


_BLOCK = 16_384


def _measure(index: _AnyIndex, vectors: Vectors, questions: Vectors, nearest: Vectors) -> float:
    """Share of the ten best found that are as near as the tenth nearest, by their scores in fp32."""
    depth = nearest.shape[1]
    if not depth:
        return 1.0
    _, numbers = index.search(questions, max(depth, min(100, len(vectors))))
    rows = vectors[np.maximum(numbers[:, :depth], 0)]
    scores = np.where(numbers[:, :depth] >= 0, np.einsum("qd,qkd->qk", questions, rows), -np.inf)
    return float((scores >= nearest[:, -1:] - _TIE).mean())


def _view_half(index: _AnyIndex) -> NDArray[np.float16] | None:
    """The vectors of an index in half precision, where they lie; None for one of another precision.

    numpy turns a few thousand of them into fp32 in a quarter of the time that FAISS takes to.
    """
    if index.sq.qtype != faiss.ScalarQuantizer.QT_fp16 or not index.ntotal:
        return None
    bytes_there = faiss.rev_swig_ptr(index.codes.data(), index.ntotal * index.code_size)
    half: NDArray[np.float16] = bytes_there.view(np.float16).reshape(index.ntotal, index.d)
    return half


def _pair(numbers: NDArray[np.int64], scores: NDArray[np.float32]) -> list[tuple[int, float]]:
    return [(int(number), float(score)) for number, score in zip(numbers, scores, strict=True) if number >= 0]
