"""Has a comparison's questions answered; run again, it goes on where it stopped."""

from __future__ import annotations

import asyncio
import logging
import random
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from serve.admission import Admission
from serve.answers import Answerer
from serve.comparisons.asking import Ask, PoolAsker
from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import Answers, Comparison
from serve.errors import EngineDown, ServeError, TooBusy

log = logging.getLogger(__name__)

MOST_AT_ONCE = 2
"""Comparisons that one gateway prepares at the same time; each asks one question after the other."""
TRIES = 3
PAUSE_SECONDS = 5.0


async def fill(book: ComparisonBook, name: str, ask: Ask, *, pause: float = PAUSE_SECONDS) -> Comparison:
    """Have every question answered that is not yet, then open the comparison.

    A question that could not be answered is left, with the reason in `problem`, and the comparison stays in
    preparation; `fill` tries it again. Raises NotFound.
    """
    comparison = await asyncio.to_thread(book.find, name)
    lacking = [one for one in await asyncio.to_thread(book.questions, comparison) if one.answers is None]
    random.SystemRandom().shuffle(lacking)
    problems = []
    for question in lacking if comparison.state == "preparing" else []:
        try:
            answers = await _ask(ask, comparison, question.text, pause)
        except ServeError as error:
            problems.append(str(error))
            continue
        await asyncio.to_thread(book.keep, question.id, answers)
    problem = f"{len(problems)} of {len(lacking)} got no answers: {problems[0]}" if problems else ""
    return await asyncio.to_thread(book.finish_preparing, name, problem)


async def _ask(ask: Ask, comparison: Comparison, question: str, pause: float) -> Answers:
    """Both answers; waited for a little where no engine is free just now."""
    for _ in range(TRIES - 1):
        try:
            return await ask(comparison, question)
        except (EngineDown, TooBusy):
            await asyncio.sleep(pause)
    return await ask(comparison, question)


@dataclass(slots=True)
class ComparisonDesk:
    """One gateway's part in comparisons: those it prepares."""

    book: ComparisonBook
    answerer: Answerer
    admission: Admission
    seconds: float
    """The most that one answer may take."""
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def is_preparing(self, name: str) -> bool:
        """Whether this gateway is at it."""
        return name in self._running

    def check_room(self) -> None:
        """Raises TooBusy where as many are prepared as may be."""
        if len(self._running) >= MOST_AT_ONCE:
            raise TooBusy(f"{MOST_AT_ONCE} comparisons are being prepared. Wait until one is ready.")

    def start(self, name: str, base_url: str) -> None:
        """Prepare a comparison in the background, unless that is under way here."""
        if name not in self._running:
            self._running[name] = asyncio.create_task(self._run(name, base_url))

    async def close(self) -> None:
        """Give up what is under way; what was answered is kept."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, base_url: str) -> None:
        try:
            await fill(self.book, name, PoolAsker(self.answerer, self.admission, self.seconds, base_url))
        except (SQLAlchemyError, ServeError) as error:
            log.warning("%s was not carried on with: %s", name, error)
        finally:
            self._running.pop(name, None)
