"""A task: the prompt as a model gets it, and what a right answer to it is.

Tasks come from questions over an index (`train.evaluation.gold_tasks`) or ready-made from a file, one JSON
object on each line: `messages`, `passages` (rendered, in order), `cited` (numbers that may be cited),
`needed` (words that a right answer holds), `answerable`; where called for, `telling`, `refused`, `cluster`,
`collections` and `language`, as below; and `id`, `kind`, `question`, `right` for people.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.errors import SourceError
from retrieval.prompt import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One question put to a model over passages that are given.

    `fitting` are numbers of passages that answer, from 1; `needed` words or phrases of which a right answer
    holds each; `telling` words of which it holds at least a third. `refused` says that no model was asked,
    for the search found too little.

    Questions of one `cluster` rest on the same records and are right or wrong together: figures are as sure
    as there are clusters, not questions. "" stands for a question by itself. `collections` and `language`
    are what slices are made by.
    """

    id: str
    kind: str
    question: str
    messages: Sequence[Message]
    passages: Sequence[str]
    fitting: frozenset[int]
    answerable: bool
    needed: Sequence[str] = ()
    telling: frozenset[str] = frozenset()
    right: str = ""
    refused: bool = False
    cluster: str = ""
    collections: tuple[str, ...] = ()
    language: str = ""


def read_tasks(path: Path) -> list[Task]:
    """Ready-made tasks. Raises SourceError, with the line, for a file that holds something else."""
    tasks = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(path, f"cannot be read: {problem}", remedy="give a JSON Lines file") from problem
    for number, line in enumerate(lines, start=1):
        try:
            tasks.append(read_task(json.loads(line), str(number)))
        except (ValueError, KeyError, TypeError) as problem:
            raise SourceError(
                path, f"is no task: {problem!r}", line=number, remedy="write it with demo.training.exam"
            ) from problem
    return tasks


def is_task_file(path: Path) -> bool:
    """Whether a file of questions holds ready-made tasks: its first line has messages."""
    try:
        with path.open(encoding="utf-8") as lines:
            first = json.loads(lines.readline())
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and "messages" in first


def read_task(item: dict[str, Any], number: str) -> Task:
    """A task from its values; `number` is its id where it has none.

    Raises KeyError, TypeError or ValueError for values that are none.
    """
    return Task(
        id=str(item.get("id", number)),
        kind=str(item["kind"]),
        question=str(item["question"]),
        messages=item["messages"],
        passages=item["passages"],
        fitting=frozenset(item["cited"]),
        answerable=bool(item["answerable"]),
        needed=tuple(item["needed"]),
        telling=frozenset(item.get("telling", ())),
        right=str(item.get("right", "")),
        refused=bool(item.get("refused", False)),
        cluster=str(item.get("cluster", "")),
        collections=tuple(str(one) for one in item.get("collections", ())),
        language=str(item.get("language", "")),
    )
