"""The engine that an evaluation asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from serve.engine.backend import start_backend
from serve.engine.client import EngineClient
from serve.engine.plan import find_socket
from serve.settings import Settings


@asynccontextmanager
async def reach_engine(settings: Settings, say: Callable[[str], None]) -> AsyncIterator[EngineClient]:
    """The engine of the service that runs on this data folder, else as the service would have one.

    Raises EngineError where it cannot be had.
    """
    socket = find_socket(settings.data)
    running = EngineClient("http://engine", socket=socket, stall_seconds=settings.engine_stall_seconds)
    await running.start()
    try:
        if not settings.engine_urls and socket.exists() and await running.is_alive():
            yield running
            return
    finally:
        await running.close()
    async with start_backend(settings, say) as backend:
        for client in backend.clients:
            await client.start()
        try:
            await backend.wait_ready()
            yield backend.clients[0]
        finally:
            for client in backend.clients:
                await client.close()
