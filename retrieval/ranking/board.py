"""The candidates of one search on one board: a score for each record, and a note of all that made it up.

All weights of the ranking stand here. They were chosen with the development questions, questions
generated from records and SciFact's training claims in view, never one of them alone;
`tests/bench/fit_ranking.py` tries others on the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.explanation import Adjustment, Explanation

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each reason counts beside a fused score of 0 to 1.

    `dense_specific` and `dense_general` are the shares of meaning beside words, for a question with a
    name, number or quotation and for one without. `date` is the most that a fitting date adds, and what
    one that does not fit takes away; `inherited` the worth of a date that comes from above;
    `narrowness` the power of the share of a record's days that were asked for. `lift` is the share of
    its parent's score that a record gains, `second` that of its second-best passage. `collection` is
    what a collection's own description gains when a whole collection is asked about; `words` what a
    record gains that has all the words asked for. `cross_encoder` is what the record gains that a
    cross-encoder likes best, where one is set; it is not fitted, no weights being at hand to fit it with.
    """

    dense_specific: float = 0.3
    dense_general: float = 0.5
    date: float = 0.4
    inherited: float = 0.5
    narrowness: float = 0.3
    lift: float = 0.1
    second: float = 0.1
    collection: float = 0.8
    person: float = 0.4
    material: float = 0.1
    place: float = 0.1
    named_collection: float = 0.2
    container: float = 0.5
    call_number: float = 0.5
    all_fit: float = 0.2
    words: float = 0.5
    cross_encoder: float = 0.5


WEIGHTS = Weights()


@dataclass(slots=True)
class Candidates:
    """Passages of both lists, in falling order of their fused score.

    Scores that a passage has not got, because it was not in that list, are NaN.
    """

    numbers: Integers
    lexical: Floats
    dense: Floats
    fused: Floats


class Board:
    """One row per record: its best passage, its score, and each adjustment by name."""

    def __init__(self, candidates: Candidates, columns: NDArray[np.void], weights: Weights) -> None:
        records = columns["record"][candidates.numbers]
        _, firsts = np.unique(records, return_index=True)  # the first of a record is its best
        self.best: Integers = np.sort(firsts)
        self.candidates = candidates
        self.passages: Integers = candidates.numbers[self.best]
        self.rows: NDArray[np.void] = columns[self.passages]
        self.records: Integers = self.rows["record"].astype(np.int64)
        self.scores: Floats = candidates.fused[self.best].copy()
        self.notes: dict[str, Floats] = {}
        self.gains: dict[str, float] = {}
        self._add_seconds(records, weights.second)

    def put(self, name: str, amounts: Floats, most: float) -> None:
        """Add to the scores under a name that a reader understands, in place of what stood under it.

        `most` is what a record can gain by it.
        """
        if name in self.notes:
            self.scores = self.scores - self.notes[name]
        self.scores = self.scores + amounts
        self.notes[name] = amounts
        self.gains[name] = max(0.0, most)

    @property
    def reach(self) -> float:
        """The most that a record can have here, so that scores can be given from 0 to 1."""
        return 1.0 + sum(self.gains.values())

    def keep(self, places: Integers) -> None:
        """Keep these rows only, in this order."""
        self.best, self.passages, self.rows = self.best[places], self.passages[places], self.rows[places]
        self.records, self.scores = self.records[places], self.scores[places]
        self.notes = {name: amounts[places] for name, amounts in self.notes.items()}

    def order(self) -> Integers:
        """Rows by falling score; the order of the index decides between equals."""
        order: Integers = np.lexsort((self.passages, -self.scores)).astype(np.int64)
        return order

    def explain(self, places: Sequence[int]) -> list[Explanation]:
        """Why these rows have the scores they have."""
        lexical, dense = _rank(self.candidates.lexical), _rank(self.candidates.dense)
        return [
            Explanation(
                lexical=_number(self.candidates.lexical[self.best[place]]),
                lexical_rank=int(lexical[self.best[place]]) or None,
                dense=_number(self.candidates.dense[self.best[place]]),
                dense_rank=int(dense[self.best[place]]) or None,
                fused=round(float(self.candidates.fused[self.best[place]]), 4),
                adjustments=tuple(
                    Adjustment(name, round(float(amounts[place]), 4))
                    for name, amounts in self.notes.items()
                    if amounts[place]
                ),
            )
            for place in places
        ]

    def _add_seconds(self, records: NDArray[np.void], share: float) -> None:
        """A share of each record's second-best passage."""
        rest = np.ones(len(records), dtype=np.bool_)
        rest[self.best] = False
        places = np.flatnonzero(rest)
        found, firsts = np.unique(records[places], return_index=True)
        seconds = dict(zip(found.tolist(), self.candidates.fused[places[firsts]].tolist(), strict=True))
        amounts = np.array([seconds.get(record, 0.0) for record in self.records.tolist()])
        self.put("another passage of it", share * amounts, share)


def _rank(scores: Floats) -> Integers:
    """From 1 for the highest on; 0 for the missing."""
    ranks = np.zeros(len(scores), dtype=np.int64)
    ranks[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    ranks[np.isnan(scores)] = 0
    return ranks


def _number(score: float) -> float | None:
    return None if np.isnan(score) else round(float(score), 4)
