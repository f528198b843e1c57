"""Qdrant as the engine: dense vectors, and BM25 as sparse vectors whose rarity Qdrant itself counts.

Through qdrant-client, so that a folder runs without a server (for one process at a time) and a URL asks one.
Its own fusion is not used: its ranks begin elsewhere than the published RRF's, and ours reads the question.
The client sends nothing to anybody but the server it is given; a Qdrant server does, unless it is started
with QDRANT__TELEMETRY_DISABLED=true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import UUID
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from retrieval.asked.questions import Question
from retrieval.backends.engine import (
    LIMITS,
    Candidates,
    EnginePassage,
    Place,
    Scored,
    admits,
    read_place,
)
from retrieval.errors import SearchEngineError
from retrieval.store.lexical import Scope
from retrieval.store.lexical_fields import WORDS
from retrieval.store.lexical_query import SYNONYM

DENSE, SPARSE = "dense", "words"
_K1, _B, _USUAL_LENGTH = 1.2, 0.75, 40.0
"""BM25's constants as tantivy has them; the usual length, in words, of a passage with its breadcrumb."""
_BATCH = 256
_SEAL_ROW = 2**64 - 1
_MOST_SEALS = 10_000


class QdrantEngine:
    """A collection of passages in Qdrant; `is_server` where the client asks a server."""

    def __init__(self, client: QdrantClient, name: str, *, is_server: bool = False) -> None:
        self._client = client
        self._name = name
        self._is_server = is_server

    def prepare(self, dimension: int) -> None:
        """Make a collection unless there is one of that name. Raises SearchEngineError for other vectors."""
        with _explained():
            if self._client.collection_exists(self._name):
                self._check_dimension(dimension)
                return
            self._client.create_collection(
                self._name,
                vectors_config={
                    DENSE: models.VectorParams(size=dimension, distance=models.Distance.DOT, on_disk=True)
                },
                sparse_vectors_config={SPARSE: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
            if self._is_server:  # in one process the client scans whatever is asked, and says so in a warning
                for field in ("part", "seal"):
                    self._client.create_payload_index(self._name, field, models.PayloadSchemaType.KEYWORD)
                for field in LIMITS:
                    self._client.create_payload_index(self._name, field, models.PayloadSchemaType.INTEGER)

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add or replace passages."""
        for start in range(0, len(passages), _BATCH):
            points = [_point(passage) for passage in passages[start : start + _BATCH]]
            with _explained():
                self._client.upsert(self._name, points, wait=True)

    def seal(self, part: str) -> None:
        """A point without vectors, which no search returns."""
        seal = models.PointStruct(id=_identify(part, _SEAL_ROW), vector={}, payload={"seal": part})
        with _explained():
            self._client.upsert(self._name, [seal], wait=True)

    def sealed(self) -> frozenset[str]:
        """Parts that were sealed."""
        has_seal = models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key="seal"))])
        with _explained():
            if not self._client.collection_exists(self._name):
                return frozenset()
            points, _ = self._client.scroll(self._name, has_seal, limit=_MOST_SEALS, with_payload=True)
        return frozenset(str((point.payload or {}).get("seal")) for point in points)

    def count(self, part: str) -> int:
        """How many passages of a part are there."""
        with _explained():
            return int(self._client.count(self._name, _of_parts([part]), exact=True).count)

    def delete(self, part: str, rows: Sequence[int]) -> None:
        """Remove passages of a part."""
        for start in range(0, len(rows), _BATCH):
            points: list[models.ExtendedPointId] = [
                _identify(part, row) for row in rows[start : start + _BATCH]
            ]
            with _explained():
                self._client.delete(self._name, models.PointIdsList(points=points), wait=True)

    def drop(self, part: str) -> None:
        """Remove a part, its seal first."""
        with _explained():
            if self._client.collection_exists(self._name):
                seal = models.PointIdsList(points=[_identify(part, _SEAL_ROW)])
                self._client.delete(self._name, seal, wait=True)
                self._client.delete(self._name, models.FilterSelector(filter=_of_parts([part])), wait=True)

    def gather(
        self,
        question: Question,
        vector: NDArray[np.float32],
        k: int,
        scope: Scope,
        parts: Sequence[str],
        only: Sequence[Place] = (),
    ) -> Candidates:
        """Up to `k` passages by words and `k` by meaning, asked for together."""
        limits = models.Filter(must=list(_conditions(scope, parts, only)))
        words = _weigh_question(question)
        asked: list[tuple[models.SparseVector | list[float], str]] = [(vector.tolist(), DENSE)]
        if words.indices:
            asked.append((words, SPARSE))
        with _explained():
            replies = self._client.query_batch_points(
                self._name,
                [
                    models.QueryRequest(query=query, using=using, limit=k, filter=limits, with_payload=True)
                    for query, using in asked
                ],
            )
        found = [
            [
                (place, float(point.score))
                for point in reply.points
                if point.score > 0
                and admits(scope, point.payload or {})
                and (place := read_place(point.payload or {}))
            ]
            for reply in replies
        ]
        lexical: Scored = found[1] if len(found) > 1 else []
        return Candidates(lexical, found[0])

    def close(self) -> None:
        """Close the client; a folder may then be opened by another process."""
        self._client.close()

    def _check_dimension(self, dimension: int) -> None:
        vectors = self._client.get_collection(self._name).config.params.vectors
        size = vectors[DENSE].size if isinstance(vectors, Mapping) and DENSE in vectors else 0
        if size != dimension:
            raise SearchEngineError(
                f"Qdrant: expected vectors of {dimension} components in {self._name}, found {size}; "
                "give another name in the engine's address, or remove that collection"
            )


def _point(passage: EnginePassage) -> models.PointStruct:
    words = _stem(f"{passage.heading} {passage.text} {passage.breadcrumb} {passage.names}")
    length = _K1 * (1 - _B + _B * len(words) / _USUAL_LENGTH)
    weights = {word: count * (_K1 + 1) / (count + length) for word, count in Counter(words).items()}
    return models.PointStruct(
        id=_identify(passage.part, passage.row),
        vector={DENSE: passage.vector.tolist(), SPARSE: _sparse(weights)},
        payload={**passage.limits, "part": passage.part, "row": passage.row},
    )


def _identify(part: str, row: int) -> str:
    """Qdrant knows points by UUIDs or numbers: 64 bits for the part, 64 for the row."""
    return str(UUID(int=int(part, 16) << 64 | row))


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


def _of_parts(parts: Sequence[str]) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key="part", match=models.MatchAny(any=list(parts)))])


def _conditions(
    scope: Scope, parts: Sequence[str], only: Sequence[Place]
) -> Iterable[models.FieldCondition | models.HasIdCondition]:
    yield models.FieldCondition(key="part", match=models.MatchAny(any=list(parts)))
    if only:
        yield models.HasIdCondition(has_id=[_identify(part, row) for part, row in only])
    for key, values in (("collection", scope.collections), ("level", scope.levels)):
        if values:
            yield models.FieldCondition(key=key, match=models.MatchAny(any=list(values)))
    if scope.years:
        first, last = scope.years
        yield models.FieldCondition(key="first_year", range=models.Range(gte=1, lte=last))
        yield models.FieldCondition(key="last_year", range=models.Range(gte=first))
    if scope.day is not None:
        yield models.FieldCondition(key="withheld_until", range=models.Range(lt=scope.day))


@contextmanager
def _explained() -> Iterator[None]:
    """What the client raises, as a SearchEngineError."""
    try:
        yield
    except (ApiException, ValueError, OSError, RuntimeError) as problem:
        reason = " ".join(str(problem).split())[:200]
        raise SearchEngineError(
            f"Qdrant does not do what it is asked: {reason}; see that it runs, and that it holds the index "
            "(reading-room index push)"
        ) from problem
