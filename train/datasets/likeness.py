"""Pairs that ask or say almost the same: an exam that asks what was trained on examines nothing.

Two texts are alike when the sets of their four-letter pieces have a Jaccard index of `LIKE` or more and
they name the same numbers: the letters of 1905 and those of 1906 are two questions. Found without comparing
all with all, by prefix filtering (Chaudhuri, Ganti and Kaushik 2006; Bayardo, Ma and Srikant 2007).
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from train.pairs.checks.running import find_duplicates
from train.pairs.pair import Pair

LIKE = 0.8
_PIECE = 4
_LEAST_ANSWER = 80
"""Characters from which on two like answers tell of a like pair; shorter ones are "Yes, in box 4"."""
_SPACE, _NUMBER, _CITATION = re.compile(r"\W+"), re.compile(r"\d+"), re.compile(r"\[\d+\]")


def find_like(pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    """Places of pairs that are alike in what is asked, or in a longer answer; the lower place first.

    So are those that a curator is told of as near-duplicates (`train.pairs.checks`), follow-ups left aside,
    which that check takes without what came before them.
    """
    place_of = {pair.id: place for place, pair in enumerate(pairs)}
    told_of = {
        (min(place_of[one], place_of[other]), max(place_of[one], place_of[other]))
        for group in find_duplicates([pair for pair in pairs if not pair.history])
        for one, other in pairwise(group)
    }
    asked = {place: fold(_context(pair)) for place, pair in enumerate(pairs)}
    answers = {place: fold(_CITATION.sub(" ", pair.answer)) for place, pair in enumerate(pairs)}
    told = {
        place: text
        for place, text in answers.items()
        if pairs[place].kind == "answer" and len(text) >= _LEAST_ANSWER
    }
    return sorted({*told_of, *_join(asked), *_join(told)})


def fold(text: str) -> str:
    """Without case, accents, punctuation and spare spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _SPACE.sub(" ", plain).strip()


def _context(pair: Pair) -> str:
    """What is asked: a follow-up is nothing without what came before it."""
    return " ".join([*(turn.content for turn in pair.history if turn.role == "user"), pair.question])


def _join(texts: Mapping[int, str]) -> Iterator[tuple[int, int]]:
    pieces = {place: _cut(text) for place, text in texts.items()}
    numbers = {place: tuple(sorted(_NUMBER.findall(text))) for place, text in texts.items()}
    counted = Counter(piece for cut in pieces.values() for piece in cut)
    seen: defaultdict[tuple[tuple[str, ...], str], list[int]] = defaultdict(list)
    for place in sorted(pieces, key=lambda one: (len(pieces[one]), one)):
        cut = pieces[place]
        rarest = sorted(cut, key=lambda piece: (counted[piece], piece))
        prefix = rarest[: len(cut) - math.ceil(LIKE * len(cut)) + 1]
        others = {other for piece in prefix for other in seen[numbers[place], piece]}
        for other in others:
            if len(pieces[other]) < LIKE * len(cut):
                continue
            shared = len(cut & pieces[other])
            if shared >= LIKE * (len(cut) + len(pieces[other]) - shared):
                yield min(place, other), max(place, other)
        for piece in prefix:
            seen[numbers[place], piece].append(place)


def _cut(text: str) -> frozenset[str]:
    return frozenset(text[at : at + _PIECE] for at in range(max(1, len(text) - _PIECE + 1)))
