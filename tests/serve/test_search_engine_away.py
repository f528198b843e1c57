"""The service over a search engine that goes away and comes back: it says so, and needs no hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fastapi import FastAPI
from fastapi.testclient import TestClient

from retrieval.backends.address import open_engine
from retrieval.backends.mirror import EngineMirror
from retrieval.embedding import load_embedder
from retrieval.library import Library
from retrieval.store.builder import build_index
from serve.aliases import Aliases
from serve.answer_memory import AnswerMemory
from serve.answers import Answerer
from serve.engine.pool import Engines
from serve.error_replies import install_error_replies
from serve.metrics import Metrics
from serve.routes import collections
from serve.routes.health import find_missing
from serve.service import Service
from serve.settings import Settings
from tests.retrieval.opensearch_server import OpenSearchServer
from tests.retrieval.shelf import shelf_readings
from tests.retrieval.test_engine_search import serve


@dataclass
class Parts:
    """As much of a Service as these routes ask for."""

    settings: Settings
    library: Library
    answerer: Answerer
    engines: Engines
    aliases: Aliases


def make_parts(data: Path, address: str, server: OpenSearchServer) -> Parts:
    settings = Settings(data=data, engine_urls=("http://127.0.0.1:9",), search_engine=address)
    embedder, engine = load_embedder(), open_engine(settings.search_engine)
    with serve(server):
        build_index(
            settings.index_root,
            shelf_readings(),
            embedder,
            lambda step, done, total=None: None,
            EngineMirror(engine),
        )
    library, engines = (
        Library(settings.index_root, embedder, engine=engine),
        Engines(clients=(), stall_seconds=30),
    )
    answerer = Answerer(
        settings=settings, library=library, engines=engines, aliases=lambda: Aliases("base"), memory=AnswerMemory(2),
        metrics=Metrics(), searchers=ThreadPoolExecutor(1), count_tokens=len,
    )  # fmt: skip
    return Parts(settings, library, answerer, engines, Aliases("base"))


def test_the_service_says_that_it_cannot_search_and_then_can(tmp_path: Path) -> None:
    server = OpenSearchServer()
    port = server.server_address[1]
    parts = make_parts(tmp_path, f"opensearch+http://127.0.0.1:{port}/shelf", server)
    app = FastAPI()
    app.state.service = parts
    install_error_replies(app)
    app.include_router(collections.router)
    with TestClient(app) as client:
        away = client.post("/v1/search", json={"query": "the flood at the mill"})
        assert (away.status_code, away.json()["error"]["code"]) == (503, "not_ready")
        assert away.json()["error"]["message"].startswith("The collections cannot be searched at the moment.")
        assert int(away.headers["Retry-After"]) > 0
        assert client.get("/v1/collections").status_code == 200  # records are read from here
        parts.library.look()
        service = cast(Service, parts)
        assert any(f"see that it runs at http://127.0.0.1:{port}" in line for line in find_missing(service))
        back = OpenSearchServer(port)
        back.mappings, back.written, back.seen = server.mappings, server.written, server.seen
        with serve(back):
            reply = client.post("/v1/search", json={"query": "the flood at the mill"})
            assert reply.json()["data"][0]["source"]["record_id"] == "ms1/3"
            parts.library.look()
            assert not any("127.0.0.1" in line for line in find_missing(service))
    parts.answerer.searchers.shutdown()
