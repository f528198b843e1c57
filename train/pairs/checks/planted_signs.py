"""What is bad about an answer, of the kinds that planted pairs have: which pairs of a set show which sign."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

from retrieval.words import split_words
from train.pairs.checks.answer_sentences import MARKER, read_numbers
from train.pairs.checks.asked_words import GENERIC, to_singular
from train.pairs.checks.context import Context
from train.pairs.checks.names_named import is_small
from train.pairs.checks.quotations import check_quotations
from train.pairs.checks.shown import show
from train.pairs.checks.support import check_support
from train.pairs.pair import Pair

Sign = Literal[
    "are the same",
    "are not shown by their passages",
    "have nothing to do with the question",
    "say “not found” though the passage has it",
]

SIGNS: tuple[Sign, ...] = get_args(Sign)
_LEAST_ALIKE = 3
_RELEVANT = 0.34
"""Share of the question's words that an answer or a passage has at least, else it is about another."""
_BETTER = 0.25
"""By how much more of them a passage has that is not cited, for the cited one to be the wrong one."""
_HELD = 0.6
"""Share of the question's words in one passage from which on a refusal is odd."""
_LEAST_WORDS = 2


class Signs:
    """Which pairs of a set show which sign; read once, asked for every phrase."""

    def __init__(self, pairs: Sequence[Pair], context: Context) -> None:
        self._pairs = pairs
        self._asked = [_read_asked(pair) for pair in pairs]
        self._passages = [[_stem_all(show(item).words) for item in pair.evidence] for pair in pairs]
        self._cited = [_read_cited(pair) for pair in pairs]
        self._fixed: dict[Sign, frozenset[int]] = {
            "are the same": _find_same(pairs),
            "are not shown by their passages": frozenset(
                place for place, pair in enumerate(pairs) if _is_unshown(pair, context)
            ),
        }
        self._usual: dict[Sign, frozenset[int]] = {
            sign: frozenset(place for place in range(len(pairs)) if self._shows(sign, place, frozenset()))
            for sign in SIGNS
            if sign not in self._fixed
        }

    def find(self, sign: Sign, phrase: Sequence[str], places: frozenset[int]) -> frozenset[int]:
        """The pairs with a sign; of `places` those that have it with `phrase` out of their questions."""
        if sign in self._fixed:
            return self._fixed[sign]
        left_out = _stem_all(phrase)
        shown = frozenset(place for place in places if self._shows(sign, place, left_out))
        return (self._usual[sign] - places) | shown

    def _shows(self, sign: Sign, place: int, left_out: frozenset[str]) -> bool:
        """Whether the answer is about something else, or refuses what a passage has."""
        asked = self._asked[place] - left_out
        refuses = self._pairs[place].kind == "refusal"
        if len(asked) < _LEAST_WORDS or refuses != (sign == "say “not found” though the passage has it"):
            return False
        shares = [len(asked & words) / len(asked) for words in self._passages[place]]
        best = max(shares, default=0.0)
        if refuses:
            return best >= _HELD
        answer = len(asked & _stem_all(split_words(self._pairs[place].answer))) / len(asked)
        cited = max((shares[number] for number in self._cited[place] if number < len(shares)), default=0.0)
        return max(cited, answer) < _RELEVANT or best - cited >= _BETTER


def _find_same(pairs: Sequence[Pair]) -> frozenset[int]:
    """Pairs whose answer, citations apart, others give as well, from quite other passages."""
    by_answer: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        words = tuple(split_words(MARKER.sub(" ", pair.answer)))
        if pair.kind == "answer" and words:
            by_answer[words].append(place)
    found: set[int] = set()
    for places in by_answer.values():
        passages = Counter(
            tuple(sorted(item.record_id for item in pairs[place].evidence)) for place in places
        )
        if len(places) >= _LEAST_ALIKE and len(passages) * 2 > len(places):
            found.update(places)
    return frozenset(found)


def _is_unshown(pair: Pair, context: Context) -> bool:
    return any(check_support(pair, context)) or any(check_quotations(pair, context))


def _read_asked(pair: Pair) -> frozenset[str]:
    telling = [
        word
        for word in split_words(pair.question)
        if len(word) > 2 and not is_small(word) and to_singular(word) not in GENERIC
    ]
    return _stem_all(telling)


def _read_cited(pair: Pair) -> tuple[int, ...]:
    """Places of the passages cited, from 0; all where none is."""
    numbers = [n for marker in MARKER.findall(pair.answer) for n in read_numbers(marker)]
    return tuple(number - 1 for number in numbers if number > 0) or tuple(range(len(pair.evidence)))


def _stem_all(words: Iterable[str]) -> frozenset[str]:
    return frozenset(to_singular(word)[:5] for word in words)
