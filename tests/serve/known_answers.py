"""An engine that knows by heart what each version is to say: for exams that are to come out in a known way."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from aiohttp import web

from retrieval.prompt import REFUSAL
from tests.serve.stub_engine import DONE, LAST, USAGE, StubEngine


class KnownAnswers(StubEngine):
    """`known` gives a version's answers by the last message; what it does not know it refuses.

    After `most` answers the connection breaks off.
    """

    def __init__(self, versions: Mapping[str, float]) -> None:
        super().__init__(dict(versions))
        self.known: dict[str, dict[str, str]] = {}
        self.most = 10**6

    def count(self, version: str) -> int:
        """Questions that a version was asked."""
        return sum(body["model"] == version for body in self.bodies)

    async def write(self, model: str, response: web.StreamResponse, request: web.Request) -> None:
        """One answer, whole."""
        if len(self.bodies) > self.most:
            assert request.transport is not None
            request.transport.abort()
            return
        body = await request.json()
        said = self.known.get(model, {}).get(body["messages"][-1]["content"], REFUSAL)
        delta = {"index": 0, "delta": {"content": said}, "finish_reason": None}
        await response.write(f"data: {json.dumps({'choices': [delta]})}\n\n{LAST}{USAGE}{DONE}".encode())


@contextmanager
def serve_known(engine: KnownAnswers) -> Iterator[str]:
    """The engine at an address of its own, in a thread."""
    loop, told, ready = asyncio.new_event_loop(), [0], threading.Event()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(engine.app(), shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        told[0] = runner.addresses[0][1]
        ready.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30)
        yield f"http://127.0.0.1:{told[0]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
