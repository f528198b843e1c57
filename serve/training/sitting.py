"""Versions sit an exam side by side, question by question, so that a busy hour hits all of them alike."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serve.engine.client import EngineClient
from serve.evaluation.asking import Asker
from serve.training.sheet import Said, Sheet
from train.evaluation.report import Role
from train.evaluation.task import Task

EXAM, SHEETS = "exam", "*.answers.jsonl"
"""The folder of a run's exam, and the answers in it."""
TOGETHER = 2
"""Questions under way at the same time: patrons ask too."""


@dataclass(frozen=True, slots=True)
class Round:
    """Questions that some versions are asked; `versions` gives names by role."""

    tasks: Sequence[Task]
    versions: Mapping[Role, str]
    most_tokens: int


Answers = dict[str, dict[str, Said]]
"""By role, by the digest of what was asked."""


@dataclass(frozen=True, slots=True)
class Proctor:
    """Asks one engine, keeps every answer in `folder`, and tells `report` the share that is done."""

    engine: EngineClient
    folder: Path
    report: Callable[[float], None]

    async def sit(self, rounds: Sequence[Round]) -> Answers:
        """All answers, those kept of an earlier attempt among them. Raises EngineError, OSError."""
        roles = {role: name for one in rounds for role, name in one.versions.items()}
        sheets = {role: Sheet(self.folder / name_sheet(role, name)) for role, name in roles.items()}
        total = sum(len(one.tasks) for one in rounds)
        answers: Answers = {role: {} for role in roles}
        turns, done = asyncio.Semaphore(TOGETHER), 0

        async def ask(one: Round, task: Task, place: int) -> None:
            nonlocal done
            async with turns:
                names = list(one.versions.items())
                for role, name in names[place % len(names) :] + names[: place % len(names)]:
                    said = await self._ask(task, Asker(self.engine, name, one.most_tokens), sheets[role])
                    answers[role][said.asked] = said
                done += 1
                self.report(done / total)

        every = [(one, task, place) for one in rounds for place, task in enumerate(one.tasks)]
        work = [asyncio.create_task(ask(*each)) for each in every]
        try:
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
        return answers

    async def _ask(self, task: Task, asker: Asker, sheet: Sheet) -> Said:
        kept = sheet.find(task)
        if kept:
            return kept
        begun = time.perf_counter()
        text, read, written = await asker.ask(task)
        return sheet.add(task, text, time.perf_counter() - begun, read, written)


def name_sheet(role: str, version: str) -> str:
    """The file of a version's answers: a base may be called anything, and is no part of a path."""
    return f"{role}-{hashlib.sha256(version.encode()).hexdigest()[:12]}.answers.jsonl"
