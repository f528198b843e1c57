"""One real engine for the session: the bundled reader with two adapters, started as the gateway does."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from serve.adapters.base import read_base
from serve.adapters.folder import AdapterFolder, list_adapters
from serve.engine.client import EngineClient
from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import EnginePlan, plan_engine
from serve.engine.process import EngineProcess
from serve.settings import BUNDLED_ADAPTERS, Settings

STALL_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class RunningEngine:
    """An engine that is ready and watched, and a client of it."""

    plan: EnginePlan
    process: EngineProcess
    client: EngineClient
    adapters: tuple[AdapterFolder, ...]
    log: Path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningEngine]:
    """The engine, with two adapters that it loads by name. A test may kill it: it comes back by itself."""
    folder = tmp_path_factory.mktemp("engine")
    settings = Settings(data=folder / "data", engine_stall_seconds=STALL_SECONDS)
    shutil.copytree(BUNDLED_ADAPTERS, settings.adapters)
    model = find_model(settings.model)
    assert model.path is not None, model.problem
    adapters = list_adapters(settings.adapters, read_base(model.path))
    assert [adapter.problems for adapter in adapters] == [(), ()]
    plan = plan_engine(settings, look_at_machine(), model, adapters)
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=STALL_SECONDS)
    await client.start()

    log = settings.data / "logs" / "engine.log"
    process = EngineProcess(
        plan,
        log,
        stall_seconds=STALL_SECONDS,
        start_seconds=settings.engine_start_seconds,
        waiting=lambda: client.waiting,
    )
    await process.start()
    try:
        await process.wait_ready(lambda _: None)
        watching = asyncio.create_task(process.watch())
        yield RunningEngine(plan, process, client, adapters, log)
    finally:
        await process.stop()
        await client.close()
    await watching
