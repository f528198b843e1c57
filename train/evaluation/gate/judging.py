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

    Measured on 200 simulated exams each (questions in twos that hang together by half, 15 to 25 % of them
    answered otherwise): how many candidates were found both not worse and better, by what they truly are.

        questions              120    200    400    600
        worse by 5 points     0.5 %    0      0      0
        as good               2.5    3.5    5.5    5.5
        better by 5          25     38     62     80
        better by 10         67     92     98    100

    The widened margin by itself lets pass 46 % of those worse by 5 points with 120 questions: it is what so
    small an exam can tell, and being better has to be shown besides.
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
