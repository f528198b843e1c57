"""A gateway over an index that withholds some of its records, with a stub in the engine's place.

The stub shows what an engine is sent; everything else is real.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from aiohttp import web
from fastapi import FastAPI
from pydantic import SecretStr

from retrieval.embedding import Embedder
from retrieval.library import Library
from retrieval.records import Record
from retrieval.spans import WITHOUT_END, of_years
from retrieval.store.builder import build_index
from retrieval.store.update import update_index
from serve.app import create_app
from serve.engine.client import EngineClient
from serve.settings import Settings
from tests.retrieval.shelf import MARSH, make_record, shelf_records
from tests.retrieval.test_update import changed, quiet, readings
from tests.serve.stub_engine import StubEngine

KEY = "a long random text"
STAFF = {"Authorization": f"Bearer {KEY}"}
SECRET = "Zebulon Quarles confessed to the arson at the Pemberton creamery"
ASKED = "What did Zebulon Quarles write about the creamery?"
WITHHELD = (
    make_record(
        id="ms1/sealed", parent_id="ms1/letters", title="Zebulon Quarles ALS to Ellen Marsh", dates="1931",
        spans=of_years((1931, 1931)), breadcrumb=(MARSH, "Correspondence"), text=SECRET, position=40,
        names=("Quarles, Zebulon",), withheld_until=WITHOUT_END,
    ),
    make_record(
        id="dn9", collection_id="dn9", collection="Pemberton donor files", level="collection",
        title="Pemberton donor files", call_number="DN 9", text=SECRET, withheld_until=WITHOUT_END,
    ),
)  # fmt: skip
TELLING = ("quarles", "zebulon", "pemberton", "creamery", "arson", "dn9", "sealed")
"""Words that stand in nothing else."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The app with a client of it, the folder of its data, and what its engine was sent."""

    app: FastAPI
    http: httpx.AsyncClient
    data: Path
    stub: StubEngine
    embedder: Embedder

    async def ask(self, question: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """One whole answer."""
        body = {"messages": [{"role": "user", "content": question}]}
        return await self.http.post("/v1/chat/completions", json=body, headers=headers)

    def update(self, records: Sequence[Record]) -> None:
        """Take these records of collections anew into the index, and use it."""
        update_index(self.data / "index", changed(readings(records)), lambda: self.embedder, quiet)
        self.app.state.service.library.refresh()


@asynccontextmanager
async def open_scene(data: Path, embedder: Embedder) -> AsyncIterator[Scene]:
    """Build the index, start the engine's stub and the app."""
    settings = Settings(
        data=data, staff_key=SecretStr(KEY), engine_urls=("http://engine",), public_url="http://here"
    )
    build_index(settings.index_root, readings([*shelf_records(), *WITHHELD]), embedder, quiet)
    stub = StubEngine({})
    runner = web.AppRunner(stub.app())
    await runner.setup()
    await web.UnixSite(runner, str(data / "engine")).start()
    engine = EngineClient("http://engine", socket=data / "engine", stall_seconds=5)
    library = Library(settings.index_root, embedder)
    library.refresh()
    app = create_app(settings, library=library, engines=[engine], base="base")
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http,
        ):
            yield Scene(app, http, data, stub, embedder)
    finally:
        await runner.cleanup()
