"""OpenSearch as the engine, by its REST API: Lucene's BM25 and its k-NN plugin over FAISS, in one round trip.

Requests and replies are those of OpenSearch 2.19 and 3.x as their documentation has them. No server could be
run where this was written: the tests speak to a small server that answers in the documented shapes. Try it
against your own before you rely on it. OpenSearch's own hybrid queries are not used: fusion stays with us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray

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
from retrieval.store.lexical_query import CONTAINER, IDENTIFIER, PHRASE, SYNONYM, TIE, WEIGHTS

_BATCH = 500
_TEXTS = tuple(WEIGHTS)
_TERMS = ("container", "identifier")
_MOST_SEALS = 10_000


class OpenSearchEngine:
    """An index of passages in OpenSearch; give the client its base address, its credentials and a timeout."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name

    def prepare(self, dimension: int) -> None:
        """Make an index unless there is one of that name. Raises SearchEngineError for other vectors."""
        there = self._ask("GET", f"/{self._name}/_mapping", missing={})
        if there:
            self._check_dimension(there, dimension)
            return
        limits = {name: {"type": "integer"} for name in (*LIMITS, "row")}
        keys = {name: {"type": "keyword"} for name in ("part", "seal", *_TERMS)}
        texts = {name: {"type": "text", "analyzer": "english"} for name in _TEXTS}
        method = {"name": "hnsw", "engine": "faiss", "space_type": "innerproduct"}
        vector = {"type": "knn_vector", "dimension": dimension, "method": method}
        body = {
            "settings": {"index": {"knn": True}},
            "mappings": {
                "dynamic": False,
                "_source": {
                    "excludes": [*_TEXTS, *_TERMS, "vector"]
                },  # they are searched there, and read from here
                "properties": {**limits, **keys, **texts, "vector": vector},
            },
        }
        self._ask("PUT", f"/{self._name}", body)

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add or replace passages; searches see them after `seal`."""
        for start in range(0, len(passages), _BATCH):
            lines: list[Mapping[str, object]] = []
            for passage in passages[start : start + _BATCH]:
                lines.append({"index": {"_index": self._name, "_id": _identify(passage.part, passage.row)}})
                lines.append(_document(passage))
            self._send_bulk("/_bulk", lines)

    def seal(self, part: str) -> None:
        """A document without words or vector, which no search returns; all else is made visible first."""
        self._ask("POST", f"/{self._name}/_refresh", {})
        self._ask("PUT", f"/{self._name}/_doc/{part}-seal?refresh=true", {"seal": part})

    def sealed(self) -> frozenset[str]:
        """Parts that were sealed."""
        body = {"size": _MOST_SEALS, "query": {"exists": {"field": "seal"}}, "_source": ["seal"]}
        reply = self._ask("POST", f"/{self._name}/_search", body, missing={"hits": {"hits": []}})
        try:
            return frozenset(hit["_source"]["seal"] for hit in reply["hits"]["hits"])
        except (KeyError, TypeError) as problem:
            raise SearchEngineError(
                f"OpenSearch: expected a list of hits, found {str(reply)[:200]}"
            ) from problem

    def count(self, part: str) -> int:
        """How many passages of a part are there."""
        reply = self._ask("POST", f"/{self._name}/_count", {"query": _of_part(part)})
        return int(reply.get("count", 0))

    def delete(self, part: str, rows: Sequence[int]) -> None:
        """Remove passages of a part."""
        for start in range(0, len(rows), _BATCH):
            names = [_identify(part, row) for row in rows[start : start + _BATCH]]
            lines = [{"delete": {"_index": self._name, "_id": name}} for name in names]
            self._send_bulk("/_bulk?refresh=wait_for", lines)

    def drop(self, part: str) -> None:
        """Remove a part, its seal first."""
        self._ask("DELETE", f"/{self._name}/_doc/{part}-seal?refresh=true", missing={})
        options = "conflicts=proceed&refresh=true"
        body = {"query": _of_part(part)}
        self._ask("POST", f"/{self._name}/_delete_by_query?{options}", body, missing={})

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
        limits = _limit(scope, parts, only)
        words = {"bool": {"should": _ask_words(question), "minimum_should_match": 1, "filter": limits}}
        near = {"vector": vector.tolist(), "k": k, "filter": {"bool": {"filter": limits}}}
        shown = {"size": k, "_source": [*LIMITS, "part", "row"]}
        header: dict[str, object] = {"index": self._name}
        lines: list[Mapping[str, object]] = [
            header,
            {**shown, "query": words},
            header,
            {**shown, "query": {"knn": {"vector": near}}},
        ]
        reply = self._ask("POST", "/_msearch", lines=lines)
        try:
            lexical, dense = (_read_hits(part, scope) for part in reply["responses"])
        except (KeyError, TypeError, ValueError) as problem:
            raise SearchEngineError(
                f"OpenSearch: expected two lists of hits, found {str(reply)[:200]}"
            ) from problem
        # For inner products above 0 OpenSearch reports 1 + cosine, which no fusion of ours expects.
        return Candidates(lexical, [(place, score - 1) for place, score in dense if score > 1])

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _check_dimension(self, mapping: Mapping[str, Any], dimension: int) -> None:
        found = (
            next(iter(mapping.values()))
            .get("mappings", {})
            .get("properties", {})
            .get("vector", {})
            .get("dimension", 0)
        )
        if found != dimension:
            raise SearchEngineError(
                f"OpenSearch: expected vectors of {dimension} components in {self._name}, found {found}; "
                "give another name in the engine's address, or remove that index"
            )

    def _send_bulk(self, path: str, lines: Sequence[Mapping[str, object]]) -> None:
        reply = self._ask("POST", path, lines=lines)
        outcomes = [outcome for item in reply.get("items", []) for outcome in item.values()]
        failed = [one for one in outcomes if one.get("status", 0) >= 300 and one.get("status") != 404]
        if failed:
            raise SearchEngineError(
                f"OpenSearch refused {len(failed)} of {len(outcomes)} passages, the first: {failed[0]}"[:400]
            )

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        lines: Sequence[Mapping[str, object]] = (),
        missing: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON of whatever shape
        """The reply; `missing`, where it is given, if there is nothing at that path."""
        kind = "application/x-ndjson" if lines else "application/json"
        text = "".join(f"{json.dumps(line)}\n" for line in lines) if lines else json.dumps(body or {})
        content = None if body is None and not lines else text
        try:
            reply = self._client.request(method, path, content=content, headers={"Content-Type": kind})
            if reply.status_code == 404 and missing is not None:
                return missing
            reply.raise_for_status()
            return reply.json()
        except httpx.HTTPStatusError as refused:
            status, said = refused.response.status_code, refused.response.text[:200]
            raise SearchEngineError(
                f"OpenSearch: {method} {path} gave status {status}: {said}; see that it holds the index "
                "(reading-room index push)"
            ) from refused
        except (httpx.HTTPError, ValueError) as problem:
            raise SearchEngineError(
                f"OpenSearch: {method} {path}: {problem}; see that it runs at {self._client.base_url}"
            ) from problem


def _identify(part: str, row: int) -> str:
    return f"{part}-{row}"


def _document(passage: EnginePassage) -> Mapping[str, object]:
    words = {name: list(passage.words.get(name, ())) for name in (*_TEXTS, *_TERMS)}
    place = {"part": passage.part, "row": passage.row}
    return {**passage.limits, **place, **words, "vector": passage.vector.tolist()}


def _ask_words(question: Question) -> list[Mapping[str, object]]:
    """Each word in the field where it says most, as our own index asks; names as phrases beside."""
    fields = [f"{name}^{WEIGHTS[name]}" for name in _TEXTS]

    def match(text: str, kind: str, boost: float) -> Mapping[str, object]:
        query = {"query": text, "type": kind, "fields": fields, "boost": boost}
        return {"multi_match": query | ({"tie_breaker": TIE} if kind == "best_fields" else {"slop": 1})}

    asked = [match(word, "best_fields", 1.0) for word in question.words]
    asked += [match(word, "best_fields", SYNONYM) for word in question.added]
    asked += [match(" ".join(name), "phrase", PHRASE) for name in question.names if len(name) > 1]
    asked += [{"term": {"container": {"value": term, "boost": CONTAINER}}} for term in question.containers]
    asked += [{"term": {"identifier": {"value": term, "boost": IDENTIFIER}}} for term in question.identifiers]
    return asked or [{"match_none": {}}]


def _of_part(part: str) -> Mapping[str, object]:
    return {"term": {"part": part}}


def _limit(scope: Scope, parts: Sequence[str], only: Sequence[Place]) -> list[Mapping[str, object]]:
    limits: list[Mapping[str, object]] = [{"terms": {"part": list(parts)}}]
    if only:
        limits.append({"ids": {"values": [_identify(part, row) for part, row in only]}})
    for name, values in (("collection", scope.collections), ("level", scope.levels)):
        if values:
            limits.append({"terms": {name: list(values)}})
    if scope.years:
        first, last = scope.years
        limits.append({"range": {"first_year": {"gte": 1, "lte": last}}})
        limits.append({"range": {"last_year": {"gte": first}}})
    if scope.day is not None:
        limits.append({"range": {"withheld_until": {"lt": scope.day}}})
    return limits


def _read_hits(part: Mapping[str, Any], scope: Scope) -> Scored:
    """Places and scores of one reply, those outside `scope` left out."""
    if "error" in part:
        raise SearchEngineError(
            f"OpenSearch: {str(part['error'])[:200]}; see that it holds the index (reading-room index push)"
        )
    return [
        (place, float(hit["_score"]))
        for hit in part["hits"]["hits"]
        if admits(scope, hit["_source"]) and (place := read_place(hit["_source"]))
    ]
