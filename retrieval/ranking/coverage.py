"""How many of the words that were asked for a record has, the rare ones weighing more."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from retrieval.asked.nicknames import list_called
from retrieval.asked.questions import Question, split_words
from retrieval.asked.words import CHAT, GENERIC, MONTHS, STOP_WORDS
from retrieval.records import Record

UNKNOWN = 0.5
"""Worth of a word that is nowhere in the index, beside a rare one that is."""
_ASKING = CHAT | frozenset(
    """
    access accessible around big came come comes copies copy contain contains dealing digital digitized
    do early extent go hear holds included inside large late learn listen long many number photocopy
    read researchers restricted see send sent show size something sources studying talk tell told
    touches view visit went work worked working
    """.split()
)
"""Words that say what the patron does or wants, and not what the record is about."""


class Coverage:
    """The words of one question that tell records apart, with what each is worth."""

    def __init__(self, question: Question, frequency: Callable[[str], int], passages: int) -> None:
        """`frequency` says in how many of the `passages` a word stands.

        What was read as a date, a kind of material or a container is judged as that, and not here.
        """
        words = {word for word in question.unread if word not in _ASKING and word not in GENERIC}
        words = {word for word in words if word not in MONTHS and not (question.span and word.isdigit())}
        words |= {word for person in question.people for word in person.words if len(word) > 1}
        named = [*question.places, *(chip.label for chip in question.chips if chip.kind == "collection")]
        words |= {word for name in named for word in split_words(name) if word not in GENERIC | STOP_WORDS}
        forenames = {word for person in question.people for word in person.words[:-1]}
        self._called = {word: list_called(word) for word in forenames}
        self._worth = {word: _worth(frequency(word), passages) for word in words}
        self._total = sum(self._worth.values())

    def judge(self, record: Record, text: str) -> float:
        """Share of the words that stand in a record or in this passage of it; 1 where there are none."""
        if not self._total:
            return 1.0
        words = frozenset(_words_of(record, text))
        return sum(worth for word, worth in self._worth.items() if self._holds(words, word)) / self._total

    def _holds(self, words: frozenset[str], word: str) -> bool:
        return has_word(word, words) or any(other in words for other in self._called.get(word, ()))


def has_word(word: str, found: frozenset[str]) -> bool:
    """Whether a word is there, or one with the same stem."""
    stem = word[: max(4, len(word) - 2)]
    return word in found or (len(word) > 4 and any(other.startswith(stem) for other in found))


def _worth(holders: int, passages: int) -> float:
    """How much a word tells. One that no passage has may be the patron's own word for something else."""
    rarity = math.log(1 + passages / (1 + holders))
    return rarity if holders else UNKNOWN * rarity


def _words_of(record: Record, text: str) -> list[str]:
    own = [record.heading, text, record.call_number, *record.names, *record.subjects]
    above = [record.creator, record.repository, record.collection, *record.breadcrumb]
    return [*split_words(" ".join(own)), *_split_above(" ".join(above))]


@lru_cache(maxsize=4096)
def _split_above(text: str) -> tuple[str, ...]:
    """What stands above a record comes again with the next one."""
    return tuple(split_words(text))
