"""Qdrant as the engine: dense vectors, and BM25 as sparse vectors whose rarity Qdrant itself counts.

Through qdrant-client, so `:memory:` or a folder runs without a server and a URL asks one. Its own fusion is
not used: its ranks begin elsewhere than the published RRF's, and ours reads the question.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from retrieval.asked.questions import Question
from retrieval.backends.engine import Candidates, EngineError, EnginePassage, Scored, admits
from retrieval.store.lexical import Scope
from retrieval.store.lexical_fields import WORDS
from retrieval.store.lexical_query import SYNONYM

DENSE, SPARSE = "dense", "words"
_K1, _B, _USUAL_LENGTH = 1.2, 0.75, 40.0
"""BM25's constants as tantivy has them; the usual length, in words, of a passage with its breadcrumb."""
_BATCH = 256


class QdrantEngine:
    """A collection of passages in Qdrant."""

    def __init__(self, client: QdrantClient, name: str) -> None:
        self._client = client
        self._name = name

    def create(self, dimension: int) -> None:
        """Make an empty collection in place of one of that name."""
        try:
            self._client.delete_collection(self._name)
            self._client.create_collection(
                self._name,
                vectors_config={
                    DENSE: models.VectorParams(size=dimension, distance=models.Distance.DOT, on_disk=True)
                },
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
        except (ApiException, ValueError, OSError) as problem:
            raise _explain(problem) from problem

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add or replace passages."""
        for start in range(0, len(passages), _BATCH):
            points = [_point(passage) for passage in passages[start : start + _BATCH]]
            try:
                self._client.upsert(self._name, points, wait=True)
            except (ApiException, ValueError, OSError) as problem:
                raise _explain(problem) from problem

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove passages."""
        try:
            self._client.delete(self._name, models.PointIdsList(points=list(numbers)), wait=True)
        except (ApiException, ValueError, OSError) as problem:
            raise _explain(problem) from problem

    def gather(self, question: Question, vector: NDArray[np.float32], k: int, scope: Scope) -> Candidates:
        """Up to `k` passages by words and `k` by meaning, within `scope`."""
        limits = _limit(scope)
        asked = _weigh_question(question)
        lexical = self._query(asked, SPARSE, k, limits, scope) if asked.indices else []
        return Candidates(lexical, self._query(vector.tolist(), DENSE, k, limits, scope))

    def _query(
        self,
        query: models.SparseVector | list[float],
        using: str,
        k: int,
        limits: models.Filter,
        scope: Scope,
    ) -> Scored:
        try:
            found = self._client.query_points(
                self._name, query=query, using=using, limit=k, query_filter=limits, with_payload=True
            )
        except (ApiException, ValueError, OSError) as problem:
            raise _explain(problem) from problem
        return [
            (int(point.id), float(point.score))
            for point in found.points
            if point.score > 0 and admits(scope, point.payload or {})
        ]


def _point(passage: EnginePassage) -> models.PointStruct:
    words = _stem(f"{passage.heading} {passage.text} {passage.breadcrumb}")
    length = _K1 * (1 - _B + _B * len(words) / _USUAL_LENGTH)
    weights = {word: count * (_K1 + 1) / (count + length) for word, count in Counter(words).items()}
    return models.PointStruct(
        id=passage.number,
        vector={DENSE: passage.vector.tolist(), SPARSE: _sparse(weights)},
        payload=dict(passage.limits),
    )


def _weigh_question(question: Question) -> models.SparseVector:
    """Words as often as they are asked, and the trade's own words for them by less."""
    asked = Counter(_stem(" ".join(question.words)))
    weights = {word: float(count) for word, count in asked.items()}
    for word in _stem(" ".join(question.added)):
        weights.setdefault(word, SYNONYM)
    return _sparse(weights)


def _sparse(weights: dict[str, float]) -> models.SparseVector:
    """Words as 32-bit numbers; two that share one are counted together."""
    numbered: dict[int, float] = {}
    for word, weight in weights.items():
        number = crc32(word.encode())
        numbered[number] = numbered.get(number, 0.0) + float(weight)
    return models.SparseVector(indices=list(numbered), values=list(numbered.values()))


def _stem(text: str) -> list[str]:
    return list(WORDS.analyze(text))


def _limit(scope: Scope) -> models.Filter:
    return models.Filter(must=list(_conditions(scope)))


def _conditions(scope: Scope) -> Iterable[models.FieldCondition]:
    for key, values in (("collection", scope.collections), ("level", scope.levels)):
        if values:
            yield models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))
    if scope.years:
        first, last = scope.years
        yield models.FieldCondition(key="first_year", range=models.Range(gte=1, lte=last))
        yield models.FieldCondition(key="last_year", range=models.Range(gte=first))
    if scope.day is not None:
        yield models.FieldCondition(key="withheld_until", range=models.Range(lt=scope.day))


def _explain(problem: Exception) -> EngineError:
    reason = " ".join(str(problem).split())[:200]
    return EngineError(f"Qdrant: {reason}; see that it runs, and that the collection is made")
