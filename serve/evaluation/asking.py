"""Put tasks to the engine, greedily and several at once, and keep what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from serve.engine.client import EngineClient
from train.evaluation.scoring import Judgement, judge
from train.evaluation.task import Task


@dataclass(frozen=True, slots=True)
class Sitting:
    """Answers judged, in the order of their tasks, with how long the engine took over all of them.

    `seconds` is wall time, `written` the tokens that the engine wrote in it, `read` those of the prompts.
    `each` are the seconds of every answer, with as many others at the same time as were asked together.
    """

    judged: Sequence[Judgement]
    seconds: float
    read: int
    written: int
    each: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks one version of one engine; `together` questions at a time."""

    engine: EngineClient
    version: str
    most_tokens: int
    together: int = 4

    async def ask_all(self, tasks: Sequence[Task]) -> Sitting:
        """Answer and judge every task. Raises EngineError."""
        begun = time.perf_counter()
        turns = asyncio.Semaphore(self.together)

        async def answer(task: Task) -> tuple[str, int, int, float]:
            async with turns:
                asked = time.perf_counter()
                return *await self.ask(task), time.perf_counter() - asked

        answers = await asyncio.gather(*(answer(task) for task in tasks))
        judged = [judge(task, answered[0]) for task, answered in zip(tasks, answers, strict=True)]
        return Sitting(
            judged,
            time.perf_counter() - begun,
            sum(read for _, read, _, _ in answers),
            sum(written for _, _, written, _ in answers),
            [seconds for *_, seconds in answers],
        )

    async def ask(self, task: Task) -> tuple[str, int, int]:
        """One answer with the tokens read and written for it; none are where search found too little."""
        if task.refused:
            return "", 0, 0
        body = {
            "model": self.version,
            "messages": list(task.messages),
            "temperature": 0.0,
            "max_tokens": self.most_tokens,
        }
        told = await self.engine.complete(body)
        text = told["choices"][0]["message"]["content"] or ""
        return text, told["usage"]["prompt_tokens"], told["usage"]["completion_tokens"]
