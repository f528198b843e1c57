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
from retrieval.backends.engine import LIMITS, Candidates, EngineError, EnginePassage, Scored, admits
from retrieval.store.lexical import Scope
from retrieval.store.lexical_query import PHRASE, SYNONYM, TIE, WEIGHTS

_BATCH = 500
_FIELDS = ("heading", "text", "breadcrumb")


class OpenSearchEngine:
    """An index of passages in OpenSearch; give the client its base address, its credentials and a timeout."""

    def __init__(self, client: httpx.Client, name: str) -> None:
        self._client = client
        self._name = name

    def create(self, dimension: int) -> None:
        """Make an empty index in place of one of that name."""
        self._ask("DELETE", f"/{self._name}?ignore_unavailable=true")
        limits = {name: {"type": "integer"} for name in LIMITS}
        texts = {name: {"type": "text", "analyzer": "english"} for name in _FIELDS}
        method = {"name": "hnsw", "engine": "faiss", "space_type": "innerproduct"}
        vector = {"type": "knn_vector", "dimension": dimension, "method": method}
        body = {
            "settings": {"index": {"knn": True}},
            "mappings": {"dynamic": False, "properties": {**limits, **texts, "vector": vector}},
        }
        self._ask("PUT", f"/{self._name}", body)

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add or replace passages; searches see them when this returns."""
        for start in range(0, len(passages), _BATCH):
            lines: list[Mapping[str, object]] = []
            for passage in passages[start : start + _BATCH]:
                lines.append({"index": {"_index": self._name, "_id": str(passage.number)}})
                lines.append(_document(passage))
            self._send_bulk(lines)

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove passages."""
        for start in range(0, len(numbers), _BATCH):
            part = numbers[start : start + _BATCH]
            self._send_bulk([{"delete": {"_index": self._name, "_id": str(number)}} for number in part])

    def gather(self, question: Question, vector: NDArray[np.float32], k: int, scope: Scope) -> Candidates:
        """Up to `k` passages by words and `k` by meaning, within `scope`, asked for together."""
        limits = _limit(scope)
        words = {"bool": {"should": _ask_words(question), "minimum_should_match": 1, "filter": limits}}
        near: dict[str, object] = {"vector": vector.tolist(), "k": k}
        if limits:
            near["filter"] = {"bool": {"filter": limits}}
        shown: dict[str, object] = {"size": k, "_source": list(LIMITS)}
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
            raise EngineError(
                f"OpenSearch: expected two lists of hits, found {str(reply)[:200]}"
            ) from problem
        # For inner products above 0 OpenSearch reports 1 + cosine, which no fusion of ours expects.
        return Candidates(lexical, [(number, score - 1) for number, score in dense if score > 1])

    def _send_bulk(self, lines: Sequence[Mapping[str, object]]) -> None:
        reply = self._ask("POST", "/_bulk?refresh=wait_for", lines=lines)
        outcomes = [outcome for item in reply.get("items", []) for outcome in item.values()]
        failed = [one for one in outcomes if one.get("status", 0) >= 300 and one.get("status") != 404]
        if failed:
            raise EngineError(
                f"OpenSearch refused {len(failed)} of {len(outcomes)} passages, the first: {failed[0]}"[:400]
            )

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        lines: Sequence[Mapping[str, object]] = (),
    ) -> Any:  # noqa: ANN401 - JSON of whatever shape
        kind = "application/x-ndjson" if lines else "application/json"
        text = "".join(f"{json.dumps(line)}\n" for line in lines) if lines else json.dumps(body or {})
        content = None if body is None and not lines else text
        try:
            reply = self._client.request(method, path, content=content, headers={"Content-Type": kind})
            reply.raise_for_status()
            return reply.json()
        except httpx.HTTPStatusError as refused:
            status, said = refused.response.status_code, refused.response.text[:200]
            raise EngineError(f"OpenSearch: {method} {path} gave status {status}: {said}") from refused
        except (httpx.HTTPError, ValueError) as problem:
            raise EngineError(
                f"OpenSearch: {method} {path}: {problem}; see that it runs at {self._client.base_url}"
            ) from problem


def _document(passage: EnginePassage) -> Mapping[str, object]:
    texts = {"heading": passage.heading, "text": passage.text, "breadcrumb": passage.breadcrumb}
    return {**passage.limits, **texts, "vector": passage.vector.tolist()}


def _ask_words(question: Question) -> list[Mapping[str, object]]:
    """Each word in the field where it says most, as our own index asks; names as phrases beside."""
    fields = [f"{name}^{WEIGHTS[name]}" for name in _FIELDS]

    def match(text: str, kind: str, boost: float) -> Mapping[str, object]:
        query = {"query": text, "type": kind, "fields": fields, "boost": boost}
        return {"multi_match": query | ({"tie_breaker": TIE} if kind == "best_fields" else {"slop": 1})}

    asked = [match(word, "best_fields", 1.0) for word in question.words]
    asked += [match(word, "best_fields", SYNONYM) for word in question.added]
    asked += [match(" ".join(name), "phrase", PHRASE) for name in question.names if len(name) > 1]
    return asked or [{"match_none": {}}]


def _limit(scope: Scope) -> list[Mapping[str, object]]:
    limits: list[Mapping[str, object]] = []
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
    """Numbers and scores of one reply, those outside `scope` left out."""
    if "error" in part:
        raise EngineError(f"OpenSearch: {part['error']}"[:300])
    return [
        (int(hit["_id"]), float(hit["_score"]))
        for hit in part["hits"]["hits"]
        if admits(scope, hit["_source"])
    ]
