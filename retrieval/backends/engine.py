"""What an engine beyond this machine must do: keep passages, gather candidates by words and by meaning.

A passage is known there by its place: the part of an index that it belongs to, and its row in that part.
Parts never change, so a snapshot is searched by asking for its parts, whatever else the engine holds.

Both lists come back as (place, score), best first, as our own index gives them, so that fusion, folding to
records and refusal are the same whatever holds the passages. An engine is given the limits of a search as a
filter, and what it returns is held against them once more here: an engine whose filter fails must not show
a patron what is withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.asked.questions import Question
from retrieval.store.lexical import Scope

LIMITS = ("collection", "level", "first_year", "last_year", "withheld_until")
"""Whole numbers that every passage has: as `LexicalWriter` has them, years 0 and 0 for the undated."""

Place = tuple[str, int]
"""A part, by its name in engines, and a row in it."""
Scored = list[tuple[Place, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnginePassage:
    """A passage as an engine keeps it.

    `words` has what `retrieval.store.lexical.read_words` gives, `limits` a value for each of LIMITS, and
    `vector` is a unit vector.
    """

    part: str
    row: int
    words: Mapping[str, Sequence[str]]
    limits: Mapping[str, int]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Passages by BM25 and by cosine, best first."""

    lexical: Scored
    dense: Scored


class SearchEngine(Protocol):
    """Keeps passages by part and row. Everything may raise SearchEngineError."""

    def prepare(self, dimension: int) -> None:
        """Make an index for vectors of that many components, unless there is one."""
        ...

    def upsert(self, passages: Sequence[EnginePassage]) -> None:
        """Add passages, or replace those at the same places; seen by searches once their part is sealed."""
        ...

    def seal(self, part: str) -> None:
        """Note that all passages of a part are there; searches see them when this returns."""
        ...

    def sealed(self) -> frozenset[str]:
        """Parts that were sealed; none where there is no index."""
        ...

    def count(self, part: str) -> int:
        """How many passages of a part are there."""
        ...

    def delete(self, part: str, rows: Sequence[int]) -> None:
        """Remove passages of a part; rows that are not there do no harm."""
        ...

    def drop(self, part: str) -> None:
        """Remove a part, its seal first; one that is not there does no harm."""
        ...

    def gather(
        self,
        question: Question,
        vector: NDArray[np.float32],
        k: int,
        scope: Scope,
        parts: Sequence[str],
        only: Sequence[Place] = (),
    ) -> Candidates:
        """Up to `k` passages by words and `k` by meaning, within `scope`, of these parts.

        `only`, where it is not empty, names the places that may come back.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files."""
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


def read_place(found: Mapping[str, object]) -> Place | None:
    """The place that an engine returned with a hit; None where it is none."""
    part, row = found.get("part"), found.get("row")
    return (part, row) if isinstance(part, str) and isinstance(row, int) else None
