"""Closed records, and what is too long."""

from __future__ import annotations

from dataclasses import replace

from tests.train.checks.made import ACCOUNTS, GOOD, LETTER, context, find, vary
from train.pairs.pair import Earlier


def test_a_closed_record_stops() -> None:
    (found,) = find(vary(evidence=(LETTER, replace(ACCOUNTS, public=False))), "restricted")
    assert (found.severity, found.field, found.item) == ("stop", "evidence", 1)
    assert found.sentence.startswith(
        "Passage [2], “Account books, 1881-1902 (Box 11)”, is from a record that is closed"
    )


def test_open_records_do_not() -> None:
    assert find(GOOD, "restricted") == []


def count_words(text: str) -> int:
    return len(text.split())


def test_too_long_names_the_longest_passage() -> None:
    long = replace(ACCOUNTS, text="word " * 300)
    using = context(count_tokens=count_words, token_limit=300)
    (found,) = find(vary(evidence=(LETTER, long)), "length", using)
    assert (found.severity, found.item) == ("stop", 1)
    assert "Passage [2] alone has 309: choose a shorter part of it" in found.sentence
    assert find(GOOD, "length", using) == []


def test_too_long_by_its_history() -> None:
    pair = vary(history=(Earlier(role="user", content="word " * 400),))
    (found,) = find(pair, "length", context(count_tokens=count_words, token_limit=300))
    assert "The 408 of the turns before the question can be taken out" in found.sentence


def test_an_empty_answer() -> None:
    (found,) = find(vary(answer=" "), "length")
    assert found.sentence.startswith("The answer is empty.")
