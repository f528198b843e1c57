"""Citations that are missing, wrong or idle."""

from __future__ import annotations

import pytest

from tests.train.checks.made import ACCOUNTS, LETTER, find, vary


@pytest.mark.parametrize(
    "answer",
    [
        "Ellen Marsh wrote to Thomas Marsh [1].",
        "Ellen Marsh wrote to Thomas Marsh. [1]",
        "Ellen Marsh wrote to Thomas Marsh [1]. Please ask at the desk for it.",
        "The orchard is in bloom [1][2], says the treasurer.",
        "The orchard and the treasurer [1, 2].",
        "- The orchard is in bloom [1]\n- Two volumes, kept by the treasurer [2]",
    ],
)
def test_cited_well(answer: str) -> None:
    found = find(vary(answer=answer, evidence=(LETTER, ACCOUNTS)), "citation")
    assert [finding for finding in found if finding.severity != "hint"] == []


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("The orchard is in bloom [3].", "[3]"),
        ("The orchard is in bloom [1][0].", "[0]"),
        ("In bloom [1, 7].", "[1, 7]"),
        ("In bloom 【4】.", "【4】"),
    ],
)
def test_a_passage_that_is_not_there(answer: str, words: str) -> None:
    found = [
        one
        for one in find(vary(answer=answer, evidence=(LETTER, ACCOUNTS)), "citation")
        if one.severity == "stop"
    ]
    assert [one.words for one in found] == [words]
    assert "there are only 2 passages" in found[0].sentence


def test_no_citation_at_all() -> None:
    (found,) = find(vary(answer="Ellen Marsh wrote to Thomas."), "citation")
    assert found.severity == "stop"
    assert found.sentence.startswith("The answer cites no passage.")


@pytest.mark.parametrize(
    "second",
    [
        "The flood was on 14 April 1905.",
        "It lies in Box 3.",
        "She writes “Father is better”.",
        "It was Thomas Marsh.",
    ],
)
def test_a_statement_without_one(second: str) -> None:
    (found,) = find(vary(answer=f"The orchard is in bloom [1]. {second}"), "citation")
    assert found.words == second
    assert "without citing a passage" in found.sentence


def test_a_passage_that_shows_nothing_of_it() -> None:
    (found,) = find(vary(answer="The orchard is in bloom [1][2].", evidence=(LETTER, ACCOUNTS)), "citation")
    assert found.sentence.startswith("Passage [2] has not one word of “The orchard is in bloom")


def test_a_passage_that_is_not_cited_is_a_hint() -> None:
    (found,) = find(vary(answer="The orchard is in bloom [1].", evidence=(LETTER, ACCOUNTS)), "citation")
    assert found.severity == "hint"
    assert found.sentence.startswith("Passage [2] is chosen, but not cited.")
