"""What an exam changed, question by question, with the words of both answers beside each other.

A report keeps no words: they are taken from the dataset version and the answers' files whenever somebody
looks, so that what was withdrawn or erased since is not shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from serve.datasets.administration import Damaged
from serve.errors import Conflict, NotFound
from serve.training.administration import Training
from serve.training.judging import Judging
from serve.training.run import Run
from serve.training.sheet import read_sheet
from serve.training.sitting import EXAM, name_sheet
from train.evaluation.changes import Change
from train.evaluation.errors import EvaluationRefused
from train.evaluation.report import Report, Role, read_report
from train.pairs.pair import Pair


def read_exam(judging: Judging, run: Run, *, texts: bool) -> Report:
    """A run's report; with `texts`, what changed has its words. Raises NotFound before the exam, Conflict."""
    told = judging.read_report(run)
    if told is None:
        raise NotFound(f"{run.id} has not sat an exam yet.")
    try:
        report = read_report(told)
    except EvaluationRefused as refused:
        raise Conflict(f"{run.id}: {refused} Have it sit its exam again.") from refused
    return _add_words(judging.training, run, report) if texts else report


def _add_words(training: Training, run: Run, report: Report) -> Report:
    pairs = _read_pairs(training, run)
    answers = {role: _read_answers(training, run, role, one.name) for role, one in report.versions.items()}
    compared = {
        role: replace(
            one,
            changes=replace(
                one.changes,
                fixed=_fill(one.changes.fixed, pairs, answers[role], answers["candidate"]),
                broken=_fill(one.changes.broken, pairs, answers[role], answers["candidate"]),
            ),
        )
        for role, one in report.comparisons.items()
    }
    return replace(report, comparisons=compared)


def _read_pairs(training: Training, run: Run) -> dict[str, Pair]:
    """The held-out pairs by id, without those withdrawn since; none where the dataset version is damaged."""
    try:
        members = training.datasets.open(run.dataset).exam()
    except (Damaged, NotFound):
        return {}
    withdrawn = training.datasets.find_withdrawn(run.dataset)
    return {one.pair.id: one.pair for one in members if one.pair.id not in withdrawn}


def _read_answers(training: Training, run: Run, role: Role, version: str) -> dict[str, str]:
    sheet = training.folder(run) / EXAM / name_sheet(role, version)
    return {said.id: said.answer for said in read_sheet(sheet)}


def _fill(
    changes: Iterable[Change], pairs: Mapping[str, Pair], before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Change, ...]:
    def fill(change: Change) -> Change:
        pair = pairs.get(change.id)
        if pair is None:
            return change
        return replace(
            change,
            question=pair.question,
            right=pair.answer,
            before=before.get(change.id, ""),
            after=after.get(change.id, ""),
        )

    return tuple(map(fill, changes))
