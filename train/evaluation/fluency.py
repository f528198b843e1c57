"""Whether a text reads like a text: a stand-in for fluency that needs no model.

What a small model does wrong when training went wrong is easy to see: it says nothing, it goes round in
circles, it breaks off, or it writes signs that are no words. Each takes from the mark. It does not tell good
prose from plain prose, so it is reported and never gates.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_TOKEN = re.compile(r"\S+")
_ENDED = re.compile(r"[.!?…:;。！？؟।][\"'”’»)\]\s]*(?:\[\d{1,2}\][.\s]*)*$|\[\d{1,2}\]\s*$|[\"”»]\s*$")
_REPEATED = 3
"""Words in a row whose coming again is counted: headings of two words come again in good answers."""
_FREE = 0.2
"""Share of such rows that may come again: an answer over two letters repeats sender and addressee."""
_LONGEST_WORD = 40


def rate_fluency(text: str) -> float:
    """0 (nothing or rubbish) to 1 (nothing wrong with its form), the product of the three marks below."""
    words = [word.casefold() for word in _WORD.findall(text)]
    if not words:
        return 0.0
    return _rate_variety(words) * _rate_words(text) * _rate_end(text)


def _rate_variety(words: list[str]) -> float:
    """1 less the share of rows of three words that came before, beyond what good answers repeat."""
    rows = list(zip(*(words[start:] for start in range(_REPEATED)), strict=False))
    if not rows:
        return 1.0
    again = 1 - len(set(rows)) / len(rows)
    return 1.0 - max(0.0, again - _FREE) / (1 - _FREE)


def _rate_words(text: str) -> float:
    """Share of what stands between spaces that has a word of a length that words have."""
    tokens = _TOKEN.findall(text)
    good = sum(any(len(word) <= _LONGEST_WORD for word in _WORD.findall(token)) for token in tokens)
    signs = sum(not _WORD.search(token) and len(token) <= 2 for token in tokens)
    return min(1.0, (good + signs) / len(tokens))


def _rate_end(text: str) -> float:
    """1 where it ends as a sentence or with a citation or quotation, 0.8 where it just stops."""
    return 1.0 if _ENDED.search(text.rstrip()) else 0.8
