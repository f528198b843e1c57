"""The language of a text, and whether a pair keeps to one."""

from __future__ import annotations

import pytest

from tests.train.checks.made import context, find, vary
from train.pairs.checks.languages import detect_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Do you have any letters by Ellen Marsh from 1905?", "en"),
        ("Haben Sie Briefe von Käthe Müller aus dem Jahr 1905?", "de"),
        ("Avez-vous des lettres de Jean à Marie ?", "fr"),
        ("¿Tienen cartas de José Martí sobre la guerra?", "es"),
        ("Vocês têm cartas de José sobre a guerra?", "pt"),
        ("Ci sono lettere di Giuseppe Verdi?", "it"),
        ("Heeft u brieven van Van Gogh over de reis?", "nl"),
        ("Har ni brev från Selma Lagerlöf om resan?", "sv"),
        ("Czy są listy od Anny do jej brata?", "pl"),
        ("Есть ли письма Анны Петровой?", "ru"),
        ("Чи є листи Лесі Українки?", "uk"),
        ("手紙はありますか", "ja"),
        ("Υπάρχουν γράμματα;", "el"),
        ("letters Ellen Marsh 1905", ""),
        ("Box 3", ""),
        ("", ""),
    ],
)
def test_language(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_question_and_answer_differ() -> None:
    found = find(
        vary(
            question="Haben Sie Briefe von Ellen Marsh aus dem Jahr 1905?",
            answer="Yes, there is a letter that she wrote on the flood [1].",
            language="de",
        ),
        "language",
    )
    assert [one.sentence for one in found] == [
        "The question reads as German, the answer as English. Answer in the language of the question, outside the quotations."
    ]


def test_a_quotation_may_be_in_its_own_language() -> None:
    pair = vary(
        question="Haben Sie Briefe von Ellen Marsh aus dem Jahr 1905?",
        answer="Ja, sie schreibt an ihren Vater: “Father is better and the orchard is in bloom” [1].",
        language="de",
    )
    assert find(pair, "language") == []


def test_a_wrong_label() -> None:
    (found,) = find(
        vary(question="Haben Sie Briefe von Ellen Marsh aus dem Jahr 1905?", answer="Ja [1]."), "language"
    )
    assert found.sentence.startswith("The pair is marked as English, but reads as German.")


def test_a_language_that_is_not_trained() -> None:
    pair = vary(
        question="Haben Sie Briefe von Ellen Marsh aus dem Jahr 1905?", answer="Ja [1].", language="de-AT"
    )
    (found,) = find(pair, "language", context(languages=frozenset({"en", "fr"})))
    assert found.sentence.startswith(
        "The pair is in German, but the languages trained here are English, French."
    )
    assert find(pair, "language", context(languages=frozenset({"en", "de"}))) == []
