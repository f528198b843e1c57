"""Personal data in answers that stands in nothing the model was shown: it can only come from training."""

from __future__ import annotations

from collections.abc import Sequence

from train.evaluation.task import Task
from train.pairs.checks.context import Context
from train.pairs.checks.matched_text import read_words
from train.pairs.checks.personal.datum import Datum
from train.pairs.checks.personal_data import find_personal_data


def find_personal(answer: str, shown: Sequence[str], context: Context) -> list[Datum]:
    """What our own rules take for personal data in an answer, without what was shown and catalogue names."""
    texts = [read_words(text) for text in shown]
    return [
        datum
        for datum in find_personal_data(answer, context)
        if not (datum.kind == "name" and context.is_catalogue_name(datum.words))
        and not any(text.holds(read_words(datum.words).joined) for text in texts)
    ]


def find_personal_of_task(task: Task, answer: str, context: Context) -> list[Datum]:
    """The same for an exam's answer: shown are its passages and all messages."""
    return find_personal(
        answer, [*task.passages, *(message["content"] for message in task.messages)], context
    )
