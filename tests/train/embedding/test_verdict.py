"""Only better is better: verdicts of outcomes that are known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from train.embedding.measuring import Asked
from train.embedding.verdict import LEAST_EXAM, judge_tuned


def make_asked(gains: Sequence[float], *, found: Sequence[bool] = (), hopeless: int = 0) -> list[Asked]:
    """Questions of clusters of their own; a gain of 1 is a first place, of 0 none."""
    known = [
        Asked(f"q{place}", f"c{place}", True, gain, gain, gain, found[place] if found else True)
        for place, gain in enumerate(gains)
    ]
    return known + [Asked(f"h{place}", f"h{place}", False, 0.0, 0.0, 0.0, False) for place in range(hopeless)]


SAME = [1.0] * 150


@pytest.mark.parametrize(
    ("before", "after", "ruling"),
    [
        ([0.0] * 60 + [1.0] * 90, [0.0] * 30 + [1.0] * 120, "better"),
        ([0.0] * 30 + [1.0] * 120, [0.0] * 60 + [1.0] * 90, "worse"),
        ([0.0] * 60 + [1.0] * 90, [0.0] * 60 + [1.0] * 90, "not better"),
        ([0.0] * 60 + [1.0] * 90, [0.0] * 59 + [1.0] * 91, "not enough evidence"),
    ],
)
def test_the_exam_decides(before: list[float], after: list[float], ruling: str) -> None:
    verdict = judge_tuned((make_asked(before), make_asked(after)), (make_asked(SAME), make_asked(SAME)))
    assert verdict.ruling == ruling
    primary = verdict.lines[0]
    assert (primary.where, primary.measure, primary.questions) == ("exam", "ndcg", 150)
    assert primary.difference == pytest.approx((sum(after) - sum(before)) / 150)
    assert primary.low <= primary.difference <= primary.high


def test_better_at_the_exam_and_worse_at_the_guard_is_worse() -> None:
    exam = make_asked([0.0] * 60 + [1.0] * 90), make_asked([0.0] * 30 + [1.0] * 120)
    guard = make_asked(SAME), make_asked([0.0] * 15 + [1.0] * 135)
    verdict = judge_tuned(exam, guard)
    assert verdict.ruling == "worse"
    assert verdict.sentences[0].startswith("Worse: guard, nDCG@10: 1.000 before, 0.900 after")


def test_a_guard_too_small_to_tell_is_not_enough() -> None:
    exam = make_asked([0.0] * 60 + [1.0] * 90), make_asked([0.0] * 30 + [1.0] * 120)
    verdict = judge_tuned(exam, (make_asked([1.0] * 10), make_asked([1.0] * 10)))
    assert verdict.ruling == "not enough evidence"
    assert "Not sure to be no worse by 0.05: guard, nDCG@10" in verdict.sentences[0]


def test_more_refusals_of_what_is_there_are_worse() -> None:
    exam = (
        make_asked([0.0] * 60 + [1.0] * 90),
        make_asked([0.0] * 30 + [1.0] * 120, found=[False] * 20 + [True] * 130),
    )
    verdict = judge_tuned(exam, (make_asked(SAME), make_asked(SAME)))
    assert verdict.ruling == "worse"
    assert "exam, found enough: 1.000 before, 0.867 after" in verdict.sentences[0]


def test_few_refusals_are_shown_and_not_judged() -> None:
    exam = make_asked([0.0] * 60 + [1.0] * 90, hopeless=5), make_asked([0.0] * 30 + [1.0] * 120, hopeless=5)
    verdict = judge_tuned(exam, (make_asked(SAME), make_asked(SAME)))
    line = next(one for one in verdict.lines if one.measure == "refused where nothing answers")
    assert (line.before, line.after, line.questions, line.judged) == (1.0, 1.0, 5, False)
    assert verdict.ruling == "better"


def test_an_exam_too_small_decides_nothing() -> None:
    few = LEAST_EXAM - 1
    verdict = judge_tuned(
        (make_asked([0.0] * few), make_asked([1.0] * few)), (make_asked(SAME), make_asked(SAME))
    )
    assert (verdict.ruling, verdict.needed) == ("not enough evidence", LEAST_EXAM)
    assert verdict.sentences == ("The exam has 29 questions that can be judged; it takes 30.",)


def test_how_many_questions_would_settle_it() -> None:
    draw = random.Random(5)
    before = [float(draw.random() < 0.5) for _ in range(100)]
    after = [1.0 if gain or place % 25 == 0 else 0.0 for place, gain in enumerate(before)]
    after[1:4] = [0.0, 0.0, 0.0]
    verdict = judge_tuned((make_asked(before), make_asked(after)), (make_asked(SAME), make_asked(SAME)))
    primary = verdict.lines[0]
    if primary.difference > 0:
        expected = 100 * ((primary.difference - primary.low) / primary.difference) ** 2
        assert verdict.needed == pytest.approx(expected, abs=1)
    assert verdict.ruling == "not enough evidence" if primary.difference > 0 else "not better"


def test_questions_of_one_source_count_as_one() -> None:
    before = [Asked(f"q{n}", "one source", True, 0.0, 0.0, 0.0, True) for n in range(100)]
    after = [Asked(f"q{n}", "one source", True, 1.0, 1.0, 1.0, True) for n in range(100)]
    verdict = judge_tuned((before, after), (make_asked(SAME), make_asked(SAME)))
    assert verdict.ruling == "not enough evidence"
