"""The same searches over Qdrant (its client's own engine) and over OpenSearch (its documented replies)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient

from retrieval.asked.questions import read_question
from retrieval.backends.engine import EnginePassage, Scored, SearchEngine, admits
from retrieval.backends.opensearch import OpenSearchEngine
from retrieval.backends.qdrant import QdrantEngine
from retrieval.embedding import Embedder
from retrieval.errors import SearchEngineError
from retrieval.store.lexical import Scope

EVERYWHERE = Scope()
PART, OTHER = "00000000000000aa", "00000000000000bb"
HELD = (  # heading, text, collection, years, withheld until
    ("Letters from Ellen Marsh", "The river stood four feet deep in the mill.", 0, (1905, 1905), 0),
    ("Minutes of the trustees", "The trustees voted money for a new bridge.", 0, (1912, 1919), 0),
    ("Photographs", "High water at the works, three prints.", 1, (1905, 1906), 0),
    ("Medical file of Ellen Marsh", "Notes of the physician on her illness.", 1, (1907, 1907), 20300101),
    ("Account book", "Wool bought and sold.", 1, (0, 0), 0),
)


@pytest.fixture(scope="module")
def passages(embedder: Embedder) -> list[EnginePassage]:
    vectors = embedder.encode([f"{heading}. {text}" for heading, text, *_ in HELD])
    return [
        EnginePassage(
            part=PART, row=number, vector=vectors[number],
            words={"heading": [heading], "text": [text], "breadcrumb": ["Marsh family papers"]},
            limits={"collection": collection, "level": 3, "first_year": first, "last_year": last,
                    "withheld_until": until},
        )
        for number, (heading, text, collection, (first, last), until) in enumerate(HELD)
    ]  # fmt: skip


@pytest.fixture
def qdrant(passages: list[EnginePassage]) -> QdrantEngine:
    engine = QdrantEngine(QdrantClient(":memory:"), "passages")
    engine.prepare(384)
    engine.upsert(passages)
    engine.seal(PART)
    return engine


def numbers(found: Scored) -> list[int]:
    return [row for (_, row), _ in found]


def test_qdrant_finds_by_words_and_by_meaning(qdrant: SearchEngine, embedder: Embedder) -> None:
    asked = read_question("letters of Ellen Marsh about the flood")
    vector = embedder.encode([asked.text])[0]
    found = qdrant.gather(asked, vector, 3, EVERYWHERE, [PART])
    assert numbers(found.lexical)[0] == 0
    assert 3 in numbers(found.lexical)
    stored = embedder.encode([f"{heading}. {text}" for heading, text, *_ in HELD])
    best = np.argsort(-(stored @ vector))[:3].tolist()
    assert numbers(found.dense) == best
    assert [score for _, score in found.dense] == pytest.approx((stored @ vector)[best].tolist(), abs=1e-4)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), {0, 1, 2, 3, 4}),
        (Scope(day=20261121), {0, 1, 2, 4}),
        (Scope(day=20300102), {0, 1, 2, 3, 4}),
        (Scope(collections=(1,)), {2, 3, 4}),
        (Scope(collections=(-1,)), set()),
        (Scope(years=(1905, 1906)), {0, 2}),
        (Scope(years=(1913, 1913), day=20261121), {1}),
        (Scope(levels=(2,)), set()),
    ],
)
def test_qdrant_keeps_to_the_scope(
    qdrant: SearchEngine, embedder: Embedder, scope: Scope, expected: set[int]
) -> None:
    asked = read_question("Marsh family papers")
    found = qdrant.gather(
        asked, embedder.encode(["Ellen Marsh, letters, water and wool at the mill"])[0], 9, scope, [PART]
    )
    assert set(numbers(found.lexical)) == expected  # the breadcrumb of each has the words
    assert set(numbers(found.dense)) == {
        number for number, (*_, collection, years, until) in enumerate(HELD)
        if admits(scope, {"collection": collection, "level": 3, "first_year": years[0], "last_year": years[1],
                          "withheld_until": until})
    } == expected  # fmt: skip


def test_qdrant_replaces_and_forgets(
    qdrant: SearchEngine, passages: list[EnginePassage], embedder: Embedder
) -> None:
    asked = read_question("trustees bridge")
    vector = embedder.encode([asked.text])[0]
    assert numbers(qdrant.gather(asked, vector, 1, EVERYWHERE, [PART]).lexical) == [1]
    qdrant.delete(PART, [1, 77])
    assert 1 not in numbers(qdrant.gather(asked, vector, 9, EVERYWHERE, [PART]).dense)
    changed = EnginePassage(
        part=PART,
        row=4,
        words={"heading": ["The bridge"], "text": ["Plans."]},
        limits=passages[4].limits,
        vector=vector,
    )
    qdrant.upsert([changed])
    found = qdrant.gather(asked, vector, 9, EVERYWHERE, [PART])
    assert numbers(found.lexical) == [4]
    assert found.dense[0][0] == (PART, 4)
    assert found.dense[0][1] == pytest.approx(1.0, abs=1e-5)


def test_a_collection_that_is_not_there_is_an_engine_error(embedder: Embedder) -> None:
    engine = QdrantEngine(QdrantClient(":memory:"), "none")
    with pytest.raises(SearchEngineError, match="Qdrant does not do .*see that it runs"):
        engine.gather(read_question("a bridge"), embedder.encode(["a"])[0], 1, EVERYWHERE, [PART])


class _Answers(BaseHTTPRequestHandler):
    """Replies of the shapes that OpenSearch documents; keeps what it was asked."""

    def _reply(self) -> None:
        server = self.server
        assert isinstance(server, OpenSearchStub)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        server.asked.append((self.command, self.path, body))
        status, reply = server.replies.pop(0)
        content = json.dumps(reply).encode() if isinstance(reply, dict) else reply
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_DELETE = _reply

    def log_message(self, format: str, *args: object) -> None:
        pass


class OpenSearchStub(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, str, str]] = []
        self.replies: list[tuple[int, dict[str, object] | bytes]] = []


@pytest.fixture
def stub() -> Iterator[OpenSearchStub]:
    with OpenSearchStub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def opensearch(stub: OpenSearchStub) -> Iterator[OpenSearchEngine]:
    with httpx.Client(base_url=f"http://127.0.0.1:{stub.server_address[1]}", trust_env=False) as client:
        yield OpenSearchEngine(client, "passages")


def hit(number: int, score: float, until: int = 0) -> dict[str, object]:
    source = {
        "part": PART,
        "row": number,
        "collection": 0,
        "level": 3,
        "first_year": 1905,
        "last_year": 1905,
        "withheld_until": until,
    }
    return {"_index": "passages", "_id": str(number), "_score": score, "_source": source}


def found(*hits: dict[str, object]) -> dict[str, object]:
    top = {"total": {"value": len(hits), "relation": "eq"}, "max_score": None, "hits": list(hits)}
    return {
        "took": 3,
        "timed_out": False,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "hits": top,
        "status": 200,
    }


def test_opensearch_asks_both_sides_at_once(stub: OpenSearchStub, opensearch: SearchEngine) -> None:
    stub.replies = [(200, {"took": 5, "responses": [found(hit(7, 4.5), hit(3, 2.0, until=20300101)), found(hit(3, 1.9, until=20300101), hit(9, 1.42), hit(2, 0.8))]})]  # fmt: skip
    asked = read_question("letters from Ellen Marsh")
    scope = Scope(collections=(0,), years=(1900, 1910), day=20261121)
    result = opensearch.gather(asked, np.eye(4, dtype=np.float32)[0], 50, scope, [PART])
    assert result.lexical == [
        ((PART, 7), 4.5)
    ]  # what is withheld is left out again, whatever the engine's filter did
    assert numbers(result.dense) == [9]
    assert result.dense[0][1] == pytest.approx(0.42)
    ((method, path, body),) = stub.asked
    lines = [json.loads(line) for line in body.splitlines()]
    assert (method, path, len(lines), body[-1]) == ("POST", "/_msearch", 4, "\n")
    limits = [
        {"terms": {"part": [PART]}},
        {"terms": {"collection": [0]}},
        {"range": {"first_year": {"gte": 1, "lte": 1910}}},
        {"range": {"last_year": {"gte": 1900}}},
        {"range": {"withheld_until": {"lt": 20261121}}},
    ]
    assert lines[0] == lines[2] == {"index": "passages"}
    assert lines[1]["query"]["bool"]["filter"] == limits
    texts = [clause["multi_match"]["query"] for clause in lines[1]["query"]["bool"]["should"]]
    assert {"ellen", "marsh", "ellen marsh"} <= set(texts)
    near = lines[3]["query"]["knn"]["vector"]
    assert near == {"vector": [1.0, 0.0, 0.0, 0.0], "k": 50, "filter": {"bool": {"filter": limits}}}


def test_opensearch_makes_an_index_and_fills_it(
    stub: OpenSearchStub, opensearch: SearchEngine, passages: list[EnginePassage]
) -> None:
    done: dict[str, object] = {"acknowledged": True}
    items = [{"index": {"_id": f"{PART}-{number}", "status": 201}} for number in range(5)]
    gone = [{"delete": {"_id": f"{PART}-4", "status": 200}}, {"delete": {"_id": "77", "status": 404}}]
    stub.replies = [
        (404, REFUSED),
        (200, done),
        (200, {"errors": False, "items": items}),
        (200, done),
        (200, {"result": "created"}),
        (200, {"errors": True, "items": gone}),
        (404, {"result": "not_found"}),
        (200, {"deleted": 4}),
    ]
    opensearch.prepare(384)
    opensearch.upsert(passages)
    opensearch.seal(PART)
    opensearch.delete(PART, [4, 77])
    opensearch.drop(PART)
    assert [asked[:2] for asked in stub.asked] == [
        ("GET", "/passages/_mapping"), ("PUT", "/passages"), ("POST", "/_bulk"), ("POST", "/passages/_refresh"),
        ("PUT", f"/passages/_doc/{PART}-seal?refresh=true"), ("POST", "/_bulk?refresh=wait_for"),
        ("DELETE", f"/passages/_doc/{PART}-seal?refresh=true"),
        ("POST", "/passages/_delete_by_query?conflicts=proceed&refresh=true"),
    ]  # fmt: skip
    made = json.loads(stub.asked[1][2])
    assert made["mappings"]["properties"]["vector"]["dimension"] == 384
    assert made["settings"] == {"index": {"knn": True}}
    sent = [json.loads(line) for line in stub.asked[2][2].splitlines()]
    assert sent[6] == {"index": {"_index": "passages", "_id": f"{PART}-3"}}
    assert (sent[7]["heading"], sent[7]["row"], sent[7]["withheld_until"], len(sent[7]["vector"])) == (
        ["Medical file of Ellen Marsh"], 3, 20300101, 384,
    )  # fmt: skip
    assert json.loads(stub.asked[4][2]) == {"seal": PART}
    assert json.loads(stub.asked[7][2]) == {"query": {"term": {"part": PART}}}


def test_an_index_of_other_vectors_is_not_taken_over(stub: OpenSearchStub, opensearch: SearchEngine) -> None:
    mapping: dict[str, object] = {
        "passages": {"mappings": {"properties": {"vector": {"type": "knn_vector", "dimension": 768}}}}
    }
    stub.replies = [(200, mapping)]
    with pytest.raises(SearchEngineError, match="expected vectors of 384 components in passages, found 768"):
        opensearch.prepare(384)


def test_a_qdrant_collection_of_other_vectors_is_not_taken_over(qdrant: SearchEngine) -> None:
    qdrant.prepare(384)
    with pytest.raises(SearchEngineError, match="expected vectors of 768 components in passages, found 384"):
        qdrant.prepare(768)


def test_qdrant_tells_parts_apart(
    qdrant: SearchEngine, passages: list[EnginePassage], embedder: Embedder
) -> None:
    qdrant.upsert([replace(passages[0], part=OTHER)])
    assert (qdrant.sealed(), qdrant.count(PART), qdrant.count(OTHER)) == (frozenset({PART}), 5, 1)
    asked = read_question("letters of Ellen Marsh about the flood")
    vector = embedder.encode([asked.text])[0]
    places = [place for place, _ in qdrant.gather(asked, vector, 9, EVERYWHERE, [OTHER]).lexical]
    assert places == [(OTHER, 0)]
    both = qdrant.gather(asked, vector, 9, EVERYWHERE, [PART, OTHER], [(PART, 3), (OTHER, 0)])
    assert {place for place, _ in both.dense} == {(PART, 3), (OTHER, 0)}
    qdrant.drop(PART)
    assert (qdrant.sealed(), qdrant.count(PART), qdrant.count(OTHER)) == (frozenset(), 0, 1)


REFUSED = {
    "error": {"type": "index_not_found_exception", "reason": "no such index [passages]"},
    "status": 404,
}


@pytest.mark.parametrize(
    ("status", "reply", "told"),
    [
        (404, REFUSED, "gave status 404: .*no such index"),
        (200, {"responses": [REFUSED, REFUSED]}, "OpenSearch: .*index_not_found_exception"),
        (200, {"responses": []}, "expected two lists of hits"),
        (200, b"<html>gateway</html>", "see that it runs at http://127"),
    ],
)
def test_opensearch_failures_are_engine_errors(
    stub: OpenSearchStub, opensearch: SearchEngine, status: int, reply: dict[str, object] | bytes, told: str
) -> None:
    stub.replies = [(status, reply)]
    with pytest.raises(SearchEngineError, match=told):
        opensearch.gather(read_question("a bridge"), np.eye(4, dtype=np.float32)[0], 5, EVERYWHERE, [PART])


def test_a_passage_that_opensearch_refuses_is_told(
    stub: OpenSearchStub, opensearch: SearchEngine, passages: list[EnginePassage]
) -> None:
    refused = {"index": {"_id": "0", "status": 400, "error": {"type": "mapper_parsing_exception"}}}
    stub.replies = [(200, {"errors": True, "items": [refused, {"index": {"_id": "1", "status": 201}}]})]
    with pytest.raises(
        SearchEngineError, match="refused 1 of 2 passages, the first: .*mapper_parsing_exception"
    ):
        opensearch.upsert(passages[:2])


def test_nobody_at_the_address_is_an_engine_error() -> None:
    with httpx.Client(base_url="http://127.0.0.1:9", trust_env=False) as client:
        with pytest.raises(SearchEngineError, match="see that it runs at http://127.0.0.1:9"):
            OpenSearchEngine(client, "passages").prepare(4)


@pytest.mark.parametrize(
    ("limits", "admitted"), [({}, False), ({"withheld_until": "0"}, False), ({"withheld_until": 0}, True)]
)
def test_a_passage_without_its_limit_is_not_shown(limits: dict[str, object], admitted: bool) -> None:
    assert admits(Scope(day=20261121), limits) is admitted
