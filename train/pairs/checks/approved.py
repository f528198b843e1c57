"""Approved pairs, in a form in which those that ask the same as a new one are found at once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz import fuzz

from retrieval.embedding import Embedder, Vectors
from train.pairs.checks.asked_words import GENERIC, read_asked
from train.pairs.pair import Pair

Nearness = Literal["same", "spelling", "meaning"]
"""The same words but for small ones; the same but for spelling and generic words; near by embedding."""

SPELLING = 84.0
"""Least similarity (0 to 100, by edits) of two words that may be one misspelt."""
MEANING = 0.85
"""Least cosine (of all-MiniLM-L6-v2) of two questions that may ask the same: reworded ones have .70 to .95,
those about another thing up to .83."""
_MOST_FOUND = 8
_SHARED = 0.5
"""Least share of the larger bag that both have, for two bags to be looked at word by word."""
_COMMON = 400
"""A word that stands in more questions than this leads to none by itself."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A pair that asks the same, and how near its question is."""

    pair: Pair
    nearness: Nearness


class Approved:
    """The approved pairs. Built once (10,000 in about a second), asked for each pair that is checked.

    With an `embedder` questions in quite other words are found as well; building then embeds each question.
    `called` is how findings name one of the pairs.
    """

    def __init__(
        self,
        pairs: Iterable[Pair] = (),
        embedder: Embedder | None = None,
        *,
        called: str = "An approved pair",
    ) -> None:
        self.called = called
        self.embedder = embedder
        self.pairs: tuple[Pair, ...] = tuple(pairs)
        self._bags = [read_asked(pair.question, pair.language) for pair in self.pairs]
        self._same: defaultdict[frozenset[str], list[int]] = defaultdict(list)
        self._with: defaultdict[str, list[int]] = defaultdict(list)
        for place, bag in enumerate(self._bags):
            self._same[bag].append(place)
            for word in bag:
                self._with[word].append(place)
        self._vectors: Vectors | None = None
        if embedder and self.pairs:
            self._vectors = embedder.encode([pair.question for pair in self.pairs])

    def find_neighbours(self, pair: Pair) -> list[Neighbour]:
        """Other pairs (by id) that ask the same as this one, nearest first, at most eight."""
        bag = read_asked(pair.question, pair.language)
        found: dict[int, Nearness] = {}
        if bag:
            found.update((place, "same") for place in self._same.get(bag, ()))
            for place in self._find_candidates(bag):
                if place not in found and _differ_in_spelling(bag, self._bags[place]):
                    found[place] = "spelling"
        for place in self._find_by_meaning(pair, bag):
            found.setdefault(place, "meaning")
        others = (place for place in found if self.pairs[place].id != pair.id)
        return [Neighbour(self.pairs[place], found[place]) for place in others][:_MOST_FOUND]

    def _find_candidates(self, bag: frozenset[str]) -> list[int]:
        """Places of pairs that share half of the words, found by the less common ones."""
        rare = [word for word in bag if len(self._with.get(word, ())) <= _COMMON]
        shared = Counter(place for word in rare for place in self._with.get(word, ()))
        least = max(1, round(len(rare) * _SHARED))
        return [
            place
            for place, count in shared.items()
            if count >= least
            and len(bag & self._bags[place]) >= _SHARED * max(len(bag), len(self._bags[place]))
        ]

    def _find_by_meaning(self, pair: Pair, bag: frozenset[str]) -> list[int]:
        if self.embedder is None or self._vectors is None:
            return []
        cosines = self._vectors @ self.embedder.encode([pair.question])[0]
        near = np.flatnonzero(cosines >= MEANING)
        ranked = near[np.argsort(-cosines[near])][: _MOST_FOUND * 4].tolist()
        return [
            place for place in ranked if _may_mean_the_same(pair, bag, self.pairs[place], self._bags[place])
        ]


def _differ_in_spelling(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether what only one of them has is generic, or a word of the other's spelt otherwise."""
    left = [word for word in one - other if word not in GENERIC]
    right = [word for word in other - one if word not in GENERIC]
    if len(left) != len(right) or not one & other:
        return False
    for word in left:
        twin = next((other_word for other_word in right if _are_one_word(word, other_word)), None)
        if twin is None:
            return False
        right.remove(twin)
    return True


def _are_one_word(one: str, other: str) -> bool:
    if any(char.isdigit() for char in one + other) or min(len(one), len(other)) < 4:
        return False
    return one[0] == other[0] and fuzz.ratio(one, other) >= SPELLING


def _may_mean_the_same(pair: Pair, bag: frozenset[str], other: Pair, other_bag: frozenset[str]) -> bool:
    """Whether numbers, directions and names are the same in both: embeddings hardly see them."""
    differing = bag ^ other_bag
    if any(":" in word or any(char.isdigit() for char in word) for word in differing):
        return False
    names = _read_capitals(pair.question) | _read_capitals(other.question)
    return not names & differing


def _read_capitals(question: str) -> set[str]:
    """Words with a capital behind the first word, as the bag has them."""
    capitals = " ".join(word for word in question.split()[1:] if word[:1].isupper())
    return set(read_asked(capitals))
