"""Texts made comparable word for word: white space, long s, hyphenation, quotation marks and case folded."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

_TOKEN = re.compile(r"[^\W_]+(?:(?:['’ʼ`\u00ad]|[-‐‑¬][ \t]*\n?[ \t]*(?=[^\W\d_A-ZÀ-Þ]))[^\W_]+)*")
"""A word. An apostrophe, a soft hyphen, a hyphen before a small letter (also at a line's end) are inside."""
_INSIDE = re.compile(r"[^\w]+|_")
_OMISSION = re.compile(r"\[?\s?(?:…|\.\s?\.\s?\.\s?\.?)\s?\]?|\[\s*sic!?\s*\]", re.IGNORECASE)
_EDITORIAL = re.compile(r"(?<=\w)\[|\](?=\w)|\[(?=\w+\]\w)|(?<=\w)\](?=\W|$)")
_NEAR = 78.0
"""Least likeness (0 to 100) at which a passage's own words are shown beside a wrong quotation."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text as its words in comparable form, each with where it stands in the text."""

    text: str
    words: tuple[str, ...]
    places: tuple[tuple[int, int], ...]
    joined: str

    def holds(self, piece: str) -> bool:
        """Whether the words of `piece` (as `joined` has them) stand here next to each other."""
        return piece in self.joined


@lru_cache(maxsize=8192)
def read_words(text: str) -> Words:
    """Take a text apart. `joined` has a space before, between and after the words."""
    plain = _EDITORIAL.sub("", text)
    source = text if plain == text else plain
    words: list[str] = []
    places: list[tuple[int, int]] = []
    for match in _TOKEN.finditer(source):
        word = _fold_word(match[0])
        if word:
            words.append(word)
            places.append(match.span())
    return Words(source, tuple(words), tuple(places), f" {' '.join(words)} ")


def part_omissions(quotation: str) -> list[str]:
    """The pieces of a quotation between "..." and "[sic]"."""
    return [piece for piece in _OMISSION.split(quotation) if read_words(piece).words]


def find_nearest(piece: str, passage: Words) -> str:
    """The passage's own words where they are most like `piece`; "" where nothing is like it."""
    wanted = read_words(piece).joined.strip()
    if len(wanted) < 8 or not passage.words:
        return ""
    aligned = fuzz.partial_ratio_alignment(wanted, passage.joined, score_cutoff=_NEAR)
    if aligned is None or len(wanted) > len(passage.joined):
        return ""
    first = passage.joined.count(" ", 0, aligned.dest_start + 1) - 1
    last = passage.joined.count(" ", 0, max(aligned.dest_end - 1, aligned.dest_start + 1)) - 1
    first, last = max(0, first), min(max(first, last), len(passage.places) - 1)
    return passage.text[passage.places[first][0] : passage.places[last][1]]


@lru_cache(maxsize=65536)
def _fold_word(word: str) -> str:
    plain = unicodedata.normalize("NFKC", word).replace("ſ", "s").casefold()
    return plain if plain.isalnum() else _INSIDE.sub("", plain)
