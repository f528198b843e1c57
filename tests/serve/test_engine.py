"""The engine's client against a small real server: framing, typed errors, aborts, and its cost."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from serve.engine.client import EngineClient, ServedModel
from serve.errors import EngineDown, EngineError, EngineFull, EngineRefused, EngineStalled
from tests.serve.stub_engine import MANY, WHOLE, StubEngine

MESSAGES = [{"role": "user", "content": "Which box?"}]
PAYLOADS = [line[6:].encode() for line in WHOLE.split("\n\n")[:-2]]


@dataclass(frozen=True)
class Served:
    engine: StubEngine
    client: EngineClient
    socket: Path


@pytest_asyncio.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    engine = StubEngine()
    runner = web.AppRunner(engine.app(), shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    socket = tmp_path / "s"
    await web.UnixSite(runner, str(socket)).start()
    client = EngineClient("http://engine/", socket=socket, key="secret", stall_seconds=0.5)
    await client.start()
    yield Served(engine, client, socket)
    await client.close()
    await runner.cleanup()


async def receive(client: EngineClient, model: str) -> list[bytes]:
    return [payload async for payload in client.stream({"model": model, "messages": MESSAGES})]


@pytest.mark.parametrize("model", ["plain", "bytes", "crlf", "comments"])
async def test_payloads_come_whole_however_they_were_cut(served: Served, model: str) -> None:
    assert await receive(served.client, model) == PAYLOADS
    assert (served.client.in_flight, served.client.waiting) == (0, 0)


async def test_a_completion_is_put_together_from_its_stream(served: Served) -> None:
    answer = await served.client.complete({"model": "plain", "messages": MESSAGES, "max_tokens": 5})
    assert answer["choices"][0]["message"] == {"role": "assistant", "content": "Box 4, folder 2 — “é”."}
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}
    assert served.engine.bodies[-1]["max_tokens"] == 5


async def test_text_that_is_no_unicode_reaches_the_engine_as_unicode(served: Served) -> None:
    body = {"model": "plain", "messages": [{"role": "user", "content": "a\ud800b"}]}
    await served.client.complete(body)
    assert served.engine.bodies[-1]["messages"] == [{"role": "user", "content": "a?b"}]


@pytest.mark.parametrize(
    ("model", "kind", "told"),
    [
        ("400", EngineRefused, "No room in <path> nor elsewhere"),
        ("404", EngineRefused, "No room in <path> nor elsewhere"),
        ("401", EngineError, "READING_ROOM_ENGINE_KEY"),
        ("503", EngineFull, "cannot take the request now"),
        ("500", EngineError, "failed (status 500): No room in <path>"),
        ("not-json", EngineError, "no reason given"),
        ("drop-before", EngineDown, "No engine answers"),
        ("drop-first", EngineDown, "No engine answers"),
        ("half", EngineError, "broke off in the middle"),
        ("no-done", EngineError, "broke off in the middle"),
        ("error-inside", EngineError, "in the middle of the answer: EngineCore died"),
        ("error-first", EngineRefused, "too long"),
        ("silent", EngineStalled, "sent nothing for 0.5 s"),
        ("hang", EngineStalled, "sent nothing for 0.5 s"),
    ],
)
async def test_each_fault_is_a_typed_error(
    served: Served, model: str, kind: type[EngineError], told: str
) -> None:
    with pytest.raises(EngineError) as caught:
        await receive(served.client, model)
    assert type(caught.value) is kind
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "/srv" not in str(caught.value)
    assert (served.client.in_flight, served.client.waiting) == (0, 0)


async def test_what_came_before_the_fault_was_passed_on(served: Served) -> None:
    got: list[bytes] = []
    with pytest.raises(EngineError, match="in the middle"):
        async for payload in served.client.stream({"model": "half", "messages": MESSAGES}):
            got.append(payload)
    assert [json.loads(payload)["choices"][0]["delta"] for payload in got] == [{"content": "Box"}]


async def test_no_engine_is_down(tmp_path: Path) -> None:
    for client in (
        EngineClient("http://engine", socket=tmp_path / "none", stall_seconds=1),
        EngineClient("http://127.0.0.1:1", stall_seconds=1),
    ):
        await client.start()
        with pytest.raises(EngineDown):
            await receive(client, "plain")
        with pytest.raises(EngineDown):
            await client.models()
        assert not await client.is_alive()
        await client.close()
        with pytest.raises(EngineDown, match="not open"):
            await client.models()


async def wait_until_running(engine: StubEngine, count: int) -> None:
    deadline = time.monotonic() + 10
    while engine.running != count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_closing_the_iterator_aborts_the_request(served: Served) -> None:
    stream = served.client.stream({"model": "endless", "messages": MESSAGES})
    await anext(stream)
    assert (served.engine.running, served.client.in_flight) == (1, 1)
    await stream.aclose()
    await wait_until_running(served.engine, 0)
    assert (served.engine.aborted, served.client.in_flight, served.client.waiting) == (1, 0, 0)


@pytest.mark.parametrize("model", ["endless", "hang", "silent"])
async def test_cancelling_the_reader_aborts_the_request(served: Served, model: str) -> None:
    reader = asyncio.create_task(receive(served.client, model))
    await wait_until_running(served.engine, 1)
    assert served.client.in_flight == 1
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await wait_until_running(served.engine, 0)
    assert (served.client.in_flight, served.client.waiting) == (0, 0)


async def test_a_slow_reader_is_not_taken_for_a_slow_engine(served: Served) -> None:
    """Longer than the stall limit between two reads: neither a stall, nor counted as waiting."""
    got = 0
    async for _ in served.client.stream({"model": "plain", "messages": MESSAGES}):
        assert served.client.waiting == 0
        await asyncio.sleep(0.3)
        got += 1
    assert got == len(PAYLOADS)


async def test_connections_are_used_again(served: Served) -> None:
    for _ in range(20):
        await receive(served.client, "plain")
    open_now = await asyncio.to_thread(Path("/proc/net/unix").read_text)
    assert open_now.count(str(served.socket)) <= 3


async def test_a_chunk_costs_little(served: Served) -> None:
    """16 streams of 100 tokens a second must cost well under 100 µs a chunk; the server is in here too."""
    await receive(served.client, "many")
    began = time.process_time()
    got = await receive(served.client, "many")
    spent = (time.process_time() - began) / MANY
    assert len(got) == MANY
    assert spent < 100e-6


async def test_models_are_named_with_their_context(served: Served) -> None:
    assert await served.client.models() == (ServedModel("base", 4096), ServedModel("letters", 4096))


async def test_is_alive_asks_the_server(served: Served) -> None:
    assert await served.client.is_alive()
