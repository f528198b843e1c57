"""Answers being written, by visit, and how they are ended: by a button, or because the tab was closed.

Gradio can cancel a run itself, but does not wait for it: the cancelled run may write to the page once
more, after the button's own handler has cleared it. And a tab closed before it began to read its
events goes unnoticed there; the page's heartbeat ends in that case too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

LONGEST_WAIT = 5.0
"""Seconds that a button waits for an answer to end."""


@dataclass(slots=True)
class Answering:
    """One answer being written. `unwanted`: nothing more of it may be shown."""

    unwanted: bool = False
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Visits:
    """The answers being written, by the visit (Gradio's session) they are written for."""

    def __init__(self) -> None:
        self._answering: dict[str, list[Answering]] = {}

    @contextmanager
    def answering(self, visit: str) -> Iterator[Answering]:
        """For the time of an answer. Whoever writes it looks at `ending` at least every half second."""
        answer = Answering()
        running = self._answering.setdefault(visit, [])
        running.append(answer)
        try:
            yield answer
        finally:
            answer.ended.set()
            running.remove(answer)
            if not running:
                self._answering.pop(visit, None)

    async def end(self, visit: str, *, unwanted: bool) -> None:
        """End what is being written for a visit, and come back when it has written its last."""
        running = list(self._answering.get(visit, ()))
        for answer in running:
            answer.unwanted = answer.unwanted or unwanted
            answer.ending.set()
        if running:
            await asyncio.wait(
                [asyncio.ensure_future(answer.ended.wait()) for answer in running], timeout=LONGEST_WAIT
            )
