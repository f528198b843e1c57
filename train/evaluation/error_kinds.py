"""Kinds of error: what went wrong in an answer, in the few kinds that call for different mending."""

from __future__ import annotations

import re
from typing import Literal, get_args

from retrieval.evaluation.gold_match import fold_words
from train.evaluation.fluency import rate_fluency
from train.evaluation.task import Task

ErrorKind = Literal[
    "missed refusal",
    "over-refusal",
    "no citation",
    "wrong citation",
    "quotation",
    "missing place",
    "made-up figure",
    "wrong fact",
    "broken text",
]
ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
EXPLAINED: dict[ErrorKind, str] = {
    "missed refusal": "answers a question that nothing in the collections answers",
    "over-refusal": "says “not found” though a passage that was shown answers",
    "no citation": "says it without the number of a passage",
    "wrong citation": "cites a passage that does not say it",
    "quotation": "puts words in quotation marks that the passage does not have",
    "missing place": "leaves out the box, folder or call number that was asked for",
    "made-up figure": "names a year or number that stands in no passage and not in the question",
    "wrong fact": "does not say what was asked for",
    "broken text": "is empty, breaks off or goes round in circles",
}
"""Each kind in words for a librarian, after "the answer"."""
LEAST_FLUENT = 0.5
"""Fluency below which an answer is broken text before it is anything else."""
_FIGURE = re.compile(r"\d+")
_CITED = re.compile(r"\[\d{1,2}\]")
_BY_FAULT: tuple[tuple[str, ErrorKind], ...] = (
    ("refuses", "over-refusal"),
    ("cites nothing", "no citation"),
    ("cites", "wrong citation"),
    ("quotes", "quotation"),
    ("does not say what was asked", "wrong fact"),
    ("does not say", "missing place"),
)


def name_error(task: Task, answer: str, fault: str) -> ErrorKind | None:
    """The kind of a fault that `train.evaluation.scoring` found; None where there is none."""
    if not fault:
        return None
    if not task.refused and rate_fluency(answer) < LEAST_FLUENT:
        return "broken text"
    if not task.answerable:
        return "missed refusal"
    kind = next(kind for begins, kind in _BY_FAULT if fault.startswith(begins))
    if kind in ("missing place", "wrong fact") and find_made_up(task, answer):
        return "made-up figure"
    return kind


def find_made_up(task: Task, answer: str) -> list[str]:
    """Figures of an answer, in order, that stand neither in a passage it was shown nor in the question."""
    known = {
        figure for text in (task.question, *task.passages) for figure in _FIGURE.findall(fold_words(text))
    }
    return [figure for figure in _FIGURE.findall(_CITED.sub(" ", answer)) if figure not in known]
