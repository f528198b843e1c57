"""An exam's report: base, version in use and candidate side by side, over the same questions.

Kept as JSON in the shape of the dataclasses here; what is not known is null. Without texts it names questions
by id alone, so that whoever has a patron's words erased need not look for them in reports.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from train.evaluation.changes import Change, Changes, find_changes
from train.evaluation.comparing import Difference, Figure, compare, estimate
from train.evaluation.error_kinds import ErrorKind
from train.evaluation.errors import EvaluationRefused
from train.evaluation.metrics import PRIMARY, Marks, tabulate
from train.evaluation.resampling import SEED
from train.evaluation.scoring import Judgement
from train.evaluation.task import Task

Role = Literal["base", "champion", "candidate"]
SLICE_LEAST = 10
"""Questions that a slice has at least to be looked at by itself."""
SLICE_CONFIDENCE = 0.975
"""Of each bound in the slices: all slices' bounds together hold 95 % of the time."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One version's answers, judged; `seconds`, where known, is how long each took."""

    name: str
    judged: Sequence[Judgement]
    seconds: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionReport:
    """One version by itself: every figure, the share right by slice, and how many errors of which kind."""

    name: str
    questions: int
    answerable: int
    figures: dict[str, Figure]
    kinds: dict[str, Figure]
    collections: dict[str, Figure]
    languages: dict[str, Figure]
    errors: dict[ErrorKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The candidate held against another version.

    `target` is the difference in right answers to the questions that the training was meant for. `slices` are
    those by "collection ..." and "language ...", all their bounds together at 95 %.
    """

    name: str
    differences: dict[str, Difference]
    target: Difference
    slices: dict[str, Difference]
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An exam of a candidate; `comparisons` has the versions it was held against."""

    versions: dict[Role, VersionReport]
    comparisons: dict[Role, Comparison]
    seed: int = SEED

    def as_json(self, *, texts: bool = False) -> dict[str, Any]:
        """For a file; `texts` keeps questions and answers of what changed."""
        report = self if texts else _drop_texts(self)
        told: dict[str, Any] = json.loads(_adapter().dump_json(report))
        return told


def read_report(values: Mapping[str, Any]) -> Report:
    """What `Report.as_json` gave. Raises EvaluationRefused for values that are no report."""
    try:
        return _adapter().validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise EvaluationRefused(
            f"Expected a report, found one whose {place} is none: {first['msg']}."
        ) from error


def make_report(
    candidate: Paper,
    champion: Paper | None,
    base: Paper | None,
    *,
    target: Collection[str] | None = None,
    seed: int = SEED,
) -> Report:
    """The report of an exam; `target` are ids of questions that the training was meant for, None for all.

    Raises EvaluationRefused where versions were asked other questions, or none was asked.
    """
    if not candidate.judged:
        raise EvaluationRefused("Expected questions in the exam, found none.")
    papers: dict[Role, Paper | None] = {"base": base, "champion": champion, "candidate": candidate}
    marks = {role: tabulate(paper.judged, paper.seconds) for role, paper in papers.items() if paper}
    return Report(
        versions={role: _describe(paper, marks[role], seed) for role, paper in papers.items() if paper},
        comparisons={
            role: _compare(candidate, paper, marks["candidate"], marks[role], target, seed)
            for role, paper in papers.items()
            if paper and role != "candidate"
        },
        seed=seed,
    )


def _describe(paper: Paper, marks: Marks, seed: int) -> VersionReport:
    right = marks.only(PRIMARY)

    def part(name: Callable[[Task], Sequence[str]]) -> dict[str, Figure]:
        return {
            key: estimate(right.take(rows), seed=seed)[PRIMARY]
            for key, rows in _part(paper.judged, name).items()
        }

    errors = Counter(judgement.error for judgement in paper.judged if judgement.error)
    return VersionReport(
        name=paper.name,
        questions=len(paper.judged),
        answerable=sum(judgement.task.answerable for judgement in paper.judged),
        figures=estimate(marks, seed=seed),
        kinds=part(lambda task: [task.kind]),
        collections=part(lambda task: task.collections),
        languages=part(lambda task: [task.language]),
        errors=dict(errors.most_common()),
    )


def _compare(
    candidate: Paper, other: Paper, marks: Marks, others: Marks, target: Collection[str] | None, seed: int
) -> Comparison:
    changes = find_changes(other.judged, candidate.judged)
    place = {question: row for row, question in enumerate(others.questions)}
    others = others.take_rows([place[question] for question in marks.questions])
    aimed = [target is None or question in target for question in marks.questions]
    right, other_right = marks.only(PRIMARY), others.only(PRIMARY)
    return Comparison(
        name=other.name,
        differences=compare(marks, others, seed=seed),
        target=compare(right.take(aimed), other_right.take(aimed), seed=seed)[PRIMARY],
        slices=_compare_slices(candidate.judged, right, other_right, seed),
        changes=changes,
    )


def _compare_slices(
    judged: Sequence[Judgement], own: Marks, other: Marks, seed: int
) -> dict[str, Difference]:
    """Each slice that is large enough; with many of them one would differ by chance (Bonferroni)."""
    wanted = {
        f"{what} {key}": rows
        for what, name in _SLICES
        for key, rows in _part(judged, name).items()
        if key and (own.take(rows).of > 0).sum() >= SLICE_LEAST
    }
    confidence = 1 - (1 - SLICE_CONFIDENCE) / max(1, len(wanted))
    return {
        key: compare(own.take(rows), other.take(rows), seed=seed, confidence=confidence)[PRIMARY]
        for key, rows in wanted.items()
    }


_SLICES: tuple[tuple[str, Callable[[Task], Sequence[str]]], ...] = (
    ("collection", lambda task: task.collections),
    ("language", lambda task: [task.language]),
)


def _part(judged: Sequence[Judgement], name: Callable[[Task], Sequence[str]]) -> dict[str, list[bool]]:
    """For every name that tasks go by, which of the rows it is."""
    rows: defaultdict[str, list[bool]] = defaultdict(lambda: [False] * len(judged))
    for row, judgement in enumerate(judged):
        for key in name(judgement.task):
            rows[key][row] = True
    return dict(sorted(rows.items()))


def _drop_texts(report: Report) -> Report:
    def drop(change: Change) -> Change:
        return replace(change, question="", right="", before="", after="")

    compared = {}
    for role, one in report.comparisons.items():
        changes = replace(
            one.changes,
            fixed=tuple(drop(change) for change in one.changes.fixed),
            broken=tuple(drop(change) for change in one.changes.broken),
        )
        compared[role] = replace(one, changes=changes)
    return replace(report, comparisons=compared)


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)
