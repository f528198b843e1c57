"""All measures of answers: what each is called, which way is better, and the table of marks of a version.

A mark is what a question gives (`got`) of what it could give (`of`), and a figure is the sum of the one by
the sum of the other: so a question with three citations weighs three times in citation precision, as it does
in `train.evaluation.scoring`, and a question that a measure does not bear on weighs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from train.evaluation.errors import EvaluationRefused
from train.evaluation.fluency import rate_fluency
from train.evaluation.overlap import measure_overlap
from train.evaluation.scoring import Judgement

Better = Literal["higher", "lower", "same"]
Scale = Literal["share", "ratio"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measure. A `share` runs from 0 to 1 and is compared by difference; a `ratio` by division."""

    name: str
    label: str
    better: Better = "higher"
    scale: Scale = "share"


METRICS: tuple[Metric, ...] = (
    Metric("grounded_correctness", "right answers, grounded in the passages"),
    Metric("citation_precision", "citations that are right"),
    Metric("citation_recall", "answers that cite what answers"),
    Metric("refusal_precision", "“not found” that is right"),
    Metric("refusal_recall", "“not found” where nothing answers"),
    Metric("over_refusal", "“not found” though something answers", better="lower"),
    Metric("exact_match", "the known answer, word for word"),
    Metric("token_precision", "words that the known answer has"),
    Metric("token_recall", "words of the known answer"),
    Metric("token_f1", "words in common (F1)"),
    Metric("rouge_l", "ROUGE-L"),
    Metric("bleu", "BLEU (by sentence)"),
    Metric("chrf", "chrF (by sentence)"),
    Metric("meteor", "METEOR (exact and stem)"),
    Metric("fluency", "reads like a text"),
    Metric("answer_words", "words in an answer", better="same", scale="ratio"),
    Metric("seconds", "seconds for an answer", better="lower", scale="ratio"),
)
BY_NAME = {metric.name: metric for metric in METRICS}
NAMES = tuple(BY_NAME)
PRIMARY = "grounded_correctness"


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """Marks of one version: `got` and `of` have a row for each question and a column for each of `metrics`.

    `clusters` names for each question what it hangs together with.
    """

    questions: tuple[str, ...]
    clusters: tuple[str, ...]
    metrics: tuple[str, ...]
    got: NDArray[np.float64]
    of: NDArray[np.float64]

    def take(self, kept: Sequence[bool]) -> Marks:
        """The rows marked in `kept`."""
        return self.take_rows([row for row, wanted in enumerate(kept) if wanted])

    def only(self, metric: str) -> Marks:
        """One measure alone."""
        place = self.metrics.index(metric)
        columns = slice(place, place + 1)
        return Marks(self.questions, self.clusters, (metric,), self.got[:, columns], self.of[:, columns])

    def take_rows(self, rows: Sequence[int]) -> Marks:
        """These rows, in this order."""
        return Marks(
            tuple(self.questions[row] for row in rows),
            tuple(self.clusters[row] for row in rows),
            self.metrics,
            self.got[list(rows)],
            self.of[list(rows)],
        )


def tabulate(judged: Sequence[Judgement], seconds: Sequence[float] = ()) -> Marks:
    """The marks of a version's answers; `seconds`, where known, is how long each took.

    Raises EvaluationRefused where two answers are to one question, or times and answers differ in number.
    """
    if seconds and len(seconds) != len(judged):
        raise EvaluationRefused(f"Expected a time for each of {len(judged)} answers, found {len(seconds)}.")
    questions = tuple(judgement.task.id for judgement in judged)
    if len(set(questions)) < len(questions):
        twice = next(one for one in questions if questions.count(one) > 1)
        raise EvaluationRefused(f"Expected one answer to each question, found several to {twice!r}.")
    got = np.zeros((len(judged), len(NAMES)))
    of = np.zeros_like(got)
    column = {name: place for place, name in enumerate(NAMES)}
    for row, judgement in enumerate(judged):
        for name, share, whole in _mark(judgement):
            got[row, column[name]], of[row, column[name]] = share, whole
        if seconds and not judgement.task.refused:
            got[row, column["seconds"]], of[row, column["seconds"]] = seconds[row], 1
    clusters = tuple(item.task.cluster or f"question {item.task.id}" for item in judged)
    return Marks(questions, clusters, NAMES, got, of)


def _mark(judgement: Judgement) -> Iterator[tuple[str, float, float]]:
    """What one answer gives, by measure, and what it could."""
    task, cited = judgement.task, judgement.cited
    if task.passages and (task.fitting or not task.answerable):
        yield "citation_precision", sum(number in task.fitting for number in cited), len(cited)
    if judgement.refused:
        yield "refusal_precision", not task.answerable, 1
    if not task.refused:
        yield "fluency", rate_fluency(judgement.answer), 1
    if not task.answerable:
        yield "refusal_recall", judgement.refused, 1
        return
    yield "grounded_correctness", judgement.is_right, 1
    yield "over_refusal", judgement.refused, 1
    if task.fitting:
        yield "citation_recall", bool(set(cited) & task.fitting), 1
    if not judgement.refused:
        yield "answer_words", len(judgement.answer.split()), 1
    if task.right:
        for name, value in asdict(measure_overlap(judgement.answer, task.right)).items():
            yield name, value, 1
