"""What the embedding model learns from: a question, the passages that answer it, and passages that do not.

As a file: JSON Lines, one example a line,

    {"id": "…", "question": "…", "positives": [{"record": "…", "text": "…"}],
     "negatives": [{"record": "…", "text": "…"}], "cluster": "…", "origin": "pair"}

`text` may be left out where the index holds the record, and `record` where there is none. No positives:
nothing answers it; such a question is asked in the exam and never learned from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from train.lora.errors import TrainingRefused

Origin = Literal["pair", "wrong_source", "other"]
"""An approved pair, a question that the search went wrong on, or neither."""
_REMEDY = "Take the line out or write it as the others."


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A passage: the record it is of, and its words where they are known."""

    record: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One question. `cluster` names what it hangs together with (its source record): never split."""

    id: str
    question: str
    positives: tuple[Shown, ...] = ()
    negatives: tuple[Shown, ...] = ()
    cluster: str = ""
    origin: Origin = "other"

    @property
    def records(self) -> frozenset[str]:
        """Ids of the records that answer it."""
        return frozenset(one.record for one in self.positives if one.record)

    @property
    def group(self) -> str:
        """Its cluster, or itself where it names none."""
        return self.cluster or self.id


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write examples, a line each."""
    lines = (json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) for one in examples)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def read_examples(path: Path) -> tuple[Example, ...]:
    """The examples in a file. Raises TrainingRefused, with the line that is none or says an id again."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as problem:
        raise TrainingRefused(
            f"{path.name}: expected examples, found no file ({problem.strerror})."
        ) from problem
    found: dict[str, Example] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            one = parse_example(json.loads(line), name=str(number))
            if one.id in found:
                raise ValueError(f"the id {one.id!r} a second time")
        except (ValueError, TypeError, RecursionError) as problem:
            told = " ".join(ascii(str(problem))[1:-1].split())[:120]
            raise TrainingRefused(
                f"{path.name}, line {number}: expected an example, found {told}. {_REMEDY}"
            ) from problem
        found[one.id] = one
    return tuple(found.values())


def parse_example(told: object, name: str = "") -> Example:
    """The example that a JSON object says. Raises ValueError or TypeError where it says none."""
    if not isinstance(told, dict):
        raise ValueError("no object")
    values = {key: told.get(key, "") for key in ("id", "question", "cluster")}
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError("an id, question or cluster that is no text")
    if not values["question"].strip():
        raise ValueError("no question")
    origin = told.get("origin", "other")
    if origin not in get_args(Origin):
        raise ValueError(f"an origin that is none of {', '.join(get_args(Origin))}")
    return Example(
        id=values["id"] or name,
        question=values["question"],
        positives=_parse_passages(told.get("positives", [])),
        negatives=_parse_passages(told.get("negatives", [])),
        cluster=values["cluster"],
        origin=origin,
    )


def _parse_passages(told: object) -> tuple[Shown, ...]:
    if not isinstance(told, list):
        raise ValueError("passages that are no list")
    found = []
    for one in told:
        passage = Shown(**one) if isinstance(one, dict) else Shown(record=one)
        if not isinstance(passage.record, str) or not isinstance(passage.text, str):
            raise ValueError("a passage that is no text")
        if not passage.record and not passage.text.strip():
            raise ValueError("a passage with neither record nor text")
        found.append(passage)
    return tuple(found)
