"""Whether a search found enough to ask a model about at all.

A model can still say that the passages do not answer; this only stops questions that the collections
plainly hold nothing on. The thresholds were fitted on the development questions, leaning towards
letting the model decide.
"""

from __future__ import annotations

from collections.abc import Sequence

from retrieval.dates import Years
from retrieval.questions import Question, split_words
from retrieval.records import Hit

_SHORTEST_NAME = 4
COSINE_ALONE = 0.45
"""Best cosine at which meaning is evidence although no word is shared."""


def is_enough(question: Question, hits: Sequence[Hit], best_cosine: float) -> bool:
    """Whether to ask a model; False in three cases.

    No hit has any of the names asked for. Some have one, but all of those are dated, and to other
    years than asked. Or no hit shares a content word and the nearest in meaning is far away.
    """
    if not hits:
        return False
    words = [frozenset(_words_of(hit)) for hit in hits]
    found = frozenset().union(*words)
    names = [name for name in question.names if len(name[-1]) >= _SHORTEST_NAME]
    if names and not any(_has_name(name, found) for name in names):
        return False
    if question.years and names and not _has_dated(question.years, names, hits, words):
        return False
    shared = any(_has_word(word, found) for word in question.topic_words)
    return shared or best_cosine >= COSINE_ALONE


def _has_dated(
    years: Years, names: Sequence[tuple[str, ...]], hits: Sequence[Hit], words: Sequence[frozenset[str]]
) -> bool:
    """Whether a hit that has a whole name may be of these years; True when no hit has one."""
    named = [
        hit.record
        for hit, has in zip(hits, words, strict=True)
        if any(has.issuperset(name) for name in names)
    ]
    return not named or any(
        record.years is None or (record.years[0] <= years[1] and record.years[1] >= years[0])
        for record in named
    )


def _words_of(hit: Hit) -> list[str]:
    record = hit.record
    parts = [record.heading, hit.passage.text, record.creator, record.call_number, record.repository]
    return split_words(" ".join([*parts, *record.breadcrumb, *record.names, *record.subjects]))


def _has_name(name: tuple[str, ...], found: frozenset[str]) -> bool:
    """Whether the surname, or what stands for it, the last word, is there, one slip of the pen allowed."""
    surname = name[-1]
    return surname in found or any(_is_one_edit(surname, word) for word in found)


def _has_word(word: str, found: frozenset[str]) -> bool:
    stem = word[: max(4, len(word) - 2)]
    return word in found or (len(word) > 4 and any(other.startswith(stem) for other in found))


def _is_one_edit(one: str, other: str) -> bool:
    """One letter changed, added, left out, or two swapped, in words of five letters or more."""
    if len(one) < 5 or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    head = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    a, b = one[head:], other[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
