"""A whole set against itself."""

from __future__ import annotations

from tests.train.checks.made import GOOD, context, vary
from train.pairs.checks import check_all, find_duplicates

SAME = vary(id="p2", question="letters by ellen marsh, 1905")
OTHER = vary(id="p3", question="Letters by Ellen Marsh from 1905, please", answer="Yes, in Box 4 [1].")
APART = vary(id="p4", question="Who was the treasurer?")


def test_all_but_the_first_of_equals_are_stopped() -> None:
    found = check_all([GOOD, SAME, APART], context())
    stopped = {key for key, findings in found.items() for one in findings if one.code == "near-duplicate"}
    assert stopped == {"p2"}
    (finding,) = [one for one in found["p2"] if one.code == "near-duplicate"]
    assert finding.severity == "stop"
    assert finding.sentence.startswith("Another pair of this set asks the same: “Do you have any letters")
    assert list(found) == ["p1", "p2", "p4"]


def test_contradictions_within_the_set_are_said_of_both() -> None:
    found = check_all([GOOD, OTHER], context())
    said = {
        key: [one.others for one in findings if one.code == "contradiction"]
        for key, findings in found.items()
    }
    assert said == {"p1": [("p3",)], "p3": [("p1",)]}


def test_the_gravest_comes_first() -> None:
    found = check_all([vary(consent="none", question="Briefe von Ellen aus dem Jahr?")], context())
    assert [one.severity for one in found["p1"]] == sorted(
        (one.severity for one in found["p1"]), key=["stop", "warn", "hint"].index
    )
    assert found["p1"][0].code == "rights"


def test_groups_of_duplicates() -> None:
    assert find_duplicates([GOOD, SAME, APART, OTHER]) == [("p1", "p2", "p3")]
    assert find_duplicates([GOOD, APART]) == []
    assert find_duplicates([]) == []
