"""The engine side of one gateway: an engine started here, or engines that already run, by URL."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from serve.adapters.base import read_base
from serve.adapters.folder import list_adapters
from serve.engine.client import EngineClient
from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import EnginePlan, plan_engine
from serve.engine.process import EngineProcess
from serve.errors import EngineDown
from serve.settings import Settings

Say = Callable[[str], None]
_LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Backend:
    """Clients of the engines, the name of the model they serve, and a way to wait until they do.

    `wait_ready` raises EngineDown where the engine cannot be started. An empty `base` means: what the
    engines themselves say.
    """

    clients: Sequence[EngineClient]
    base: str
    wait_ready: Callable[[], Coroutine[Any, Any, None]]


@asynccontextmanager
async def start_backend(settings: Settings, say: Say) -> AsyncIterator[Backend]:
    """Engines by URL where they are named, else one of our own, stopped when the block ends."""
    if settings.engine_urls:
        clients = [_make_client(settings, url) for url in settings.engine_urls]
        say(f"Engines: {', '.join(settings.engine_urls)}")
        yield Backend(clients, "", lambda: _wait_for_any(clients, say))
        return
    async with _start_own_engine(settings, say) as backend:
        yield backend


@asynccontextmanager
async def _start_own_engine(settings: Settings, say: Say) -> AsyncIterator[Backend]:
    model = find_model(settings.model)
    if model.path is None:
        raise EngineDown(model.problem)
    base = await asyncio.to_thread(read_base, model.path)
    adapters = await asyncio.to_thread(
        list_adapters,
        settings.adapters,
        base,
        most_rank=settings.adapter_rank,
        base_names=(model.name,),
    )
    plan = plan_engine(settings, look_at_machine(), model, adapters)
    for reason in plan.reasons:
        say(reason)
    client = EngineClient(plan.url, socket=plan.socket, stall_seconds=settings.engine_stall_seconds)
    process = _make_process(settings, plan, client)
    watching: asyncio.Task[None] | None = None

    async def wait_ready() -> None:
        nonlocal watching
        await process.wait_ready(say)
        watching = asyncio.create_task(process.watch())

    await process.start()
    try:
        yield Backend([client], plan.model_name, wait_ready)
    finally:
        if watching:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        await process.stop()


def _make_process(settings: Settings, plan: EnginePlan, client: EngineClient) -> EngineProcess:
    return EngineProcess(
        plan,
        settings.data / "logs" / "engine.log",
        stall_seconds=settings.engine_stall_seconds,
        start_seconds=settings.engine_start_seconds,
        waiting=lambda: client.waiting,
    )


def _make_client(settings: Settings, url: str) -> EngineClient:
    return EngineClient(
        url, key=settings.engine_key.get_secret_value(), stall_seconds=settings.engine_stall_seconds
    )


async def _wait_for_any(clients: Sequence[EngineClient], say: Say) -> None:
    """Wait, as long as it takes, until one of the engines named by URL answers."""
    told = False
    while not any([await client.is_alive() for client in clients]):
        if not told:
            say("Waiting for an engine to answer ...")
            told = True
        await asyncio.sleep(_LOOK_SECONDS)
