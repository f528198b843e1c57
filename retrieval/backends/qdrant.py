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
from itertools import pairwise
from uuid import UUID
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from retrieval.asked.questions import Question, split_words
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
from retrieval.store.lexical_fields import ANALYZED
from retrieval.store.lexical_query import CONTAINER, IDENTIFIER, PHRASE, SYNONYM, TIE, WEIGHTS

DENSE, SPARSE = "dense", "words"
_K1, _B = 1.2, 0.75
"""BM25's constants as tantivy has them."""
_USUAL_LENGTHS = {"heading": 8.0, "names": 17.0, "text": 20.0, "parent": 3.0, "breadcrumb": 10.0}
"""Words of a field on average, over two collections: tantivy counts them in each index, but a sparse vector
must be made before. The fields where words tell most come first."""
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
    return models.PointStruct(
        id=_identify(passage.part, passage.row),
        vector={DENSE: passage.vector.tolist(), SPARSE: _sparse(_weigh_passage(passage.words))},
        payload={**passage.limits, "part": passage.part, "row": passage.row},
    )


def _weigh_passage(words: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """BM25 without the rarity, for each word in each field, pair of words side by side, and exact term.

    Each field has words of its own, so that a word is as rare as it is there. It counts in the first field
    that has it, and TIE of that in the others.
    """
    weights: dict[str, float] = {}
    seen: set[str] = set()
    for field, usual in _USUAL_LENGTHS.items():
        found = _cut(field, words.get(field, ()))
        length = _K1 * (1 - _B + _B * len(found) / usual)
        terms = Counter(found if field == "names" else [*found, *_pair(found)])
        for term, count in terms.items():
            share = 1.0 if term not in seen else TIE if " " not in term else 0.0
            weights[_mark(field, term)] = share * WEIGHTS[field] * count * (_K1 + 1) / (count + length)
        seen |= terms.keys()
    exact = [_mark(field, term) for field in ("container", "identifier") for term in words.get(field, ())]
    return {term: weight for term, weight in weights.items() if weight} | dict.fromkeys(exact, 1.0)


def _pair(stems: Sequence[str]) -> list[str]:
    return [f"{first} {second}" for first, second in pairwise(stems)]


def _identify(part: str, row: int) -> str:
    """Qdrant knows points by UUIDs or numbers: 64 bits for the part, 64 for the row."""
    return str(UUID(int=int(part, 16) << 64 | row))


def _weigh_question(question: Question) -> models.SparseVector:
    """Words as often as they are asked, the trade's own words for them by less, exact terms by more."""
    terms: dict[str, float] = {}
    for field in _USUAL_LENGTHS:
        weights = {term: float(count) for term, count in Counter(_cut(field, question.words)).items()}
        for term in _cut(field, question.added):
            weights[term] = weights.get(term, 0.0) + SYNONYM
        for name in (*question.names, *map(split_words, question.quoted)):
            stems = _cut(field, name)
            turned = [*stems[-1:], *stems[:-1]]  # Homer, Winslow answers to Winslow Homer
            weights |= dict.fromkeys([*_pair(stems), *_pair(turned)], PHRASE)
        terms |= {_mark(field, term): weight for term, weight in weights.items()}
    terms |= {_mark("container", term): CONTAINER for term in question.containers}
    terms |= {_mark("identifier", term): IDENTIFIER for term in question.identifiers}
    return _sparse(terms)


def _mark(field: str, term: str) -> str:
    return f"{field}:{term}"


def _sparse(weights: dict[str, float]) -> models.SparseVector:
    """Words as 32-bit numbers; two that share one are counted together."""
    numbered: dict[int, float] = {}
    for word, weight in weights.items():
        number = crc32(word.encode())
        numbered[number] = numbered.get(number, 0.0) + float(weight)
    return models.SparseVector(indices=list(numbered), values=list(numbered.values()))


def _cut(field: str, texts: Sequence[str]) -> list[str]:
    """Words as the lexical index has them in that field: stems, but of names."""
    return [term for text in texts for term in ANALYZED[field].analyze(text)]


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
