"""An answer's events in batches, as often as a page can take them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

Event = TypeVar("Event")

IDLE_SECONDS = 0.5


async def pace(
    events: AsyncGenerator[Event, None], seconds: float, idle_seconds: float = IDLE_SECONDS
) -> AsyncGenerator[list[Event], None]:
    """Yield what came in, in order, at most every `seconds`; an empty list when nothing came for a while.

    The empty list gives a caller's own caller the chance to end the generator between two events: a
    closed browser tab is only noticed there. Closing this generator closes `events` at once. Raises
    what `events` raises, after all that came before it.
    """
    arrived: asyncio.Queue[Event | None] = asyncio.Queue()

    async def pump() -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    arrived.put_nowait(event)
        finally:
            arrived.put_nowait(None)

    pumping = asyncio.create_task(pump())
    try:
        open_ = True
        while open_:
            batch: list[Event] = []
            try:
                first = await asyncio.wait_for(arrived.get(), idle_seconds)
            except TimeoutError:
                yield batch
                continue
            waiting = [first]
            while not arrived.empty():
                waiting.append(arrived.get_nowait())
            batch = [event for event in waiting if event is not None]
            open_ = len(batch) == len(waiting)
            if batch:
                yield batch
            if open_:
                await asyncio.sleep(seconds)
        await pumping
    finally:
        pumping.cancel()
        await asyncio.gather(pumping, return_exceptions=True)
