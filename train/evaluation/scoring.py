"""The rule by which an answer is judged, and the figures that come of many.

An answer is a *refusal* if it begins with the refusal sentence, or if nothing was asked of a model. To a
question that nothing answers, a refusal is right and all else wrong. To any other question, an answer is
right ("grounded") if all of this holds:

1. it is no refusal;
2. it cites at least one passage that answers, and none that does not (where citing is called for at all:
   a greeting has no passages);
3. each quotation stands word for word in the passage cited after it (white space and case folded);
4. it says what was asked: every needed phrase stands in it (white space and case folded), and a third of the
   telling words.

Grounded correctness is the share of right answers to questions that can be answered. Citation precision: of
all citations in answers over passages, those of a passage that answers; a question that nothing answers has
none. Citation recall: of the questions that can be answered, those whose answer cites a passage that does.
Refusal precision: of all refusals, those to questions that nothing answers; refusal recall: of those
questions, the refused ones; over-refusal: of the others, the refused ones. Shares have Wilson's interval.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.evaluation.gold_match import fold_words
from retrieval.evaluation.measures import Estimate, estimate_share
from retrieval.prompt import REFUSAL
from train.evaluation.error_kinds import ErrorKind, name_error
from train.evaluation.task import Task

TELLING = 1 / 3
"""Share of the telling words that an answer must hold."""
_CITED = re.compile(r"\[(\d{1,2})\]")
"""A citation; [1834] is a date that an archivist worked out."""
_QUOTED = re.compile(r'"(.+?)" \[(\d{1,2})\]', re.DOTALL)
"""Headings hold quotation marks too: the mark that ends a quotation is that before a number."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer judged; `fault` is "" for a right one, else what it breaks, in a few words.

    `error` is the kind of that fault, for counting and grouping.
    """

    task: Task
    answer: str
    refused: bool
    cited: tuple[int, ...]
    fault: str
    error: ErrorKind | None = None

    @property
    def is_right(self) -> bool:
        return not self.fault


def judge(task: Task, answer: str) -> Judgement:
    """Judge one answer by the rule above."""
    refused = task.refused or answer.strip().startswith(REFUSAL)
    cited = () if refused else tuple(int(number) for number in _CITED.findall(answer))
    fault = _find_fault(task, answer, refused, cited)
    return Judgement(task, answer, refused, cited, fault, name_error(task, answer, fault))


def find_quotes(answer: str) -> list[tuple[str, int]]:
    """Each quotation with the number after it."""
    return [(quote, int(number)) for quote, number in _QUOTED.findall(answer)]


def _find_fault(task: Task, answer: str, refused: bool, cited: tuple[int, ...]) -> str:
    if not task.answerable:
        return "" if refused else "answers though nothing does"
    if refused:
        return "refuses though a passage answers"
    if task.fitting and not set(cited) & task.fitting:
        return "cites no passage that answers" if cited else "cites nothing"
    if wrong := sorted(set(cited) - task.fitting):
        return f"cites {', '.join(f'[{number}]' for number in wrong)}, which does not answer"
    folded = _fold(answer)
    for quote, number in find_quotes(answer):
        if _fold(quote) not in _fold(task.passages[number - 1]):
            return f"quotes what [{number}] does not say"
    if missing := [phrase for phrase in task.needed if _fold(phrase) not in folded]:
        return f"does not say {missing[0]!r}"
    held = task.telling & set(fold_words(answer).split())
    if len(held) < math.ceil(TELLING * len(task.telling)):
        return "does not say what was asked"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Figures over many answers; `kinds` gives the share right by kind of question."""

    questions: int
    grounded_correctness: Estimate
    citation_precision: Estimate
    citation_recall: Estimate
    refusal_precision: Estimate
    refusal_recall: Estimate
    over_refusal: Estimate
    kinds: dict[str, Estimate]


def score(judged: Sequence[Judgement]) -> Scores:
    """All figures; over no question a figure is 0 with a count of 0."""
    known = [item for item in judged if item.task.answerable]
    hopeless = [item for item in judged if not item.task.answerable]
    kinds: dict[str, list[bool]] = defaultdict(list)
    for item in judged:
        kinds[item.task.kind].append(item.is_right)
    citing = [
        item for item in judged if item.task.passages and (item.task.fitting or not item.task.answerable)
    ]
    return Scores(
        questions=len(judged),
        grounded_correctness=estimate_share([item.is_right for item in known]),
        citation_precision=estimate_share([n in item.task.fitting for item in citing for n in item.cited]),
        citation_recall=estimate_share(
            [bool(set(item.cited) & item.task.fitting) for item in known if item.task.fitting]
        ),
        refusal_precision=estimate_share([not item.task.answerable for item in judged if item.refused]),
        refusal_recall=estimate_share([item.refused for item in hopeless]),
        over_refusal=estimate_share([item.refused for item in known]),
        kinds={kind: estimate_share(values) for kind, values in sorted(kinds.items())},
    )


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
