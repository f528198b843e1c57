"""Whether a search found enough to ask a model about at all.

A model can still say that the passages do not answer; this stops questions that the collections
plainly hold nothing on. What is looked at is few and plain, and all of one hit, the one that fits best:
a person found in one record and a year in another make no answer. How much each counts was fitted as
`tests/bench/fit_evidence.py` does, on questions with and without an answer over five libraries, and on
SciFact and paraphrases besides, which that script has not: it gives figures like these, not these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from retrieval.asked.chips import ChipKind
from retrieval.asked.questions import Question
from retrieval.ranking.criteria import Agreement
from retrieval.ranking.judging import Judged
from retrieval.records import Record

LOOKED_AT = 8
"""Hits that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What speaks for an answer, each 0 to 1.

    `cosine` is the best one. The next three are of the hit that fits best: `cover` is how much of the
    words asked for it has, the rare ones weighing more; `fit` how well it fits the people asked for, 0
    where it is of other days or of another collection than was asked; `kind` the share of the kinds of
    material asked for that it is of. `no_date`, `no_person` and `no_kind` say that the date, a person or
    the kinds of material had to be set aside.
    """

    cosine: float
    cover: float
    fit: float
    kind: float
    no_date: float
    no_person: float
    no_kind: float


COEFFICIENTS = Evidence(
    cosine=2.25, cover=2.43, fit=2.27, kind=1.85, no_date=-1.34, no_person=-0.76, no_kind=-0.68
)
BIAS = -5.6
NAMED_ENOUGH, SUBJECT_ENOUGH = 0.62, 0.42
"""From which likelihood on a model is asked: where the question names somebody or a collection, and where
it only has a subject. What is named is there or is not; a subject in none of a record's words looks as one
that nothing is on. Of questions over five libraries, 370 with and 128 without an answer, on which this was
chosen, it refuses 8 % and 60 %; on the three asked nearly in the words of the catalogue 1 % and 74 %.
Refusing what is there is worse than asking a model, which can still say that nothing answers."""
_NAMES: frozenset[ChipKind] = frozenset(
    ("person", "sender", "recipient", "collection", "container", "call_number")
)


def weigh(question: Question, judged: Sequence[Judged], agreement: Agreement, best_cosine: float) -> Evidence:
    """The evidence of a search."""
    views = [_view(question, one) for one in judged[:LOOKED_AT]]
    best = max(views, key=_add_up, default=_View(0.0, 0.0, 0.0, 0.0, 0.0))
    relaxed = {chip.partition(":")[0] for chip in agreement.relaxed}
    return Evidence(
        cosine=max(0.0, best_cosine),
        cover=best.cover,
        fit=best.person * best.dated * best.placed,
        kind=best.kind,
        no_date=float("date" in relaxed),
        no_person=float(bool(relaxed & {"person", "sender", "recipient"})),
        no_kind=float("material" in relaxed),
    )


def is_enough(evidence: Evidence, question: Question) -> bool:
    """Whether to ask a model."""
    named = any(chip.kind in _NAMES for chip in question.chips)
    return estimate(evidence) >= (NAMED_ENOUGH if named else SUBJECT_ENOUGH)


def estimate(evidence: Evidence) -> float:
    """The likelihood that there is an answer, by logistic regression."""
    pairs = zip(astuple(evidence), astuple(COEFFICIENTS), strict=True)
    return 1 / (1 + math.exp(-(BIAS + sum(value * weight for value, weight in pairs))))


@dataclass(frozen=True, slots=True)
class _View:
    """One hit beside what was asked, each 0 to 1."""

    cover: float
    person: float
    dated: float
    placed: float
    kind: float


def _view(question: Question, one: Judged) -> _View:
    record = one.hit.record
    return _View(
        cover=one.cover,
        person=one.person,
        dated=float(one.dated),
        placed=float(not question.collections or record.collection_id in question.collections),
        kind=_share_kinds(question, record),
    )


def _share_kinds(question: Question, record: Record) -> float:
    asked = frozenset(question.materials)
    return len(asked & frozenset(record.kinds)) / len(asked) if asked else 1.0


def _add_up(view: _View) -> float:
    return view.cover + view.person + view.dated + view.placed + view.kind / 2
