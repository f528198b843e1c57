"""A real engine with the plugin: versions load by name alone, outlive their files, and come back by themselves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from serve.adapters.folder import MANIFEST, weights_sha256
from serve.engine.client import EngineClient
from serve.engine.guard import processes_of_session
from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import EnginePlan, plan_engine
from serve.engine.process import EngineProcess
from serve.settings import BUNDLED_READER, Settings
from tests.serve.made_adapters import make_adapter, write_manifest

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = ("letters", "ledgers", "maps", "deeds")
SLOTS = 2
STALL_SECONDS = 20.0
RECOVERY_SECONDS = 400


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine that keeps no more than two versions, and the versions in its shared folder."""

    plan: EnginePlan
    process: EngineProcess
    client: EngineClient
    log: Path
    versions: dict[str, Path]

    @property
    def shared(self) -> Path:
        return self.versions["letters"].parent

    async def say(self, model: str, tokens: int = 12) -> str:
        messages = [{"role": "user", "content": "Which box holds the letters of 1905?"}]
        body = {
            "model": model,
            "messages": messages,
            "max_tokens": tokens,
            "temperature": 0,
            "ignore_eos": True,
        }
        answer = await self.client.complete(body)
        assert answer["model"] == model
        return str(answer["choices"][0]["message"]["content"])

    async def ask(self, model: str) -> int:
        """The status of vLLM's reply to a question for `model`."""
        messages = [{"role": "user", "content": "?"}]
        return (
            await self.post("/v1/chat/completions", {"model": model, "messages": messages, "max_tokens": 1})
        )[0]

    async def post(self, path: str, body: dict[str, Any], method: str = "POST") -> tuple[int, str]:
        """The status and body of vLLM's own reply."""
        connector = aiohttp.UnixConnector(str(self.plan.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://engine{path}", json=body) as response,
        ):
            return response.status, await response.text()

    async def loaded(self) -> set[str]:
        return {model.name for model in await self.client.models()} - {self.plan.model_name}

    async def push_out(self, name: str) -> None:
        """Use as many others as the engine keeps, so that it has to read `name` again."""
        for other in [other for other in NAMES[1:] if other != name][:SLOTS]:
            await self.say(self.versions[other].name)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    folder = tmp_path_factory.mktemp("resolver")
    versions = {
        name: make_adapter(folder / "shared", BUNDLED_READER, name, seed) for seed, name in enumerate(NAMES)
    }
    settings = Settings(data=folder / "data", adapters=folder / "shared", adapter_slots=SLOTS)
    plan = plan_engine(settings, look_at_machine(), find_model(settings.model), ())
    command = list(plan.command)
    command[command.index("--max-cpu-loras") + 1] = str(SLOTS)  # so that little is enough to push one out
    plan = replace(plan, command=tuple(command))
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=STALL_SECONDS)
    await client.start()
    log = settings.data / "logs" / "engine.log"
    process = EngineProcess(
        plan, log, stall_seconds=STALL_SECONDS, start_seconds=settings.engine_start_seconds
    )
    await process.start()
    try:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        yield Engine(plan, process, client, log, versions)
    finally:
        await process.stop()
        await client.close()
    await watching


async def test_a_version_is_loaded_by_the_first_request_that_names_it(engine: Engine) -> None:
    name = engine.versions["letters"].name
    assert name not in await engine.loaded()
    base = await engine.say(engine.plan.model_name)
    first = await engine.say(name)
    assert first != base
    assert name in await engine.loaded()
    assert await engine.say(name) == first
    assert await engine.say(engine.plan.model_name) == base


async def test_asked_for_by_many_at_once_a_version_is_loaded_once(engine: Engine) -> None:
    name = engine.versions["deeds"].name
    # One token: later ones can tip over where prompts are computed in batches of other sizes.
    answers = await asyncio.gather(*(engine.say(name, tokens=1) for _ in range(8)))
    assert len(set(answers)) == 1
    assert engine.log.read_text().count(f"Resolved and loaded LoRA adapter '{name}'") == 1


async def test_a_version_whose_files_vanish_answers_as_before(engine: Engine) -> None:
    version = engine.versions["letters"]
    before = await engine.say(version.name)
    away = version.parent.parent / "away"
    version.rename(away)
    await engine.push_out("letters")
    assert await engine.say(version.name) == before
    shutil.copytree(away, version)
    (version / "adapter_model.safetensors").write_bytes(b"something else")
    await engine.push_out("letters")
    assert await engine.say(version.name) == before
    shutil.rmtree(version)
    away.rename(version)
    assert engine.process.restarts == 0


async def test_what_is_not_in_the_folder_is_not_found_and_nothing_else_changes(engine: Engine) -> None:
    name = engine.versions["maps"].name
    before = await engine.say(name)
    outside = engine.shared.parent / name.replace("maps", "atlas")
    shutil.copytree(engine.versions["maps"], outside)
    os.symlink(outside, engine.shared / outside.name)
    loaded = await engine.loaded()
    for unknown in (
        outside.name,
        f"../{outside.name}",
        str(outside),
        f"{name}/",
        name.upper(),
        name.replace("a", "а"),  # Cyrillic
        f"{name}\u200b",
        "maps",
        "maps--v1-00000000",
        "someone/an-adapter",
        *(f"maps--v{number}-00000000" for number in range(200)),
    ):
        assert await engine.ask(unknown) == 404, unknown
    assert await engine.loaded() == loaded
    assert await engine.say(name) == before


async def test_an_altered_version_is_not_found_until_it_is_whole_again(engine: Engine) -> None:
    version = make_adapter(engine.shared, BUNDLED_READER, "diaries", seed=9)
    whole = (version / "adapter_model.safetensors").read_bytes()
    (version / "adapter_model.safetensors").write_bytes(whole[:-4] + b"\0\0\0\0")
    assert await engine.ask(version.name) == 404
    assert f"adapter '{version.name}' is not loaded: adapter_model.safetensors" in engine.log.read_text()
    (version / "adapter_model.safetensors").write_bytes(whole)
    assert await engine.say(version.name) != await engine.say(engine.plan.model_name)


async def test_a_version_of_another_shape_is_refused_and_others_answer_as_before(engine: Engine) -> None:
    """Its manifest claims this base: only loading shows that it does not fit."""
    good = engine.versions["ledgers"].name
    before = await engine.say(good)
    model = wider_model(engine.shared.parent / "wider")
    version = make_adapter(engine.shared, model, "wide", seed=10)
    base = json.loads((engine.versions["ledgers"] / MANIFEST).read_text())["base_sha256"]
    assert base == weights_sha256(BUNDLED_READER)
    write_manifest(version, base)
    for _ in range(SLOTS + 1):
        assert await engine.ask(version.name) == 400
        assert await engine.say(good) == before
    assert version.name not in await engine.loaded()
    assert engine.process.restarts == 0


async def test_the_endpoints_that_load_and_unload_are_shut(engine: Engine) -> None:
    name = engine.versions["ledgers"].name
    before = await engine.say(name)
    path = str(engine.versions["ledgers"])
    outside = engine.shared.parent / "outside"
    shutil.copytree(path, outside)
    loads: list[dict[str, Any]] = [
        {"lora_name": "outside", "lora_path": str(outside)},
        {"lora_name": name, "lora_path": str(outside)},
        {"lora_name": name, "lora_path": path, "load_inplace": True},
        {"lora_name": "hub", "lora_path": "someone/an-adapter"},
    ]
    for body in loads:
        status, text = await engine.post("/v1/load_lora_adapter", body)
        assert (status, json.loads(text)["error"]["type"]) == (403, "ForbiddenError")
        if not body.get("load_inplace"):  # which these do not know
            sagemaker = {"name": body["lora_name"], "src": body["lora_path"]}
            assert (await engine.post("/adapters", sagemaker))[0] == 403
    assert (await engine.post("/v1/unload_lora_adapter", {"lora_name": name}))[0] == 403
    assert (await engine.post(f"/adapters/{name}", {}, "DELETE"))[0] == 403
    assert {"outside", "hub"}.isdisjoint(await engine.loaded())
    assert name in await engine.loaded()
    ahead = make_adapter(engine.shared, BUNDLED_READER, "ahead", seed=11)
    for _ in range(2):
        assert (
            await engine.post("/v1/load_lora_adapter", {"lora_name": ahead.name, "lora_path": str(ahead)})
        )[0] == 200
    assert ahead.name in await engine.loaded()
    assert await engine.say(name) == before


async def test_a_restarted_engine_loads_what_is_asked_of_it_and_nothing_that_was_withdrawn(
    engine: Engine,
) -> None:
    kept, withdrawn = engine.versions["ledgers"].name, engine.versions["deeds"]
    before = await engine.say(kept)
    await engine.say(withdrawn.name)
    copies = Path(engine.plan.environment["READING_ROOM_ENGINE_COPIES"])
    (old,) = copies.iterdir()
    shutil.rmtree(withdrawn)
    kill(engine)
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not (engine.process.restarts == 1 and engine.process.state == "ready"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.2)
    assert await engine.loaded() == set()
    assert await engine.say(kept) == before
    assert await engine.ask(withdrawn.name) == 404
    (new,) = copies.iterdir()
    assert (new == old, [made.name for made in new.iterdir()]) == (False, [kept])


def kill(engine: Engine) -> None:
    """Kill the engine as the kernel would for memory; the guard above it stays."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and str(engine.log).encode() in (entry / "cmdline").read_bytes().split(
                b"\0"
            ):
                for pid in processes_of_session(int(entry.name)):
                    if pid != int(entry.name):
                        os.kill(pid, signal.SIGKILL)


def wider_model(folder: Path) -> Path:
    """The headers that adapters are made by, of a model as the bundled reader is but twice as wide."""
    shutil.copytree(BUNDLED_READER, folder)
    (folder / MANIFEST).unlink()
    weights = (folder / "model.safetensors").read_bytes()
    length = int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8 : 8 + length])
    at = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            tensor["shape"] = [2 * side for side in tensor["shape"]]
            begin, end = tensor["data_offsets"]
            tensor["data_offsets"] = [at, at + (end - begin) * 2 ** len(tensor["shape"])]
            at = tensor["data_offsets"][1]
    told = json.dumps(header).encode()
    with (folder / "model.safetensors").open("wb") as stream:
        stream.write(len(told).to_bytes(8, "little") + told)
        stream.truncate(8 + len(told) + at)
    return folder
