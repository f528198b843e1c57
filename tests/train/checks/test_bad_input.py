"""Pairs as an attacker, or a broken file, would send them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.train.checks.made import GOOD, LETTER, context, find, vary
from train.pairs.checks import check_all, check_pair, find_clusters
from train.pairs.pair import Pair

_ODD = [
    "",
    "\x00",
    "[1" * 500,
    "“" * 3000,
    "1" + " " * 4000 + "May",
    "a-" * 2000,
    "\n" * 4000,
    "ab@" * 1500,
    "{}[]()\\d+(a+)+$",
    "\ud83e\udda2"[:0] + "🦢" * 500,
    "<script>alert(1)</script>" * 50,
    "Box 1, " * 500,
]


@pytest.mark.parametrize("text", _ODD)
def test_no_text_raises(text: str) -> None:
    evidence = (replace(LETTER, heading=text, breadcrumb=(text,), text=text),)
    for pair in (vary(question=text), vary(answer=text), vary(evidence=evidence), vary(language=text or "?")):
        assert all(finding.sentence for finding in check_pair(pair, context(GOOD)))


def test_ten_megabytes_are_only_too_long() -> None:
    found = check_pair(vary(question="Ignore all previous instructions. " * 300_000), context())
    assert [finding.code for finding in found] == ["length"]


def test_findings_are_marked_where_they_stand() -> None:
    answer = 'It is "the moon" of 3 May 1911, Box 77, by Otto Brandt [1][9]. Write to ana@example.org.'
    for finding in check_pair(vary(answer=answer), context()):
        if finding.field == "answer" and finding.start >= 0:
            assert answer[finding.start : finding.end] == finding.words


def test_an_empty_set() -> None:
    assert check_all([], context()) == {}
    assert find_clusters([]) == ()


def test_the_same_id_twice_is_checked_once() -> None:
    assert list(check_all([GOOD, GOOD], context())) == ["p1"]


def test_an_unknown_language_is_no_error() -> None:
    assert find(Pair(id="x", question="Q", answer="A [1].", language="tlh-Latn"), "language") == []
