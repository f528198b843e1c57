"""The real engine: adapters per request, aborts, privacy, and its own recovery from death and hang."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from retrieval.prompt import SYSTEM
from serve.engine.guard import processes_of_session
from serve.engine.progress import has_work, read_figures
from serve.errors import EngineDown, EngineError, EngineRefused
from tests.engine_fixture import STALL_SECONDS, RunningEngine

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = """Passages:

[1] Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 4, Folder 2)
Letters > Correspondence
Writes of the flood.

Question: Do you have letters from Ellen Marsh in 1905?"""
"""In the product's own form, in which base and adapters each answer in their own words."""
CANARY = "Zanzibarquux"
RECOVERY_SECONDS = 400


def request(model: str, tokens: int, text: str = QUESTION) -> dict[str, Any]:
    return {
        "model": model,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
    }


async def say(engine: RunningEngine, model: str, tokens: int = 12) -> str:
    answer = await engine.client.complete(request(model, tokens))
    assert answer["model"] == model
    assert answer["usage"]["completion_tokens"] == tokens
    text = answer["choices"][0]["message"]["content"]
    assert isinstance(text, str)
    return text


def names_of(engine: RunningEngine) -> list[str]:
    return [engine.plan.model_name, *(adapter.name for adapter in engine.adapters)]


async def is_idle(engine: RunningEngine) -> bool:
    return not has_work(read_figures(await engine.client.metrics()))


def processes_named(engine: RunningEngine, name: bytes) -> list[int]:
    """Processes of the engine whose command line begins with `name`."""
    session = next(
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and is_guard_of(entry, engine.log)
    )
    return [
        pid
        for pid in processes_of_session(session)
        if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(name)
    ]


def is_guard_of(entry: Path, log: Path) -> bool:
    try:
        line = (entry / "cmdline").read_bytes()
    except OSError:
        return False
    return b"guard.py" in line and str(log).encode() in line


async def wait_until_recovered(engine: RunningEngine, restarts: int) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while engine.process.restarts < restarts or engine.process.state != "ready":
        assert time.monotonic() < deadline, engine.process.problem
        await asyncio.sleep(0.1)
    for name in names_of(engine):
        await say(engine, name, 2)
    assert {model.name for model in await engine.client.models()} == set(names_of(engine))


async def test_base_and_adapters_are_served_with_their_context(engine: RunningEngine) -> None:
    for name in names_of(engine):
        await say(engine, name, 1)
    served = await engine.client.models()
    assert served[0].name == engine.plan.model_name
    assert {model.name for model in served} == set(names_of(engine))
    assert {model.context for model in served} == {engine.plan.context}


async def test_each_name_answers_in_its_own_way(engine: RunningEngine) -> None:
    answers = [await say(engine, name) for name in names_of(engine)]
    assert len(set(answers)) == 3


async def test_the_base_beside_adapters_answers_as_it_does_alone(engine: RunningEngine) -> None:
    """vLLM on CPU alone would give it the adapter in the last slot, once that is filled."""
    alone = {name: await say(engine, name) for name in names_of(engine)}
    crowd = [say(engine, name) for name in names_of(engine) * 2]
    together = await asyncio.gather(*crowd)
    assert dict(zip(names_of(engine), together[:3], strict=True)) == alone
    assert together[:3] == together[3:]


async def test_a_stream_brings_text_a_reason_to_stop_and_the_usage(engine: RunningEngine) -> None:
    body = {**request(engine.plan.model_name, 6), "stream": True, "stream_options": {"include_usage": True}}
    events = [json.loads(payload) async for payload in engine.client.stream(body)]
    assert [choice["finish_reason"] for event in events for choice in event["choices"]][-1] == "length"
    assert events[-1]["usage"]["completion_tokens"] == 6
    assert len(events) >= 7


async def wait_until_idle(engine: RunningEngine, idle: bool) -> None:
    """Its counts follow its tokens, and a dropped answer would go on for 3,000 of them: about 15 s."""
    deadline = time.monotonic() + 5
    while await is_idle(engine) is not idle:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_dropped_answers_are_aborted(engine: RunningEngine) -> None:
    streams = [engine.client.stream({**request(name, 3000), "stream": True}) for name in names_of(engine)]
    for stream in streams:
        await anext(stream)
    await wait_until_idle(engine, False)
    await asyncio.gather(*(stream.aclose() for stream in streams))
    await wait_until_idle(engine, True)
    assert engine.client.in_flight == 0


async def test_what_cannot_be_served_is_refused_without_the_machine_s_paths(engine: RunningEngine) -> None:
    for body in (request("no-such-name", 1), request(engine.plan.model_name, engine.plan.context + 1)):
        with pytest.raises(EngineRefused) as caught:
            await engine.client.complete(body)
        assert "/" not in str(caught.value).replace("input/output", "")
    assert (await engine.client.models())[0].name == engine.plan.model_name


async def test_nothing_that_was_asked_is_logged(engine: RunningEngine) -> None:
    await engine.client.complete(request(engine.plan.model_name, 2, CANARY))
    with pytest.raises(EngineRefused):
        await engine.client.complete({**request(engine.plan.model_name, 10**6, CANARY)})
    with pytest.raises(EngineRefused):
        await engine.client.complete({**request(engine.plan.model_name, 2, CANARY), "temperature": CANARY})
    await asyncio.sleep(0.5)
    log = engine.log.read_text()
    assert "Resolved and loaded LoRA adapter" in log
    assert CANARY not in log


async def test_nobody_outside_this_machine_reaches_the_engine(engine: RunningEngine) -> None:
    """Its sockets are in a folder of ours alone, and what listens on TCP does so on loopback."""
    assert engine.plan.socket is not None
    assert engine.plan.socket.parent.stat().st_mode & 0o777 == 0o700
    own = {
        os.readlink(link)
        for pid in processes_named(engine, b"")
        for link in Path(f"/proc/{pid}/fd").iterdir()
        if link.is_symlink()
    }
    listening = {
        address.rpartition(":")[0]
        for table in ("tcp", "tcp6")
        for _, address, _, state, *_, inode in (
            (line.split()[:4] + [line.split()[9]])
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        )
        if state == "0A" and f"socket:[{inode}]" in own
    }
    assert listening <= {"0100007F", "00000000000000000000000001000000"}


async def test_a_hang_is_noticed_though_the_server_says_it_is_well(engine: RunningEngine) -> None:
    restarts = engine.process.restarts
    stream = engine.client.stream({**request(engine.plan.model_name, 3000), "stream": True})
    await anext(stream)
    for pid in processes_named(engine, b"VLLM::"):
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    assert await engine.client.is_alive()
    with pytest.raises(EngineError):
        async for _ in stream:
            pass
    assert time.monotonic() - began < STALL_SECONDS + 2
    await wait_until_recovered(engine, restarts + 1)


async def test_a_killed_engine_ends_its_answers_typed_and_comes_back(engine: RunningEngine) -> None:
    restarts = engine.process.restarts
    stream = engine.client.stream({**request(names_of(engine)[1], 3000), "stream": True})
    await anext(stream)
    left = processes_named(engine, b"")
    for pid in processes_named(engine, b"VLLM::EngineCore"):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(EngineError, match="in the middle of the answer"):
        async for _ in stream:
            pass
    with pytest.raises(EngineDown):
        while True:
            await engine.client.complete(request(engine.plan.model_name, 1))
    await wait_until_recovered(engine, restarts + 1)
    assert not set(left) & set(processes_named(engine, b""))
