"""Whether a search found enough to ask a model about at all.

A model can still say that the passages do not answer; this stops questions that the collections
plainly hold nothing on. What is looked at is few and plain, and how much each counts was fitted by
`tests/bench/fit_evidence.py` on questions with and without an answer, with the threshold where one
answerable question in twenty would be refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass

from retrieval.asked.questions import Question, split_words
from retrieval.ranking.criteria import Agreement
from retrieval.ranking.judging import Judged
from retrieval.records import Hit, Record

UNKNOWN = 0.5
"""Worth of a word that is nowhere in the index, beside a rare one that is."""
_EITHER = re.compile(r"\b(?:or|and)\b|[,/&]", re.IGNORECASE)
LOOKED_AT = 8
"""Hits that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for an answer, each 0 to 1.

    `cosine` is the best one. `cover` is how much of the question's own words, years left out and the
    rare ones weighing more, the best hit has; `person` the square of how well the best hit fits the
    people asked for, 1 when nobody is. `cover_dated` and `person_dated` are the same over those hits
    that may be of the days asked for. `no_date`, `no_person` and `no_other` say that such a reading had
    to be set aside, and `no_material` how many of the kinds asked for are in none of the hits that
    satisfy all else.
    """

    cosine: float
    cover: float
    cover_dated: float
    person: float
    person_dated: float
    no_date: float
    no_person: float
    no_material: float
    no_other: float


COEFFICIENTS = Evidence(
    cosine=2.0,
    cover=1.1,
    cover_dated=5.4,
    person=0.4,
    person_dated=1.25,
    no_date=-2.5,
    no_person=-1.3,
    no_material=-1.8,
    no_other=-0.5,
)
BIAS = -5.9
THRESHOLD = 0.5


def weigh(
    question: Question,
    judged: Sequence[Judged],
    agreement: Agreement,
    best_cosine: float,
    frequency: Callable[[str], int],
    passages: int,
) -> Evidence:
    """The evidence of a search. `frequency` says in how many of the `passages` a word stands."""
    judged = judged[:LOOKED_AT]
    right = dict(question.corrections)
    words = {right.get(word, word) for word in question.topic_words if not (question.span and word.isdigit())}
    rarity = {word: _rarity(frequency(word), passages) for word in words}
    total = sum(rarity.values()) or 1.0
    covers = [_cover(rarity, one.hit) / total if rarity else 1.0 for one in judged]
    relaxed = {chip.partition(":")[0] for chip in agreement.relaxed}
    return Evidence(
        cosine=max(0.0, best_cosine),
        cover=max(covers, default=0.0),
        cover_dated=max((cover for cover, one in zip(covers, judged, strict=True) if one.dated), default=0.0),
        person=max((one.person**2 for one in judged), default=0.0),
        person_dated=max((one.person**2 for one in judged if one.dated), default=0.0),
        no_date=float("date" in relaxed),
        no_person=float(bool(relaxed & {"person", "sender", "recipient"})),
        no_material=_missing(question, judged),
        no_other=float(bool(relaxed & {"place", "collection", "container", "call_number"})),
    )


def is_enough(evidence: Evidence) -> bool:
    """Whether to ask a model."""
    return estimate(evidence) >= THRESHOLD


def estimate(evidence: Evidence) -> float:
    """The likelihood that there is an answer, by logistic regression."""
    pairs = zip(astuple(evidence), astuple(COEFFICIENTS), strict=True)
    return 1 / (1 + math.exp(-(BIAS + sum(value * weight for value, weight in pairs))))


def _missing(question: Question, judged: Sequence[Judged]) -> float:
    """Share of the kinds asked for that no hit has which satisfies all that was kept.

    All must be there where they are not told apart: "audio of a speech" is not "letters or diaries".
    """
    asked = frozenset(question.materials)
    there = frozenset(kind for one in judged if one.complete for kind in one.hit.record.kinds)
    if asked <= there:
        return 0.0
    return len(asked - there) / len(asked) if _EITHER.search(question.text) else 1.0


def _rarity(holders: int, passages: int) -> float:
    """How much a word tells. One that no passage has may be the patron's own word for something else."""
    rarity = math.log(1 + passages / (1 + holders))
    return rarity if holders else UNKNOWN * rarity


def _cover(rarity: dict[str, float], hit: Hit) -> float:
    words = frozenset(_words_of(hit.record, hit.passage.text))
    return sum(weight for word, weight in rarity.items() if has_word(word, words))


def _words_of(record: Record, text: str) -> list[str]:
    parts = [record.heading, text, record.creator, record.call_number, record.repository, record.collection]
    return split_words(" ".join([*parts, *record.breadcrumb, *record.names, *record.subjects]))


def has_word(word: str, found: frozenset[str]) -> bool:
    """Whether a word is there, or one with the same stem."""
    stem = word[: max(4, len(word) - 2)]
    return word in found or (len(word) > 4 and any(other.startswith(stem) for other in found))
