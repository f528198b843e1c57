"""The one sentence for "not found"."""

from __future__ import annotations

import pytest

from retrieval.prompt import REFUSAL
from tests.train.checks.made import find, vary


def test_the_fixed_sentence_is_a_refusal() -> None:
    assert find(vary(kind="refusal", answer=REFUSAL), "refusal") == []
    assert find(vary(kind="refusal", answer=f"  {REFUSAL}\n"), "refusal") == []


@pytest.mark.parametrize(
    "answer",
    [
        "Sorry, we have nothing.",
        "Die Sammlung enthält dazu nichts.",
        f"{REFUSAL} Please ask at the desk.",
        REFUSAL.upper(),
        "",
    ],
)
def test_other_words_are_none(answer: str) -> None:
    (found,) = find(vary(kind="refusal", answer=answer), "refusal")
    assert found.severity == "stop"
    assert f"“{REFUSAL}”" in found.sentence


@pytest.mark.parametrize(("answer", "cited"), [(f"{REFUSAL} [1]", "[1]"), ("Nothing 【2, 3】.", "【2, 3】")])
def test_a_refusal_cites_nothing(answer: str, cited: str) -> None:
    (found,) = find(vary(kind="refusal", answer=answer), "refusal")
    assert found.words == cited == answer[found.start : found.end]
    assert found.severity == "stop"


def test_an_answer_that_refuses_is_in_the_wrong_place() -> None:
    (found,) = find(vary(answer=REFUSAL), "refusal")
    assert "kept as an answer" in found.sentence
    assert find(vary(answer="They do not answer that, she writes [1]."), "refusal") == []
