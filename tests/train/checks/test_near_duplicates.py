"""Approved pairs that ask the same."""

from __future__ import annotations

import pytest

from retrieval.embedding import load_embedder
from tests.train.checks.made import ACCOUNTS, GOOD, context, find, vary
from train.pairs.checks import Approved, Context, Finding
from train.pairs.pair import Pair


def compare(asked: str, before: str, language: str = "en") -> list[Finding]:
    approved = Pair(
        id="old", question=before, answer="Account books [1].", evidence=(ACCOUNTS,), language=language
    )
    return find(vary(question=asked, language=language), "near-duplicate", context(approved))


@pytest.mark.parametrize(
    ("asked", "before", "language"),
    [
        ("Do you have any letters by Ellen Marsh from 1905?", "letters from ELLEN MARSH, 1905", "en"),
        (
            "Show me Ellen Marsh’s letters of 1905, please.",
            "Do you have letters by Ellen Marsh from 1905?",
            "en",
        ),
        ("What is in Box 9?", "what's in box 9", "en"),
        ("What is in Boxes 9 and 10?", "What is in Box 10 and Box 9?", "en"),
        ("Haben Sie Briefe von Käthe Müller?", "Gibt es Briefe der Kathe Muller?", "de"),
        ("Avez-vous des lettres à Ellen Marsh ?", "Y a-t-il des lettres à Ellen Marsh ?", "fr"),
        ("¿Tienen cartas de José Martí?", "cartas de Jose Marti", "es"),
        ("Есть ли письма Анны Петровой?", "есть ли письма Анны Петровой", "ru"),
    ],
)
def test_asks_the_same(asked: str, before: str, language: str) -> None:
    (found,) = compare(asked, before, language)
    assert found.severity == "warn"
    assert found.others == ("old",)
    assert found.sentence.startswith(f"An approved pair asks the same: “{before}”.")


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        ("Who was treasurer of the creamery?", "Who was tresurer of the creamery?"),
        (
            "Are there photographs of the Senneck flood?",
            "Are there photographs of the Sennek flood in the archives?",
        ),
    ],
)
def test_asks_nearly_the_same(asked: str, before: str) -> None:
    (found,) = compare(asked, before)
    assert found.sentence.startswith("An approved pair asks nearly the same")
    assert found.severity == "warn"


@pytest.mark.parametrize(
    ("asked", "before", "language"),
    [
        (
            "Do you have letters by Ellen Marsh from 1905?",
            "Do you have letters by Ellen Marsh from 1906?",
            "en",
        ),
        ("Letters from Ellen Marsh to Ruth Calloway", "Letters from Ruth Calloway to Ellen Marsh", "en"),
        ("Letters from Ellen Marsh", "Letters to Ellen Marsh", "en"),
        ("What is in Box 4, Folder 12?", "What is in Box 12, Folder 4?", "en"),
        ("Who founded the creamery?", "When was the creamery founded?", "en"),
        ("Do you have photographs of Ellen Marsh?", "Do you have letters of Ellen Marsh?", "en"),
        ("Letters of John Marsh", "Letters of Joan Marsh", "en"),
        ("Maps from before 1910", "Maps from after 1910", "en"),
        ("Lettres de Jean à Marie", "Lettres de Marie à Jean", "fr"),
        ("Do you have anything?", "What do you have?", "en"),
    ],
)
def test_asks_something_else(asked: str, before: str, language: str) -> None:
    assert compare(asked, before, language) == []


def test_the_same_answer_as_well_is_set_aside() -> None:
    (found,) = find(vary(id="p2"), "near-duplicate", context(GOOD))
    assert found.severity == "stop"
    assert found.sentence.endswith("set this pair aside.")


def test_a_pair_is_no_duplicate_of_itself() -> None:
    assert find(GOOD, "near-duplicate", context(GOOD)) == []


def test_the_same_in_quite_other_words() -> None:
    """With the real embedder; a number or a name that differs is never overlooked."""
    before = [
        Pair(
            id="fire",
            question="Are there photographs of the mill fire?",
            answer="Yes [1].",
            evidence=(ACCOUNTS,),
        ),
        Pair(id="year", question="Are there photographs of the mill fire of 1906?", answer="Yes [1]."),
    ]
    using = Context(approved=Approved(before, load_embedder()))
    asked = vary(question="Have you got pictures of the fire at the mill?", evidence=(ACCOUNTS,))
    (found,) = find(asked, "near-duplicate", using)
    assert found.severity == "hint"
    assert found.others == ("fire",)
    assert found.sentence.startswith("An approved pair may ask the same in other words")
