"""The gate: what passes, what fails, what is not known yet, and what it says about it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest

from tests.train.evaluation.exam_scene import make_exam
from train.evaluation.calibration import Rated, calibrate
from train.evaluation.comparing import Difference, compare_values
from train.evaluation.errors import EvaluationRefused
from train.evaluation.gate import (
    AutomaticFacts,
    BiasGap,
    CanaryFacts,
    DataFacts,
    Facts,
    IntegrityFacts,
    MemoryFacts,
    PeopleFacts,
    StageName,
    Thresholds,
    ThumbCounts,
    judge_gate,
    read_facts,
    read_gate,
)
from train.evaluation.gate.margins import read_not_worse, widen_margin
from train.evaluation.report import Paper, Report, make_report

WHOLE = IntegrityFacts(
    safetensors_only=True, digests_match=True, base_matches=True, template_matches=True, rank=16,
    weights_finite=True, weights_changed=True, loaded=True, prompts_asked=5, prompts_alike=5,
)  # fmt: skip
CLEAN = DataFacts(pairs=200, whole=True)
LIKED = PeopleFacts(votes=150, share=0.62, low=0.55, high=0.69, judges=4)
TRIED = CanaryFacts(days=8, candidate=ThumbCounts(400, 12), champion=ThumbCounts(4000, 160))
SAME = compare_values([1.0] * 120, [1.0] * 120, [str(number) for number in range(120)])
NO_GAP = BiasGap("names", replace(SAME, low=-0.04, high=0.04))
NONE_COPIED = MemoryFacts(asked=200, copied=0)


@cache
def _report(fixed: int, broken: int, answerable: int = 120, hopeless: int = 40) -> Report:
    before, after = make_exam(answerable, hopeless, wrong_before=40, fixed=fixed, broken=broken)
    times = [1.0] * len(before)
    return make_report(Paper("v2", after, times), Paper("v1", before, times), Paper("base", before, times))


def _facts(report: Report, **changed: object) -> Facts:
    automatic = AutomaticFacts(
        report=report, general=SAME, replay_loss=0.01, memory=NONE_COPIED, bias=(NO_GAP,)
    )
    whole = Facts(integrity=WHOLE, data=CLEAN, automatic=automatic, people=LIKED, canary=TRIED)
    return replace(whole, **changed)  # type: ignore[arg-type]


def test_what_is_better_and_harms_nothing_passes() -> None:
    gate = judge_gate(_facts(_report(20, 2)))
    assert [(stage.name, stage.verdict) for stage in gate.stages] == [
        (name, "pass") for name in ("integrity", "data", "automatic", "people", "canary")
    ]
    assert gate.verdict == "pass" and gate.may_try and gate.may_promote
    assert gate.sentence == "Passed. 20 fixed, 2 broken, 138 the same. All 17 checks are passed."


@pytest.mark.parametrize(("each", "verdict"), [(0.02, "pass"), (2.0, "fail")])
def test_answers_that_take_twice_as_long_count_where_somebody_waits(each: float, verdict: str) -> None:
    before, after = make_exam(120, 40, wrong_before=40, fixed=20, broken=2)
    slow, quick = [each] * len(after), [each / 2] * len(before)
    report = make_report(Paper("v2", after, slow), None, Paper("base", before, quick))
    automatic = judge_gate(_facts(report)).stage("automatic")
    assert {one.code: one.verdict for one in automatic.findings}["seconds"] == verdict


def test_what_is_surely_worse_fails() -> None:
    gate = judge_gate(_facts(_report(0, 20)))
    exam = gate.stage("automatic")
    assert gate.verdict == exam.verdict == "fail" and not gate.may_try
    assert {finding.code for finding in exam.findings if finding.verdict == "fail"} >= {
        "not-worse-than-champion", "not-worse-than-base", "better-on-target",
    }  # fmt: skip
    assert gate.sentence.startswith("Stopped (automatic): 0 fixed, 20 broken, 140 the same.")


def test_what_is_neither_says_how_many_questions_would_settle_it() -> None:
    gate = judge_gate(_facts(_report(5, 2)))
    exam = gate.stage("automatic")
    assert gate.verdict == exam.verdict == "not enough evidence"
    assert exam.needed is not None and exam.needed > 50
    assert (
        exam.sentence == f"5 fixed, 2 broken, 153 the same; {exam.needed:,} more questions would settle it."
    )
    (open_one,) = [finding for finding in exam.findings if finding.verdict != "pass"]
    assert open_one.code == "better-on-target" and "that may be chance" in open_one.sentence
    assert open_one.sentence.endswith(f"About {exam.needed:,} more questions would settle it.")


def test_so_many_questions_settle_it() -> None:
    """The exam above, as often again as the gate asked for, comes out the same and is settled."""
    needed = judge_gate(_facts(_report(5, 2))).stage("automatic").needed
    assert needed
    times = -(-(needed + 160) // 160)
    before, after = make_exam(
        120 * times, 40 * times, wrong_before=40 * times, fixed=5 * times, broken=2 * times
    )
    grown = make_report(Paper("v2", after, [1.0] * len(after)), Paper("v1", before, [1.0] * len(after)), None)
    assert judge_gate(_facts(grown)).stage("automatic").verdict == "pass"


def test_a_small_exam_is_no_evidence_however_good() -> None:
    exam = judge_gate(_facts(_report(40, 0, 50, 10))).stage("automatic")
    told = [finding for finding in exam.findings if finding.code == "exam-size"]
    assert exam.verdict == "not enough evidence"
    assert [(finding.sentence, finding.needed) for finding in told] == [
        ("The exam has 60 questions; 100 are the least.", 40),
        ("The exam has 50 questions that something answers; 60 are the least.", 10),
        ("The exam has 10 questions that nothing answers; 20 are the least.", 10),
    ]


def test_nothing_known_is_no_pass() -> None:
    gate = judge_gate(Facts())
    assert gate.verdict == "not enough evidence"
    assert gate.stage("people").sentence == "Nobody has compared its answers blindly yet."
    bare = judge_gate(_facts(_report(20, 2), integrity=IntegrityFacts())).stage("integrity")
    assert bare.verdict == "not enough evidence" and len(bare.findings) == 9
    untried = AutomaticFacts(report=_report(20, 2))
    exam = judge_gate(_facts(_report(20, 2), automatic=untried)).stage("automatic")
    assert {finding.code for finding in exam.findings if finding.verdict != "pass"} == {
        "general", "memory", "bias",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "facts", "code", "words"),
    [
        ("integrity", replace(WHOLE, rank=32), "rank", "Its rank is 32; the engine takes 16 at most."),
        ("integrity", replace(WHOLE, forbidden=("use_dora",)), "forbidden", "use_dora"),
        ("integrity", replace(WHOLE, weights_changed=False), "weights_changed", "changed nothing"),
        ("integrity", replace(WHOLE, base_matches=False), "base_matches", "another model"),
        ("integrity", replace(WHOLE, prompts_alike=4), "prompts", "1 of 5 answers"),
        ("data", replace(CLEAN, withdrawn=1), "withdrawn", "1 pair is withdrawn since"),
        ("data", replace(CLEAN, unapproved=3), "unapproved", "3 pairs are not approved."),
        ("data", replace(CLEAN, leaked=2), "leaked", "2 exam questions are among"),
        ("data", replace(CLEAN, whole=False), "whole", "build another"),
        ("people", replace(LIKED, low=0.3, high=0.45, share=0.38), "votes", "wins 38% of 150 blind votes"),
        ("canary", replace(TRIED, candidate=ThumbCounts(400, 80)), "thumbs", "Take it back."),
        ("canary", replace(TRIED, rolled_back="Too many errors."), "rolled-back", "Too many errors."),
    ],
)
def test_every_stage_fails_for_its_own_reasons(
    stage: StageName, facts: object, code: str, words: str
) -> None:
    gate = judge_gate(_facts(_report(20, 2), **{stage: facts}))
    assert gate.verdict == "fail" and gate.stage(stage).verdict == "fail"
    (finding,) = [finding for finding in gate.stage(stage).findings if finding.verdict == "fail"]
    assert finding.code == code and words in finding.sentence
    assert gate.sentence == f"Stopped ({stage}): {finding.sentence}"


@pytest.mark.parametrize(
    ("stage", "facts", "words"),
    [
        ("data", replace(CLEAN, pairs=30), "20 more approved pairs are needed."),
        ("data", replace(CLEAN, leaks_looked_for=False), "Nobody looked yet"),
        ("people", replace(LIKED, contributors_alone=True), "somebody else has to vote too"),
        ("people", replace(LIKED, low=0.40, more=90), "About 90 more votes would settle it."),
        ("people", replace(LIKED, enough=False, sentence="Too few."), "Too few."),
        ("canary", replace(TRIED, days=3), "In use for 3 of 7 days: 4 more to go."),
        ("canary", replace(TRIED, candidate=ThumbCounts(50, 1)), "About 150 more answers are needed."),
    ],
)
def test_every_stage_says_what_is_wanting(stage: StageName, facts: object, words: str) -> None:
    gate = judge_gate(_facts(_report(20, 2), **{stage: facts}))
    assert gate.stage(stage).verdict == gate.verdict == "not enough evidence"
    assert words in gate.stage(stage).sentence


def _gap(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, low, high, 60, 60, 0.3)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"memory": MemoryFacts(asked=200, copied=1, longest=61)}, "memory"),
        ({"memory": MemoryFacts(asked=200, copied=0, personal=1)}, "memory"),
        ({"replay_loss": 0.05}, "replay"),
        ({"bias": (BiasGap("gender", _gap(0.02, 0.14)),)}, "bias gender"),
        ({"general": replace(SAME, value=-0.2, low=-0.27, high=-0.13)}, "general"),
    ],
)
def test_what_is_known_by_heart_forgotten_or_unfair_fails(changed: dict[str, object], code: str) -> None:
    facts = _facts(_report(20, 2))
    assert facts.automatic
    worse = replace(facts.automatic, **changed)  # type: ignore[arg-type]
    exam = judge_gate(replace(facts, automatic=worse)).stage("automatic")
    assert [finding.code for finding in exam.findings if finding.verdict == "fail"] == [code]


def test_a_rule_that_people_do_not_agree_with_proves_nothing() -> None:
    facts = _facts(_report(20, 2))
    assert facts.automatic
    for agreed, verdict in ((90, "pass"), (50, "not enough evidence")):
        rated = [
            Rated(
                id=str(number),
                good=number % 2 > 0,
                right=(number % 2 > 0) == (number % 100 < agreed),
                rating="",
            )
            for number in range(200)
        ]
        told = replace(facts, automatic=replace(facts.automatic, calibration=calibrate(rated)))
        assert judge_gate(read_facts(told.as_json())).stage("automatic").verdict == verdict


@pytest.mark.parametrize("gap", [(-0.01, 0.13), (0.01, 0.05)])
def test_a_gap_that_may_be_chance_or_is_small_is_none(gap: tuple[float, float]) -> None:
    facts = _facts(_report(20, 2))
    assert facts.automatic
    with_gap = replace(facts.automatic, bias=(BiasGap("names", _gap(*gap)),))
    assert judge_gate(replace(facts, automatic=with_gap)).may_promote


def test_the_margin_is_what_the_exam_can_resolve_and_is_said() -> None:
    limits = Thresholds()
    assert widen_margin(0.05, 618, 0.25, limits) == pytest.approx(0.05, rel=0.001)
    assert widen_margin(0.05, 155, 0.25, limits) == pytest.approx(0.10, rel=0.005)
    assert widen_margin(0.05, 20, 0.25, limits) == limits.widest_margin
    exam = judge_gate(_facts(_report(20, 2))).stage("automatic")
    told = next(finding for finding in exam.findings if finding.code == "not-worse-than-champion")
    assert "82 %, 67 % of the version in use" in told.sentence
    assert "11 allowed, the least that so few questions can tell" in told.sentence


@pytest.mark.parametrize(
    ("better", "low", "high", "verdict"),
    [
        ("higher", -0.04, 0.02, "pass"),
        ("higher", -0.04, -0.01, "pass"),
        ("higher", -0.09, -0.01, "fail"),
        ("higher", -0.09, 0.02, "not enough evidence"),
        ("lower", -0.09, 0.02, "pass"),
        ("lower", 0.01, 0.09, "fail"),
        ("same", -0.04, 0.04, "pass"),
        ("same", -0.09, 0.01, "not enough evidence"),
        ("same", 0.06, 0.09, "fail"),
        ("higher", float("nan"), float("nan"), "not enough evidence"),
    ],
)
def test_a_difference_is_read_by_the_way_that_is_better(
    better: str, low: float, high: float, verdict: str
) -> None:
    difference = Difference((low + high) / 2, low, high, 100, 100, 0.3)
    assert read_not_worse(difference, 0.05, better).verdict == verdict  # type: ignore[arg-type]


def test_facts_and_verdicts_come_back_from_their_files() -> None:
    facts = _facts(_report(20, 2))
    kept = json.loads(json.dumps(facts.as_json(), allow_nan=False))
    assert "Ellen" not in json.dumps(kept)
    assert judge_gate(read_facts(kept)) == judge_gate(facts)
    gate = judge_gate(facts, Thresholds(margin=0.03))
    again = read_gate(json.loads(json.dumps(gate.as_json(), allow_nan=False)))
    assert again == gate and again.thresholds.margin == 0.03
    with pytest.raises(EvaluationRefused, match="automatic.report is none"):
        read_facts({"automatic": {}})
    with pytest.raises(EvaluationRefused, match="verdict is none"):
        read_gate(gate.as_json() | {"verdict": "perhaps"})
