"""What an engine beyond this machine must do: keep passages, gather candidates by words and by meaning.

Both lists come back as (passage number, score), best first, as our own index gives them, so that fusion,
folding to records and refusal are the same whatever holds the passages. An engine is given the limits of a
search as a filter, and what it returns is held against them once more here: an engine whose filter fails
must not show a patron what is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.asked.questions import Question
from retrieval.errors import RetrievalError
from retrieval.store.lexical import Scope

LIMITS = ("collection", "level", "first_year", "last_year", "withheld_until")
"""Whole numbers that every passage has: as `LexicalWriter` has them, years 0 and 0 for the undated."""

Scored = list[tuple[int, float]]


class EngineError(RetrievalError):
    """An engine cannot be reached, refused a request, or answered what cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePassage:
    """A passage as an engine keeps it: `limits` has a value for each of LIMITS, `vector` is a unit vector."""

    number: int
    heading: str
    text: str
    breadcrumb: str
    limits: Mapping[str, int]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages by BM25 and by cosine, best first."""

    lexical: Scored
    dense: Scored


class SearchEngine(Protocol):
    """Keeps passages under their numbers. Everything may raise EngineError."""

    def create(self, dimension: int) -> None:
        """Make an empty index for vectors of that many components; an index of that name is replaced."""
        ...

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add passages, or replace those of the same number; seen by the next search."""
        ...

    def delete(self, numbers: Sequence[int]) -> None:
        """Remove passages; numbers that are not there do no harm."""
        ...

    def gather(self, question: Question, vector: NDArray[np.float32], k: int, scope: Scope) -> Candidates:
        """Up to `k` passages by words and `k` by meaning, within `scope`."""
        ...


def admits(scope: Scope, limits: Mapping[str, object]) -> bool:
    """Whether a passage with these limits may be returned; one that lacks a limit that matters may not."""
    values = {name: value for name, value in limits.items() if isinstance(value, int)}
    checks = []
    if scope.collections:
        checks.append(values.get("collection", -1) in scope.collections)
    if scope.levels:
        checks.append(values.get("level", -1) in scope.levels)
    if scope.years:
        first, last = scope.years
        checks.append(1 <= values.get("first_year", 0) <= last and values.get("last_year", -1) >= first)
    if scope.day is not None:
        checks.append(values.get("withheld_until", scope.day) < scope.day)
    return all(checks)
