"""Words of a question that the index does not know, and the known words they seem to stand for."""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.asked.spelling import count_slips, is_english
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import KnownWord, Vocabulary
from retrieval.asked.words import CHAT, FOREIGN_SMALL, GENERIC, MONTHS, STOP_WORDS

_PLAIN = STOP_WORDS | FOREIGN_SMALL | GENERIC | CHAT | MONTHS
_ENDINGS = frozenset(
    "s es ed d ing er ers or ors ly al e y ies ied ion ions ist ists ants ant ts t".split()
) | {""}
_INFLECTIONS = (
    "s",
    "es",
    "ed",
    "d",
    "ing",
    "er",
    "ers",
    "or",
    "ors",
    "ly",
    "al",
    "ion",
    "ions",
    "ment",
    "ments",
)
_SHORTEST_PLAIN = 7
"""Letters from which a word that is no name is corrected, by one slip: shorter ones are too alike."""
_LONG = 10
"""Letters from which two slips are allowed in such a word."""


class Corrector:
    """Finds known words for the unknown ones of one question, and keeps what it has found.

    `made` is what was corrected and used, in the order of use.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[str, KnownWord] = {}
        self._near: dict[str, list[KnownWord]] = {}
        self.made: dict[str, str] = {}

    def look_up(self, word: str) -> KnownWord:
        """As `Vocabulary.look_up`, each word once."""
        if word not in self._known:
            self._known[word] = self._vocabulary.look_up(word)
        return self._known[word]

    def find_near(self, word: str) -> list[KnownWord]:
        """As `Vocabulary.find_near`, each word once."""
        if word not in self._near:
            self._near[word] = self._vocabulary.find_near(word)
        return self._near[word]

    def find_names_near(self, word: str) -> list[str]:
        """Words of known names that an unknown word may stand for; itself alone for a known one."""
        if self.look_up(word).records or word in _PLAIN or not word.isalnum():
            return [word]
        return [near.word for near in self.find_near(word) if near.names][:8]

    def correct_all(self, run: Sequence[Token]) -> list[str]:
        """The words of a run, unknown ones replaced by the nearest proper word; not noted yet."""
        return [self._correct_proper(token.word) for token in run]

    def note_all(self, run: Sequence[Token], words: Sequence[str]) -> None:
        """Keep those corrections of a run that changed anything."""
        for token, word in zip(run, words, strict=True):
            self.note(token.word, word)

    def note(self, asked: str, known: str) -> None:
        """Keep a correction that was used."""
        if asked != known:
            self.made.setdefault(asked, known)

    def correct_plain(self, word: str) -> str:
        """A known word for an unknown one that is no name, "" for none: only for long words, by few slips."""
        if len(word) < _SHORTEST_PLAIN or word in _PLAIN or not word.isalpha() or self.look_up(word).records:
            return ""
        if any(self.look_up(form).records for form in _list_forms(word)):
            return ""
        candidates = self.find_near(word)
        if candidates and is_english(word):
            return ""
        for near in candidates:
            slips = count_slips(word, near.word) or 0
            if slips <= (1 if len(word) < _LONG else 2) and not _is_inflected(word, near.word):
                return near.word
        return ""

    def _correct_proper(self, word: str) -> str:
        if self.look_up(word).records or word in _PLAIN or not word.isalpha():
            return word
        near = self.find_near(word)
        proper = next(
            (one.word for one in near if one.is_proper and (count_slips(word, one.word) or 9) < 2), ""
        )
        return proper or word


def _list_forms(word: str) -> list[str]:
    """Other forms of an English word: what is unknown as "singers" but known as "sing" is spelt right."""
    ends = [ending for ending in _INFLECTIONS if word.endswith(ending) and len(word) > len(ending) + 2]
    stems = {word.removesuffix(ending) for ending in ends}
    stems |= {stem[:-1] for stem in stems if stem[-1:] == stem[-2:-1]}  # "planned"
    stems |= {f"{stem[:-1]}y" for stem in stems if stem.endswith("i")}
    return sorted(
        {f"{stem}{ending}" for stem in stems | {word} for ending in ("", "e", *_INFLECTIONS)} - {word}
    )


def _is_inflected(one: str, other: str) -> bool:
    """Whether two words differ at their ends only: these are other words, or forms the search knows."""
    shared = 0
    while shared < min(len(one), len(other)) and one[shared] == other[shared]:
        shared += 1
    if shared >= max(len(one), len(other)) - 2:
        return True
    return shared >= 4 and {one[shared:], other[shared:]} <= _ENDINGS
