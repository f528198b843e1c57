"""What is bad about an answer, of the kinds that planted pairs have: which pairs of a set show which sign."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Literal

from retrieval.words import split_words
from train.pairs.checks.answer_sentences import MARKER
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

_LEAST_ALIKE = 3
_RELEVANT = 0.34
"""Share of the question's words that an answer or a passage has at least, else it answers something else."""
_HELD = 0.6
"""Share of the question's words in one passage from which on a refusal is odd."""


def read_signs(pairs: Sequence[Pair], context: Context) -> dict[Sign, frozenset[int]]:
    """The places of the pairs with each sign."""
    return {
        "are the same": _find_same(pairs),
        "are not shown by their passages": frozenset(
            place for place, pair in enumerate(pairs) if _is_unshown(pair, context)
        ),
        "have nothing to do with the question": frozenset(
            place for place, pair in enumerate(pairs) if pair.kind == "answer" and _share(pair) < _RELEVANT
        ),
        "say “not found” though the passage has it": frozenset(
            place for place, pair in enumerate(pairs) if pair.kind == "refusal" and _share(pair) >= _HELD
        ),
    }


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


def _share(pair: Pair) -> float:
    """Share of the question's telling words that stand in one of its passages (of an answer: or in it)."""
    asked = {
        to_singular(word)[:5]
        for word in split_words(pair.question)
        if len(word) > 2 and not is_small(word) and to_singular(word) not in GENERIC
    }
    if not asked:
        return 0.5
    answer = pair.answer if pair.kind == "answer" else ""
    cited = {int(number) for number in MARKER.findall(answer) if number.isdigit()}
    shares = [0.0]
    for number, evidence in enumerate(pair.evidence, start=1):
        if not cited or number in cited:
            words = {to_singular(word)[:5] for word in (*show(evidence).words, *split_words(answer))}
            shares.append(len(asked & words) / len(asked))
    return max(shares)
