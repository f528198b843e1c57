"""Questions whose answers are known, as a library writes them down to measure its own search with.

A file has one JSON object on each line:

    question      what the patron asks; the only field that must be there
    id, kind      a name for it, and the kind of question that results are also given by
    file          end of the path of the source that holds the answer
    record        the record in it: end of its id, its heading, or titles from above with " > " between
    gold_snippet  words of that record that show the answer
    also_snippets, also_records, also_in
                  words and records that answer it as well, and another file that holds the same
    container     box and folder, as a reading room would ask for it
    history       earlier turns, objects with `role` and `content`, for a follow-up
    should_abstain, or neither gold_snippet nor record
                  nothing answers it, and search should say so

    answer        what a right answer says, for people

`filters` and `trap` are notes for people and other tools.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SourceError

_REMEDY = 'one JSON object on each line, with at least "question"'


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldQuestion:
    """A question with what answers it; `file`, `record` and `snippet` are empty when nothing does.

    `text` is as asked, `earlier` the patron's questions before it, oldest first. `also` are snippets,
    or ends of record ids, of other records that answer it as well.
    """

    id: str
    text: str
    kind: str = ""
    file: str = ""
    record: str = ""
    snippet: str = ""
    also: tuple[str, ...] = ()
    also_in: str = ""
    container: str = ""
    answer: str = ""
    earlier: tuple[str, ...] = ()
    abstain: bool = False

    @property
    def is_answerable(self) -> bool:
        """Whether the collections hold an answer."""
        return not self.abstain and bool(self.snippet or self.record)


@dataclass(frozen=True, slots=True)
class GoldSet:
    """The questions of a file, and what was wrong with lines that gave none."""

    questions: tuple[GoldQuestion, ...]
    problems: tuple[SourceError, ...] = ()


def read_gold(path: Path) -> GoldSet:
    """Read a file of questions; a line that is none is reported and the others are used.

    Raises SourceError when the file cannot be read or holds no question at all.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as problem:
        raise SourceError(
            path, f"cannot be read: {problem.strerror}", remedy="give a JSON Lines file in UTF-8"
        ) from problem
    questions: list[GoldQuestion] = []
    problems: list[SourceError] = []
    taken: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = _read_question(line, number)
            if question.id in taken:
                raise ValueError(f"the id {question.id!r} of line {taken[question.id]} again")
        except (ValueError, RecursionError) as problem:
            problems.append(SourceError(path, _explain(problem), line=number, remedy=_REMEDY))
            continue
        taken[question.id] = number
        questions.append(question)
    if not questions:
        found = f"; the first problem: {problems[0].problem}" if problems else ", it is empty"
        raise SourceError(path, f"expected questions, found none{found}", remedy=_REMEDY)
    return GoldSet(tuple(questions), tuple(problems))


def _read_question(line: bytes, number: int) -> GoldQuestion:
    values = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    if not isinstance(values, dict):
        raise ValueError(f"expected an object with a question, found {_name_type(values)}")
    text = values.get("question")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f'expected text in "question", found {_name_type(text)}')
    return GoldQuestion(
        id=_text(values, "id") or str(number),
        text=text,
        kind=_text(values, "kind") or "other",
        file=_text(values, "file"),
        record=_text(values, "record"),
        snippet=_text(values, "gold_snippet"),
        also=(*_texts(values, "also_snippets"), *_texts(values, "also_records")),
        also_in=_text(values, "also_in"),
        container=_text(values, "container"),
        answer=_text(values, "answer"),
        earlier=_read_earlier(values.get("history")),
        abstain=values.get("should_abstain") is True,
    )


def _text(values: dict[str, object], name: str) -> str:
    value = values.get(name)
    if value is None or isinstance(value, str | int | float):
        return "" if value is None else str(value).strip()
    raise ValueError(f'expected text in "{name}", found {_name_type(value)}')


def _texts(values: dict[str, object], name: str) -> list[str]:
    value = values.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f'expected a list of texts in "{name}", found {_name_type(value)}')
    return [item for item in value if item.strip()]


def _read_earlier(history: object) -> tuple[str, ...]:
    if history is None:
        return ()
    if not isinstance(history, list) or not all(isinstance(turn, dict) for turn in history):
        raise ValueError(f'expected a list of turns in "history", found {_name_type(history)}')
    return tuple(_text(turn, "content") for turn in history if turn.get("role") == "user")


def _explain(problem: Exception) -> str:
    if isinstance(problem, json.JSONDecodeError):
        return f"expected an object with a question, found no JSON at column {problem.colno}: {problem.msg}"
    if isinstance(problem, UnicodeDecodeError):
        byte = problem.object[problem.start]
        return f"expected UTF-8, found the byte {byte:#04x} in place {problem.start + 1}"
    return str(problem) or type(problem).__name__


def _name_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), f"{value}"[:40])
