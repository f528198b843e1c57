"""Consent and licence."""

from __future__ import annotations

import pytest

from tests.train.checks.made import GOOD, context, find, vary
from train.pairs.checks import check_pair


def test_a_good_pair_has_no_finding() -> None:
    assert check_pair(GOOD, context()) == ()


def test_nobody_agreed() -> None:
    (found,) = find(vary(consent="none"), "rights")
    assert found.severity == "stop"
    assert found.sentence.startswith("Nobody has agreed yet that this pair may be used for training.")


def test_a_chat_cannot_have_the_consent_of_a_file() -> None:
    (found,) = find(vary(consent="file", origin="feedback"), "rights")
    assert found.severity == "stop"
    assert "the patron agreed" in found.sentence
    assert find(vary(consent="patron", origin="feedback"), "rights") == []
    assert find(vary(consent="file", origin="import"), "rights") == []


@pytest.mark.parametrize("licence", ["", "  ", "Unknown", "N/A", "?"])
def test_a_licence_that_says_nothing(licence: str) -> None:
    (found,) = find(vary(licence=licence), "rights")
    assert found.severity == "stop"
    assert found.words == licence.strip()


@pytest.mark.parametrize("licence", ["CC-BY-4.0", "public domain", "library's own text"])
def test_a_licence_that_is_named(licence: str) -> None:
    assert find(vary(licence=licence), "rights") == []
