"""The exam: the index in use and one made with the tuned model, asked the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from retrieval.embedding import Embedder
from retrieval.errors import SourceError
from retrieval.evaluation.gold import GoldQuestion, read_gold
from retrieval.index import Index
from retrieval.store.reembedding import reembed_index
from retrieval.store.snapshot import read_current
from train.embedding.gathering import Gathered
from train.embedding.measuring import Asked, as_json, ask_examples, ask_gold, make_known_items
from train.embedding.plan import Plan
from train.embedding.verdict import Verdict, judge_tuned
from train.lora.errors import TrainingRefused


def examine(
    plan: Plan, gathered: Gathered, index: Index, tuned: Embedder, trial: Path
) -> tuple[Verdict, dict[str, Any]]:
    """The verdict on a tuned model, and what was asked; `trial` is where its index is made.

    Raises RetrievalError.
    """
    reembed_index(plan.index, tuned, _hear_nothing, into=trial)
    other = Index(trial / read_current(trial), tuned)
    guard = _choose_guard(plan, gathered, index)
    exam = ask_examples(index, gathered.exam), ask_examples(other, gathered.exam)
    guarded = guard(index), guard(other)
    return judge_tuned(exam, guarded), {
        "exam": {"before": as_json(exam[0]), "after": as_json(exam[1])},
        "guard": {
            "before": as_json(guarded[0]),
            "after": as_json(guarded[1]),
            "of": "questions" if plan.guard else "titles",
        },
    }


def read_guard(plan: Plan) -> tuple[GoldQuestion, ...]:
    """The plan's own guard questions; none where it names no file. Raises TrainingRefused."""
    try:
        return read_gold(plan.guard).questions if plan.guard else ()
    except SourceError as problem:
        raise TrainingRefused(f"The guard questions cannot be used: {problem}") from problem


def _choose_guard(plan: Plan, gathered: Gathered, index: Index) -> Callable[[Index], list[Asked]]:
    """The plan's own questions, else records of the index by their titles."""
    questions = read_guard(plan)
    if questions:
        return lambda one: ask_gold(one, questions)
    items = make_known_items(index, (*gathered.train, *gathered.exam))
    return lambda one: ask_examples(one, items)


def _hear_nothing(step: str, done: int, total: int | None = None) -> None:
    """The trial's progress: the run tells of its stages."""
