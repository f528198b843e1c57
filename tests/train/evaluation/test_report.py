"""Versions side by side: what changed, by slice and by kind of error, and what of it is kept."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from tests.train.evaluation.exam_scene import RIGHT, WRONG, make_exam
from train.evaluation.changes import find_changes
from train.evaluation.errors import EvaluationRefused
from train.evaluation.report import Paper, Report, make_report, read_report
from train.evaluation.scoring import Judgement


@pytest.fixture(scope="module")
def report() -> Report:
    before, after = make_exam(fixed=12, broken=2)
    return make_report(
        Paper("manuscripts--v2", after, [2.0] * 160),
        Paper("manuscripts--v1", before, [1.0] * 160),
        Paper("base", before),
        target=[f"a{number}" for number in range(20)],
    )


def test_what_changed_is_counted_and_named_with_its_error(report: Report) -> None:
    changes = report.comparisons["champion"].changes
    assert changes.sentence == "12 fixed, 2 broken, 146 the same"
    assert (changes.same_right, changes.same_wrong) == (118, 28)
    assert [change.id for change in changes.fixed] == [f"a{number}" for number in range(12)]
    assert [change.id for change in changes.broken] == ["a118", "a119"]
    assert {change.error for change in changes.fixed} == {"quotation"}
    assert (changes.broken[0].before, changes.broken[0].after) == (RIGHT, WRONG)
    assert report.versions["champion"].errors == {"quotation": 40}
    assert report.versions["candidate"].errors == {"quotation": 30}


def test_base_champion_and_candidate_stand_side_by_side(report: Report) -> None:
    figures = {role: version.figures["grounded_correctness"] for role, version in report.versions.items()}
    assert figures["base"] == figures["champion"]
    assert figures["champion"].value == pytest.approx(80 / 120)
    assert figures["candidate"].value == pytest.approx(90 / 120)
    assert (figures["candidate"].count, figures["candidate"].clusters) == (120, 60)
    found = report.comparisons["champion"].differences["grounded_correctness"]
    assert found.value == pytest.approx(10 / 120) and 0 < found.low < found.value < found.high
    assert report.comparisons["champion"].differences["seconds"].value == pytest.approx(1.0)
    assert math.isnan(report.comparisons["base"].differences["seconds"].value)


def test_slices_and_the_target_are_held_by_themselves(report: Report) -> None:
    compared = report.comparisons["champion"]
    assert compared.target.value == pytest.approx(12 / 20) and compared.target.count == 20
    assert set(compared.slices) == {"collection c0", "collection c1", "language en"}
    assert compared.slices["collection c0"].value == pytest.approx(5 / 60)
    assert report.versions["candidate"].kinds["answer"].count == 120
    assert report.versions["candidate"].collections["c1"].value == pytest.approx(45 / 60)


def test_with_many_slices_none_is_worse_by_chance_alone() -> None:
    """One collection of 12 lost 5 of 12 questions: enough by itself, and not as the worst of so many."""
    before, after = make_exam(144, 0, wrong_before=0, broken=5)
    collections = [f"c{number}" for number in range(12) for _ in range(12)]

    def place(judged: list[Judgement]) -> list[Judgement]:
        return [
            replace(item, task=replace(item.task, collections=(name,), cluster=""))
            for item, name in zip(judged, collections, strict=True)
        ]

    one = make_report(Paper("v2", place(after)[-12:]), Paper("v1", place(before)[-12:]), None)
    many = make_report(Paper("v2", place(after)), Paper("v1", place(before)), None)
    alone = one.comparisons["champion"].slices["collection c11"]
    among = many.comparisons["champion"].slices["collection c11"]
    assert alone.value == among.value == pytest.approx(-5 / 12)
    assert alone.high < 0.0 <= among.high


def test_a_report_comes_back_from_its_file_without_anybodys_words(report: Report) -> None:
    kept = json.loads(json.dumps(report.as_json(), allow_nan=False))
    assert "Ellen" not in json.dumps(kept) and "June" not in json.dumps(kept)
    again = read_report(kept)
    assert again.as_json() == kept
    assert again.comparisons["champion"].changes.sentence == "12 fixed, 2 broken, 146 the same"
    assert math.isnan(again.comparisons["base"].differences["seconds"].low)
    assert "June 4" in json.dumps(report.as_json(texts=True))


def test_the_same_answers_give_the_same_report(report: Report) -> None:
    before, after = make_exam(fixed=12, broken=2)
    again = make_report(
        Paper("manuscripts--v2", list(reversed(after)), [2.0] * 160), Paper("manuscripts--v1", before), None
    )
    one, other = (each.comparisons["champion"].differences["rouge_l"] for each in (report, again))
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_what_is_no_report_and_no_exam_is_refused() -> None:
    with pytest.raises(EvaluationRefused, match="versions is none"):
        read_report({"comparisons": {}})
    with pytest.raises(EvaluationRefused, match="found none"):
        make_report(Paper("v", []), None, None)
    before, after = make_exam(4, 0, wrong_before=1)
    with pytest.raises(EvaluationRefused, match="same questions"):
        find_changes(before[:3], after)
    with pytest.raises(EvaluationRefused, match="same questions"):
        make_report(
            Paper("v", after),
            Paper("w", [*before[:3], replace(before[3], task=replace(before[3].task, id="x"))]),
            None,
        )
