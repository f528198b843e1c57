"""The exam of a run, for staff; the words of held-out pairs for those alone who decide on runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends

from serve.people.access import require
from serve.people.authority import Action, Actor, may
from serve.service import ServiceDep
from serve.training.administration import make_training
from serve.training.judging import Judging
from serve.training.run import Run
from serve.training.side_by_side import read_exam
from serve.wire.exams import BesideInfo, ChangedInfo, ErrorInfo, ExamReply, FigureInfo, MeasureInfo
from train.evaluation.changes import Change
from train.evaluation.comparing import Figure
from train.evaluation.error_kinds import ERROR_KINDS, EXPLAINED
from train.evaluation.metrics import METRICS
from train.evaluation.report import Report, Role

router = APIRouter(prefix="/v1")
_ROLES: tuple[Role, ...] = ("base", "champion", "candidate")
_OTHERS: tuple[Role, ...] = ("champion", "base")
"""What a candidate is held against, what is in use first."""


@router.get("/runs/{run}/exam")
def get_exam(
    run: str, service: ServiceDep, actor: Annotated[Actor, Depends(require(Action.READ_TRAINING))]
) -> ExamReply:
    """The newest exam of a run's version."""
    training = make_training(service.settings, service.database)
    judging = Judging(training, service.administration, service.settings.adapter_rank)
    found, texts = training.find(run), may(actor, Action.MANAGE_TRAINING)
    return describe_exam(found, read_exam(judging, found, texts=texts), texts=texts)


def describe_exam(run: Run, report: Report, *, texts: bool) -> ExamReply:
    """A report as staff see it."""
    candidate = report.versions["candidate"]
    return ExamReply(
        run=run.id,
        version=run.version,
        dataset=run.dataset,
        questions=candidate.questions,
        answerable=candidate.answerable,
        versions={role: report.versions[role].name for role in _ROLES if role in report.versions},
        measures=list(_describe_measures(report)),
        errors=list(_describe_errors(report)),
        beside=list(_describe_beside(report)),
        texts=texts,
    )


def _describe_measures(report: Report) -> Iterator[MeasureInfo]:
    """The measures that any version has a figure of."""
    other = next((role for role in _OTHERS if role in report.comparisons), None)
    for metric in METRICS:
        figures = {role: one.figures.get(metric.name) for role, one in report.versions.items()}
        known = {role: _describe_figure(figure) for role, figure in figures.items() if figure}
        if not any(figure.count for figure in known.values()):
            continue
        difference = report.comparisons[other].differences.get(metric.name) if other else None
        yield MeasureInfo(
            name=metric.name,
            label=metric.label,
            better=metric.better,
            scale=metric.scale,
            figures=known,
            difference=_describe_figure(difference) if difference else None,
        )


def _describe_errors(report: Report) -> Iterator[ErrorInfo]:
    for kind in ERROR_KINDS:
        counts = {role: one.errors.get(kind, 0) for role, one in report.versions.items()}
        if any(counts.values()):
            yield ErrorInfo(kind=kind, explained=EXPLAINED[kind], counts=counts)


def _describe_beside(report: Report) -> Iterator[BesideInfo]:
    for role in ("champion", "base"):
        found = report.comparisons.get(role)
        if found is None:
            continue
        changes = found.changes
        yield BesideInfo(
            role=role,
            name=found.name,
            sentence=changes.sentence,
            broken=[_describe_change(one) for one in changes.broken],
            fixed=[_describe_change(one) for one in changes.fixed],
            same_right=changes.same_right,
            same_wrong=changes.same_wrong,
        )


def _describe_change(change: Change) -> ChangedInfo:
    return ChangedInfo(
        id=change.id,
        fault=change.fault,
        error=change.error or "",
        explained=EXPLAINED[change.error] if change.error else "",
        question=change.question,
        right=change.right,
        before=change.before,
        after=change.after,
    )


def _describe_figure(figure: Figure) -> FigureInfo:
    return FigureInfo(
        value=_know(figure.value), low=_know(figure.low), high=_know(figure.high), count=figure.count
    )


def _know(number: float) -> float | None:
    return number if math.isfinite(number) else None
