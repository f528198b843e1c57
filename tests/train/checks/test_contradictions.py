"""The same question, another answer."""

from __future__ import annotations

import pytest

from retrieval.prompt import REFUSAL
from tests.train.checks.made import ACCOUNTS, GOOD, LETTER, context, find, vary
from train.pairs.checks import Finding
from train.pairs.pair import Pair


def hold(answer: str, before: str, *, other: bool = False, **more: str) -> list[Finding]:
    approved = vary(id="old", answer=before, evidence=(ACCOUNTS,) if other else (LETTER,))
    return find(vary(answer=answer, **more), "contradiction", context(approved))


@pytest.mark.parametrize(
    ("answer", "before", "said"),
    [
        ("It is in Box 9 [1].", "It is in box 3, f. 1 [1].", "this one says “Box 9”, that one “box 3”"),
        (
            "Written on 16 April 1905 [1].",
            "Written April 17, 1905 [1].",
            "“16 April 1905”, that one “April 17, 1905”",
        ),
        ("Written in 1905 [1].", "Written in 1906 [1].", "“1905”, that one “1906”"),
        (
            "There are 23 letters [1].",
            "There are twelve letters [1].",
            "“23 letters”, that one “twelve letters”",
        ),
        (
            "It was written by Ruth Calloway [1].",
            "It was written by Harriet Thorne [1].",
            "“Ruth Calloway”, that one “Harriet Thorne”",
        ),
        ("Yes, on the flood [1].", "No, only on the mill [1].", "begins with “Yes”, that one with “No”"),
        ("Ja, über die Flut [1].", "Nein, nur über die Mühle [1].", "begins with “Ja”, that one with “Nein”"),
        ("Am 3. Mai 1905 [1].", "Am 4. Mai 1905 [1].", "“3. Mai 1905”, that one “4. Mai 1905”"),
    ],
)
def test_contradicts(answer: str, before: str, said: str) -> None:
    (found,) = hold(answer, before)
    assert found.severity == "warn"
    assert found.others == ("old",)
    assert said in found.sentence
    assert "An approved pair answers the same question from the same passage otherwise" in found.sentence


@pytest.mark.parametrize(
    ("answer", "before"),
    [
        ("It is in Box 3, Folder 1 [1].", "See box 3, f. 1 [1]."),
        ("Written on 16 April 1905 [1].", "A letter of 1905 [1]."),
        ("Written on 16 April 1905 [1].", "Dated 1905-04-16 [1]."),
        ("There are 23 letters in 2 boxes [1].", "Twenty-three letters, three of them torn [1]."),
        ("Yes: by Ellen Marsh to Thomas Marsh [1].", "Ellen Marsh wrote it to Thomas Marsh [1]."),
        ("Yes [1].", "Yes, in Box 3 [1]."),
        ("Folder 2 [1].", "Box 3 [1]."),
    ],
)
def test_agrees(answer: str, before: str) -> None:
    assert hold(answer, before) == []


def test_an_answer_against_a_refusal() -> None:
    refusal = vary(id="old", kind="refusal", answer=REFUSAL, evidence=())
    (found,) = find(GOOD, "contradiction", context(refusal))
    assert "this pair answers and that one says “not found”" in found.sentence
    assert found.severity == "warn"
    (found,) = find(vary(kind="refusal", answer=REFUSAL), "contradiction", context(vary(id="old")))
    assert "this pair says “not found” and that one answers" in found.sentence


def test_from_another_passage_it_may_be_right_too() -> None:
    (found,) = hold("Written on 16 April 1905 [1].", "Written on 17 April 1905 [1].", other=True)
    assert found.severity == "hint"
    (found,) = hold("Yes [1].", "No [1].", other=True)
    assert found.severity == "warn"


def test_another_question_is_not_compared() -> None:
    other = Pair(id="old", question="What is in Box 9?", answer="Letters of 1910 [1].", evidence=(LETTER,))
    assert find(GOOD, "contradiction", context(other)) == []
