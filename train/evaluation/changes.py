"""Question by question, what another version made of the same questions: fixed, broken, or the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from train.evaluation.error_kinds import ErrorKind
from train.evaluation.errors import EvaluationRefused
from train.evaluation.scoring import Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One question that came out otherwise. `fault` and `error` are of whichever answer is wrong.

    The texts are "" in a report that is kept: they belong to patrons and to the dataset version.
    """

    id: str
    fault: str
    error: ErrorKind | None
    question: str = ""
    right: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed, in the order of the questions, and how many of the others are right and wrong."""

    fixed: tuple[Change, ...]
    broken: tuple[Change, ...]
    same_right: int
    same_wrong: int

    @property
    def same(self) -> int:
        return self.same_right + self.same_wrong

    @property
    def sentence(self) -> str:
        """As "12 fixed, 2 broken, 86 the same"."""
        return f"{len(self.fixed)} fixed, {len(self.broken)} broken, {self.same} the same"


def find_changes(before: Sequence[Judgement], after: Sequence[Judgement]) -> Changes:
    """What the later version changed. Raises EvaluationRefused where the questions are not the same."""
    known = {judgement.task.id: judgement for judgement in before}
    if set(known) != {judgement.task.id for judgement in after}:
        raise EvaluationRefused("Expected both versions to be asked the same questions, found others.")
    fixed, broken = [], []
    same = {True: 0, False: 0}
    for judgement in after:
        was = known[judgement.task.id]
        if was.is_right == judgement.is_right:
            same[judgement.is_right] += 1
        elif judgement.is_right:
            fixed.append(_describe(was, was, judgement))
        else:
            broken.append(_describe(judgement, was, judgement))
    return Changes(fixed=tuple(fixed), broken=tuple(broken), same_right=same[True], same_wrong=same[False])


def _describe(wrong: Judgement, before: Judgement, after: Judgement) -> Change:
    task = after.task
    return Change(
        id=task.id,
        fault=wrong.fault,
        error=wrong.error,
        question=task.question,
        right=task.right,
        before=before.answer,
        after=after.answer,
    )
