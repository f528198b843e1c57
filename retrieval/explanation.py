"""Why a hit stands where it does: the scores of both sides, their ranks, and what was added or taken away."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason, in words that a reader understands, and what it added to the score."""

    name: str
    amount: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the score of a hit came about.

    `lexical` is the BM25 score and `dense` the cosine of its best passage, each with its rank in its own
    list, counted from 1; None where the passage was not in that list. `fused` is what the two make
    together, 0 to 1, and the adjustments follow in the order in which they were made.
    """

    lexical: float | None = None
    lexical_rank: int | None = None
    dense: float | None = None
    dense_rank: int | None = None
    fused: float = 0.0
    adjustments: tuple[Adjustment, ...] = ()
