"""A server of one process that keeps documents and answers what `retrieval.backends.opensearch` asks.

It follows OpenSearch's documentation for those requests alone: mappings, bulk, refresh, terms, ranges, ids,
exists, `multi_match` with BM25 for each field, exact k-NN by inner product. What is not refreshed is not seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from retrieval.store.lexical_fields import WORDS

Document = Mapping[str, Any]


class OpenSearchServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Answers)
        self.mappings: dict[str, Any] = {}
        self.written: dict[str, Document] = {}
        self.seen: dict[str, Document] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, method: str, path: str, body: str) -> tuple[int, object]:
        """Status and reply; any other request is refused as OpenSearch refuses what it does not know."""
        url = urlsplit(path)
        lines = [json.loads(line) for line in body.splitlines()] if body else []
        given = lines[0] if lines else {}
        name, _, rest = url.path.lstrip("/").partition("/")
        if name == "_bulk":
            items = list(self._write(lines))
            if "refresh" in url.query:
                self.seen = dict(self.written)
            return 200, {"errors": False, "items": items}
        if name == "_msearch":
            pairs = zip(lines[::2], lines[1::2], strict=True)
            return 200, {"responses": [self._search(header["index"], asked) for header, asked in pairs]}
        if method == "PUT" and not rest:
            self.mappings[name] = given["mappings"]
            return 200, {"acknowledged": True, "index": name}
        if name not in self.mappings:
            return 404, missing(name)
        return self._answer_index(method, name, rest, url.query, given)

    def _answer_index(self, method: str, name: str, rest: str, query: str, given: Any) -> tuple[int, object]:
        if rest == "_mapping":
            return 200, {name: {"mappings": self.mappings[name]}}
        if rest == "_refresh":
            self.seen = dict(self.written)
            return 200, {"_shards": {"failed": 0}}
        if rest == "_count":
            return 200, {"count": sum(matches(given["query"], name, one) for name, one in self.seen.items())}
        if rest == "_search":
            return 200, self._search(name, given)
        if rest == "_delete_by_query":
            gone = [key for key, one in self.seen.items() if matches(given["query"], key, one)]
            self.written = {key: one for key, one in self.written.items() if key not in gone}
        elif method == "PUT" and rest.startswith("_doc/"):
            self.written[rest.removeprefix("_doc/")] = given
        elif method == "DELETE" and rest.startswith("_doc/"):
            if self.written.pop(rest.removeprefix("_doc/"), None) is None:
                return 404, {"result": "not_found"}
        else:
            return 400, {"error": {"type": "illegal_argument_exception", "reason": f"{method} {rest}"}}
        if "refresh=true" in query:
            self.seen = dict(self.written)
        return 200, {"result": "done"}

    def _write(self, lines: Sequence[Any]) -> Iterator[object]:
        rest = iter(lines)
        for line in rest:
            ((action, target),) = line.items()
            if action == "index":
                self.written[target["_id"]] = next(rest)
                yield {"index": {"_id": target["_id"], "status": 201}}
            else:
                there = self.written.pop(target["_id"], None) is not None
                yield {"delete": {"_id": target["_id"], "status": 200 if there else 404}}

    def _search(self, name: str, asked: Any) -> dict[str, Any]:
        if name not in self.mappings:
            return missing(name)
        query = asked["query"]
        if "knn" in query:
            near = query["knn"]["vector"]
            limits, k = near["filter"]["bool"]["filter"], near["k"]
            scored = [
                (key, 1 + sum(a * b for a, b in zip(near["vector"], one["vector"], strict=True)), one)
                for key, one in self.seen.items()
                if "vector" in one and all(matches(limit, key, one) for limit in limits)
            ]
        elif "bool" in query:
            k = asked["size"]
            scored = list(self._score(query["bool"]["should"], query["bool"]["filter"]))
        else:
            k = asked["size"]
            scored = [(key, 1.0, one) for key, one in self.seen.items() if matches(query, key, one)]
        hidden = self.mappings[name]["_source"]["excludes"]
        hits = [
            {"_id": key, "_score": score, "_source": {field: value for field, value in one.items() if field not in hidden and field in asked["_source"]}}
            for key, score, one in sorted(scored, key=lambda hit: -hit[1])[:k]
        ]  # fmt: skip
        return {"took": 1, "hits": {"total": {"value": len(scored)}, "hits": hits}, "status": 200}

    def _score(self, asked: Sequence[Any], limits: Sequence[Any]) -> Iterator[tuple[str, float, Document]]:
        held = [one for one in self.seen.values() if "vector" in one]
        for key, one in self.seen.items():
            if "vector" in one and all(matches(limit, key, one) for limit in limits):
                score = sum(_score_clause(clause, one, held) for clause in asked)
                if score:
                    yield key, score, one


def missing(name: str) -> dict[str, Any]:
    return {
        "error": {"type": "index_not_found_exception", "reason": f"no such index [{name}]"},
        "status": 404,
    }


def matches(query: Any, key: str, document: Document) -> bool:
    ((kind, rule),) = query.items()
    if kind == "exists":
        return rule["field"] in document
    if kind == "ids":
        return key in rule["values"]
    ((field, wanted),) = rule.items()
    value = document.get(field)
    if kind == "term":
        return bool(value == wanted)
    if kind == "terms":
        return value in wanted
    bounds = {"gte": lambda bound: value >= bound, "lte": lambda bound: value <= bound, "lt": lambda bound: value < bound}  # fmt: skip
    return value is not None and all(bounds[name](bound) for name, bound in wanted.items())


def _score_clause(clause: Any, document: Document, held: Sequence[Document]) -> float:
    ((kind, rule),) = clause.items()
    if kind == "term":
        ((field, wanted),) = rule.items()
        return float(wanted["boost"]) if wanted["value"] in document.get(field, ()) else 0.0
    if kind == "match_none":
        return 0.0
    scores = []
    for boosted in rule["fields"]:
        field, _, weight = boosted.partition("^")
        asked, there = WORDS.analyze(rule["query"]), _words(document, field)
        if rule["type"] == "phrase":
            found = " ".join(asked) in " ".join(there)
            scores.append(float(weight) * 3.0 * found)
            continue
        length = 1.2 * (
            0.25 + 0.75 * len(there) / (sum(len(_words(one, field)) for one in held) / len(held) or 1)
        )
        total = 0.0
        for word in asked:
            holders = sum(word in _words(one, field) for one in held)
            rarity = math.log(1 + (len(held) - holders + 0.5) / (holders + 0.5))
            total += rarity * there.count(word) * 2.2 / (there.count(word) + length) if word in there else 0.0
        scores.append(float(weight) * total)
    best, tie = max(scores), rule.get("tie_breaker", 0.0)
    return float(rule["boost"] * (best + tie * (sum(scores) - best)))


def _words(document: Document, field: str) -> list[str]:
    return [word for text in document.get(field, ()) for word in WORDS.analyze(text)]


class _Answers(BaseHTTPRequestHandler):
    def _reply(self) -> None:
        server = self.server
        assert isinstance(server, OpenSearchServer)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        status, reply = server.answer(self.command, self.path, body)
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = _reply

    def log_message(self, format: str, *args: object) -> None:
        pass
