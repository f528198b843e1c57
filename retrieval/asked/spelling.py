"""Slips of spelling and of optical character recognition: which known words a strange word may stand for.

A word's skeleton is its first letter and its consonants, with what scanners and spellers confuse made
equal. Slips mostly change vowels, double a letter or confuse a pair, and leave the skeleton, or all but
one letter of it: an index of skeletons then finds the candidates without comparing every word.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ph", "f"), ("ck", "k"), ("gh", "h"))
_ALIKE = str.maketrans({"q": "k", "c": "k", "z": "s", "f": "s", "0": "o", "1": "l", "5": "s", "8": "b"})
_SCANNED = str.maketrans("0158ijtfcu", "olsblllsen")
_NOT_KEPT = re.compile(r"[aeiouyhw]")
_DOUBLED = re.compile(r"(.)\1+")
_LETTERS = "bdgjklmnprstvx"
_FIRST = {
    "a": "eo", "b": "hd", "d": "kb", "e": "aiko", "g": "jk", "h": "bn", "i": "jlet", "j": "ig", "k": "eg",
    "l": "it", "m": "n", "n": "mhu", "o": "aek", "p": "r", "r": "np", "t": "li", "u": "nv", "v": "uy",
    "w": "m", "y": "v",
}  # fmt: skip
"""First letters that are taken for one another, by scanners or by ear."""

_SAME_SOUND = ({"c", "k"}, {"k", "q"}, {"c", "s"}, {"s", "z"}, {"i", "y"}, {"g", "j"})

_MOST_SCANNED = 2
"""Letters that a scanner's confusions may change in all: one pair taken for a letter, or two letters."""
_LONG = 6
SHORTEST = 4
"""Letters below which a word is never taken for another."""


def skeleton(word: str) -> str:
    """First letter and consonants, with what is easily confused made equal: "dickenson" → "dknsn"."""
    for pair, single in _PAIRS:
        word = word.replace(pair, single)
    folded = word.translate(_ALIKE)
    return _DOUBLED.sub(r"\1", folded[:1] + _NOT_KEPT.sub("", folded[1:]))


def near_skeletons(word: str) -> list[str]:
    """The skeletons of what `word` may stand for: its own, and those with one letter more, less or other."""
    own = skeleton(word)
    near = {own, *(first + own[1:] for first in _FIRST.get(own[:1], ""))}
    for place in range(1, len(own) + 1):
        head, tail = own[:place], own[place:]
        near.update(head + letter + tail for letter in _LETTERS)
        if tail:
            near.add(head + tail[1:])
            near.update(head + letter + tail[1:] for letter in _LETTERS)
        if len(tail) > 1:
            near.add(head + tail[1] + tail[0] + tail[2:])
    return sorted({_DOUBLED.sub(r"\1", one) for one in near})


def count_slips(asked: str, known: str) -> int | None:
    """How many slips turn one word into the other, up to what their length allows; None beyond.

    One in words of four and five letters, two from six on; what differs only by a scanner's confusions
    is one slip. The first letter stays, but for confusions. A slip is a letter changed, added, left out,
    or swapped with the next (optimal string alignment).
    """
    if len(asked) < SHORTEST or abs(len(asked) - len(known)) > 2:
        return None
    slips = OSA.distance(asked, known, score_cutoff=_MOST_SCANNED)
    if slips in (0, 1) and asked[0] == known[0]:
        return slips
    if slips > _MOST_SCANNED:
        return None
    unscanned, meant = _unscan(asked), _unscan(known)
    if unscanned[:1] != meant[:1] and {asked[0], known[0]} not in _SAME_SOUND:
        return None
    if unscanned == meant:
        return 1
    return slips if slips <= (1 if min(len(asked), len(known)) < _LONG else 2) else None


def select_near(asked: str, known: Collection[str]) -> dict[str, int]:
    """Those of many known words that `asked` may stand for, with their slips; not itself."""
    near = process.extract(asked, known, scorer=OSA.distance, score_cutoff=_MOST_SCANNED, limit=None)
    return {word: slips for word, *_ in near if (slips := count_slips(asked, word))}


def is_scanned(one: str, other: str) -> bool:
    """Whether a scanner may have made one word of the other: "goddard" and "goddarcl"."""
    return one != other and _unscan(one) == _unscan(other)


def is_english(word: str) -> bool:
    """Whether a folded word is in the dictionary of `pyspellchecker`: then it is no slip."""
    return word in _open_dictionary()


@cache
def _open_dictionary() -> SpellChecker:
    """Opened when a question first has a word that the index does not know: it takes a third of a second."""
    return SpellChecker(language="en")


def _unscan(word: str) -> str:
    """What a scanner may make of a word and of its likes: "modem" and "modern" give the same."""
    for pair, single in (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u"), ("li", "h")):
        word = word.replace(pair, single)
    return word.translate(_SCANNED)
