"""Presidio's hints: nothing without the extra; with it no network and nothing of the collection's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.train.checks.made import context, find, vary
from train.pairs.checks.personal.presidio import find_hints, is_installed

_GUARDED = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        print("ASKED", event, arguments)

sys.addaudithook(refuse)
from train.pairs.checks.personal.presidio import find_hints

text = "Send it to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa or to ana@example.org, IP 203.0.113.195."
print([(hint.label, hint.words) for hint in find_hints(text)])
"""


@pytest.mark.skipif(is_installed(), reason="the extra personal-data is installed")
def test_without_the_extra_nothing_is_hinted() -> None:
    pair = vary(question="Pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa for Ellen Marsh?")
    assert list(find_hints(pair.question)) == []
    assert find(pair, "personal-data", context(use_presidio=True)) == []


@pytest.mark.skipif(not is_installed(), reason="needs the extra personal-data")
def test_no_network_is_asked() -> None:
    ran = subprocess.run([sys.executable, "-c", _GUARDED], capture_output=True, text=True, check=True)
    assert "ASKED" not in ran.stdout
    assert "('crypto wallet', '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa')" in ran.stdout


@pytest.mark.skipif(not is_installed(), reason="needs the extra personal-data")
def test_a_hint_is_only_a_hint() -> None:
    pair = vary(question="Pay 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa for Ellen Marsh?")
    (found,) = find(pair, "personal-data", context(use_presidio=True))
    assert (found.severity, found.words) == ("hint", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert "says Presidio" in found.sentence
