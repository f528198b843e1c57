"""How many answers are written at once. More wait a little; more than that are told to come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve.errors import TooBusy


class Admission:
    """`running` answers at once and `waiting` in line; the rest are refused at once."""

    def __init__(self, running: int, waiting: int) -> None:
        self._slots = asyncio.Semaphore(running)
        self._room = running + waiting
        self._inside = 0

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Hold a place for one answer. Raises TooBusy when the line is full."""
        if self._inside >= self._room:
            raise TooBusy("Too many people are asking at the moment. Try again in a few seconds.")
        self._inside += 1
        try:
            async with self._slots:
                yield
        finally:
            self._inside -= 1
