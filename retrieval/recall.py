"""Recall of search over questions whose answer is known, by kind of question."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.followup import complete_question
from retrieval.index import Index
from retrieval.questions import split_words
from retrieval.records import Hit, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldQuestion:
    """A question with what answers it; `file`, `record` and `snippet` are empty when nothing does.

    `also` are snippets, or ends of record ids, of other records that answer it as well.
    """

    id: str
    text: str
    kind: str
    file: str
    record: str
    snippet: str
    also: tuple[str, ...] = ()

    @property
    def is_answerable(self) -> bool:
        """Whether the collections hold an answer."""
        return bool(self.snippet or self.record)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One question asked.

    `rank` is that of the first hit that is the gold one, `any_rank` of the first that answers it at all,
    0 for none; `covered` says whether the gold file is in the index.
    """

    question: GoldQuestion
    rank: int
    any_rank: int
    found: bool
    milliseconds: float
    covered: bool


def read_questions(path: Path) -> list[GoldQuestion]:
    """Questions from a JSON Lines file; a follow-up is led by the question before it. Raises SourceError."""
    questions = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise SourceError(
            path, f"cannot be read: {problem}", remedy="give a JSON Lines file in UTF-8"
        ) from problem
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            questions.append(_read_question(json.loads(line), number))
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            raise SourceError(
                path, "expected an object with a question", line=number, remedy="one JSON object on each line"
            ) from problem
    return questions


def ask_all(index: Index, questions: Sequence[GoldQuestion], k: int) -> list[Outcome]:
    """Ask every question once, in order."""
    outcomes = []
    for question in questions:
        started = time.perf_counter()
        result = index.search(question.text, top_k=k)
        took = (time.perf_counter() - started) * 1000
        gold = [rank for rank, hit in enumerate(result.hits, start=1) if answers(hit, question)]
        other = [rank for rank, hit in enumerate(result.hits, start=1) if answers_too(hit, question)]
        covered = any(question.file and source.endswith(question.file) for source in index.manifest.sources)
        outcomes.append(
            Outcome(
                question=question,
                rank=min(gold, default=0),
                any_rank=min(gold + other, default=0),
                found=result.found,
                milliseconds=took,
                covered=covered,
            )  # fmt: skip
        )
    return outcomes


def answers(hit: Hit, question: GoldQuestion) -> bool:
    """Whether a hit's record holds the gold snippet, or is the gold record of the gold file."""
    if question.snippet and _fold(question.snippet) in _fold(_text_of(hit.record)):
        return True
    fits_file = (
        not question.file
        or question.file.endswith(hit.record.source)
        or hit.record.source.endswith(question.file)
    )
    wanted = _fold(question.record)
    return (
        bool(wanted)
        and fits_file
        and (_fold(hit.record.heading) == wanted or hit.record.id.endswith(question.record))
    )


def answers_too(hit: Hit, question: GoldQuestion) -> bool:
    """Whether a hit is one of the other records that answer the question."""
    text = _fold(_text_of(hit.record))
    return any(hit.record.id.endswith(other) or _fold(other) in text for other in question.also)


def summarise(outcomes: Sequence[Outcome], k: int) -> dict[str, object]:
    """recall@k over answerable questions, by kind; how `found` did; and p50 and p95 of the search."""
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if outcome.question.is_answerable:
            kinds[outcome.question.kind].append(outcome)
    answerable = [outcome for kind in kinds.values() for outcome in kind]
    read = [outcome for outcome in answerable if outcome.covered]
    hopeless = [outcome for outcome in outcomes if not outcome.question.is_answerable]
    times = sorted(outcome.milliseconds for outcome in outcomes)
    return {
        f"recall_at_{k}": _share([outcome.rank > 0 for outcome in answerable]),
        f"recall_at_{k}_of_files_read": _share([outcome.rank > 0 for outcome in read]),
        f"any_answer_at_{k}": _share([outcome.any_rank > 0 for outcome in answerable]),
        "recall_at_1": _share([outcome.rank == 1 for outcome in answerable]),
        "mrr": round(
            sum(1 / outcome.rank for outcome in answerable if outcome.rank) / max(1, len(answerable)), 4
        ),
        "questions": len(outcomes),
        "answerable": len(answerable),
        "by_kind": {
            kind: _share([outcome.rank > 0 for outcome in found]) for kind, found in sorted(kinds.items())
        },
        "over_refusal": _share([not outcome.found for outcome in answerable]),
        "refusal_recall": _share([not outcome.found for outcome in hopeless]),
        "p50_ms": round(_quantile(times, 0.5), 2),
        "p95_ms": round(_quantile(times, 0.95), 2),
    }


def _read_question(values: dict[str, object], number: int) -> GoldQuestion:
    turns = [turn for turn in _list(values.get("history")) if isinstance(turn, dict)]
    earlier = [str(turn["content"]) for turn in turns if turn.get("role") == "user"]
    return GoldQuestion(
        id=str(values.get("id", number)),
        text=complete_question(str(values["question"]), earlier),
        kind=str(values.get("kind") or ""),
        file=str(values.get("file") or ""),
        record=str(values.get("record") or ""),
        snippet=str(values.get("gold_snippet") or ""),
        also=tuple(
            str(other) for name in ("also_snippets", "also_records") for other in _list(values.get(name))
        ),
    )


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text_of(record: Record) -> str:
    return " ".join(
        [record.heading, record.text, *record.breadcrumb, record.extent, record.access, record.dates]
    )


def _fold(text: str) -> str:
    """Letters and digits alone: a heading sets its own commas between title and dates."""
    return " ".join(split_words(text))


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
