"""The whole gate: stages in order, and one sentence over all."""

from __future__ import annotations

from collections.abc import Iterator

from train.evaluation.gate.automatic import find_rival, judge_automatic
from train.evaluation.gate.canary import judge_canary
from train.evaluation.gate.data import judge_data
from train.evaluation.gate.facts import AutomaticFacts, Facts
from train.evaluation.gate.integrity import judge_integrity
from train.evaluation.gate.people import judge_people
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding, Gate, Stage, StageName, find_worst, make_stage

_NOT_YET: dict[StageName, str] = {
    "integrity": "The adapter's files were not checked yet.",
    "data": "The dataset version was not checked yet.",
    "automatic": "It has not sat the exam yet.",
    "people": "Nobody has compared its answers blindly yet.",
    "canary": "No patron has had its answers yet.",
}


def judge_gate(facts: Facts, limits: Thresholds | None = None) -> Gate:
    """The verdict on a candidate by all that is known of it.

    Measured on simulated exams (questions in clusters): see `train.evaluation.comparing` for one figure, and
    GATESIM for the stage of the exam as a whole.
    """
    limits = limits or Thresholds()
    stages = tuple(_judge_stages(facts, limits))
    verdict = find_worst(stage.verdict for stage in stages)
    return Gate(verdict, _summarise(stages, verdict), stages, limits)


def _judge_stages(facts: Facts, limits: Thresholds) -> Iterator[Stage]:
    if facts.integrity is None:
        yield _put_off("integrity")
    else:
        yield make_stage("integrity", judge_integrity(facts.integrity, limits))
    if facts.data is None:
        yield _put_off("data")
    else:
        yield make_stage("data", judge_data(facts.data, limits), unit="pairs")
    if facts.automatic is None:
        yield _put_off("automatic")
    else:
        findings = judge_automatic(facts.automatic, limits)
        yield make_stage("automatic", findings, about=_count_changes(facts.automatic))
    if facts.people is None:
        yield _put_off("people")
    else:
        yield make_stage("people", judge_people(facts.people, limits), unit="votes")
    if facts.canary is None:
        yield _put_off("canary")
    else:
        yield make_stage("canary", judge_canary(facts.canary, limits), unit="answers")


def _put_off(name: StageName) -> Stage:
    finding = Finding("not-yet", "not enough evidence", _NOT_YET[name])
    return Stage(name, "not enough evidence", finding.sentence, (finding,))


def _count_changes(facts: AutomaticFacts) -> str:
    rival = find_rival(facts.report)
    return facts.report.comparisons[rival].changes.sentence if rival else ""


def _summarise(stages: tuple[Stage, ...], verdict: str) -> str:
    """The first stage that decides it speaks for all: a failure, else what is open."""
    deciding = next(stage for stage in stages if stage.verdict == verdict)
    if verdict == "pass":
        exam = next(stage for stage in stages if stage.name == "automatic")
        return f"Passed. {exam.sentence}"
    begin = "Stopped" if verdict == "fail" else "Not enough evidence"
    return f"{begin} ({deciding.name}): {deciding.sentence}"
