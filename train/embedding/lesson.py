"""One lesson: a question, a passage that answers it, and passages that do not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from train.lora.files import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """`keys` are what no other lesson of its batch may share: there, every other passage counts as wrong.

    `told` of the negatives come from staff, `mined` from the search; the others are passages of other
    lessons.
    """

    example: str
    group: str
    question: str
    positive: str
    negatives: tuple[str, ...]
    keys: tuple[str, ...]
    told: int = 0
    mined: int = 0


def write_lessons(path: Path, lessons: Sequence[Lesson]) -> None:
    """Write lessons, a line each; all of them or none."""
    lines = (json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) for one in lessons)
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())


def read_lessons(path: Path) -> tuple[Lesson, ...]:
    """The lessons that a run wrote. Raises OSError, ValueError, TypeError."""
    found = []
    for line in path.read_bytes().split(b"\n"):
        if line:
            told = json.loads(line)
            told["negatives"], told["keys"] = tuple(told["negatives"]), tuple(told["keys"])
            found.append(Lesson(**told))
    return tuple(found)
