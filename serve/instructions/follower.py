"""Keeps one gateway in step with the instructions that are in force, whoever changed them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from serve.instructions.book import Book
from serve.instructions.in_force import InForce


@dataclass(slots=True)
class Follower:
    """`now` is replaced whole at each change, so that reading it needs no lock."""

    book: Book
    now: InForce = field(default_factory=InForce)

    async def refresh(self) -> None:
        """Take over what has changed since the last time: one cheap read if nothing has.

        Raises SQLAlchemyError where the database is away; what is in memory then stays in force.
        """
        if await asyncio.to_thread(self.book.changes) != self.now.change:
            self.take_over(await asyncio.to_thread(self.book.read_in_force))

    def take_over(self, found: InForce) -> None:
        """Put in force what was read, unless something later is already."""
        if found.change >= self.now.change:
            self.now = found
