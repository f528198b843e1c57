"""Quotations, word for word."""

from __future__ import annotations

import pytest

from tests.train.checks.made import ACCOUNTS, LETTER, find, vary
from train.pairs.pair import Evidence

OLD = Evidence(
    record_id="o1",
    collection_id="o",
    heading="W[illia]m Howard to his ſister, 1788",
    text="My deareſt Siſter, the corre-\nspondence  of our Father’s co-operation is “lost to us”. "
    "I ſhall write again — if God wills; the mother-in-law ſends love.",
)
FRENCH = Evidence(
    record_id="f1",
    collection_id="f",
    heading="Lettre",
    text="« L’été fut très chaud », écrit-elle à sa sœur.",
)


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        ('She writes "Father is better and the orchard is in bloom" [1].', LETTER),
        ("She writes “Father is better and the orchard is in bloom.” [1]", LETTER),
        ("She writes “Father is better … the orchard is in bloom” [1].", LETTER),
        ("She writes “FATHER is better [...] in bloom” [1].", LETTER),
        ("She writes „Father  is\nbetter“ [1].", LETTER),
        ("She writes ‘Father is better and the orchard’ [1].", LETTER),
        ("He writes “My dearest Sister, the correspondence of our Father's cooperation” [1].", OLD),
        ('He writes "I shall write again - if God wills" [1].', OLD),
        ("The letter of “William Howard to his sister” [1].", OLD),
        ("He sends “mother-in-law sends love” [1].", OLD),
        ("Elle écrit « L'été fut très chaud » [1].", FRENCH),
    ],
)
def test_word_for_word(answer: str, evidence: Evidence) -> None:
    assert find(vary(answer=answer, evidence=(evidence,)), "quotation") == []


@pytest.mark.parametrize(
    ("answer", "evidence", "reads"),
    [
        (
            'She writes "Father is worse and the orchard is in bloom" [1].',
            LETTER,
            "Father is better and the orchard is in bloom",
        ),
        (
            "She writes “The Senneck flood of 15 April 1905 took the lower bridge” [1].",
            LETTER,
            "The Senneck flood of 14 April 1905 took the lower bridge",
        ),
        ("Elle écrit « L'été fut assez chaud » [1].", FRENCH, "L’été fut très chaud"),
    ],
)
def test_the_passage_has_other_words(answer: str, evidence: Evidence, reads: str) -> None:
    (found,) = find(vary(answer=answer, evidence=(evidence,)), "quotation")
    assert f"reads “{reads}”: quote that" in found.sentence
    assert found.severity == "warn"
    assert answer[found.start : found.end] == found.words


def test_words_from_nowhere() -> None:
    (found,) = find(vary(answer="She writes “the moon fell upon Averill” [1]."), "quotation")
    assert found.sentence.startswith("The quotation “the moon fell upon Averill” is not in passage [1].")


def test_the_other_passage_has_it() -> None:
    pair = vary(answer="She writes “kept by the treasurer” [1].", evidence=(LETTER, ACCOUNTS))
    (found, hint) = find(pair, "citation")
    assert hint.severity == "hint"
    assert (
        found.sentence
        == "The quotation “kept by the treasurer” stands in [2], but the answer cites [1] for it. Cite [2]."
    )


def test_the_next_citation_counts() -> None:
    answer = 'Yes: "Father is better" [1] and "kept by the treasurer" [2].'
    assert find(vary(answer=answer, evidence=(LETTER, ACCOUNTS)), "citation") == []


def test_the_patrons_own_words_may_be_repeated() -> None:
    pair = vary(
        question="Who was “the milk queen”?", answer="No “milk queen” is named, but Father is better [1]."
    )
    assert find(pair, "quotation") == []


def test_an_apostrophe_opens_no_quotation() -> None:
    assert find(vary(answer="The Marshes’ letters’ orchard is Thomas’ [1]."), "quotation") == []
