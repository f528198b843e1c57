"""Candidates of one snapshot from an engine, under the numbers that the snapshot has for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.asked.questions import Question
from retrieval.backends.engine import Place, Scored, SearchEngine
from retrieval.backends.mirror import name_part
from retrieval.errors import SearchEngineError
from retrieval.store.lexical import Scope
from retrieval.store.snapshot import Manifest
from retrieval.store.vectors import Mask

SPARE = 64
"""Passages asked for beyond those wanted where some were deleted here, which the engine may still have."""
MOST_NAMED = 5_000
"""Up to so many passages are named to the engine one by one; of more, DEEPER times as many are asked for
and those that are not wanted left out."""
DEEPER = 8

Numbered = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class _Held:
    name: str
    first: int
    passages: int


class EngineCandidates:
    """Searches the parts of one snapshot in an engine; safe to use from several threads as the engine is."""

    def __init__(self, engine: SearchEngine, manifest: Manifest, live: Mask | None) -> None:
        """`live` marks the passages not deleted, None all."""
        self._engine = engine
        self._version = manifest.version
        self._live = live
        self._parts = {
            name: _Held(name, stamp.first_passage, stamp.passages)
            for stamp in manifest.parts
            if stamp.passages
            for name in (name_part(manifest, stamp.name),)
        }
        self._checked = False

    def check(self) -> None:
        """Ask whether the engine has every part of this snapshot. Raises SearchEngineError."""
        self._checked = False
        missing = self._parts.keys() - self._engine.sealed()
        if missing:
            raise SearchEngineError(
                f"the search engine has {len(self._parts) - len(missing)} of {len(self._parts)} parts of the "
                f"index {self._version}; run: reading-room index push"
            )
        self._checked = True

    def gather(
        self,
        question: Question,
        vector: NDArray[np.float32],
        k: int,
        scope: Scope,
        allowed: Mask | None,
        wanted: Mask | None,
    ) -> tuple[Numbered, Numbered]:
        """Up to `k` (passage number, score) by words and by meaning, best first, of all that is `allowed`,
        followed by as many of what is `wanted`, unless that is None.

        `scope` says to the engine what `allowed` says here; what it returns is held against `allowed` again.
        Raises SearchEngineError.
        """
        if not self._checked:
            self.check()
        try:
            most = k if self._live is None else k + SPARE
            lexical, dense = self._ask(question, vector, most, scope, allowed)
            lexical, dense = lexical[:k], dense[:k]
            if wanted is not None:
                mask = wanted if allowed is None else wanted & allowed
                more = self._gather_wanted(question, vector, k, scope, mask)
                lexical, dense = lexical + more[0][:k], dense + more[1][:k]
            return lexical, dense
        except SearchEngineError:
            self._checked = False  # it may have been emptied: ask before it is believed again
            raise

    def _gather_wanted(
        self, question: Question, vector: NDArray[np.float32], k: int, scope: Scope, mask: Mask
    ) -> tuple[Numbered, Numbered]:
        numbers = np.flatnonzero(mask)
        if not len(numbers):
            return [], []
        if len(numbers) > MOST_NAMED:
            return self._ask(question, vector, DEEPER * k, scope, mask)
        only = [place for place in map(self._place, numbers.tolist()) if place]
        return self._ask(question, vector, k, scope, mask, only)

    def _ask(
        self,
        question: Question,
        vector: NDArray[np.float32],
        k: int,
        scope: Scope,
        mask: Mask | None,
        only: Sequence[Place] = (),
    ) -> tuple[Numbered, Numbered]:
        found = self._engine.gather(question, vector, k, scope, list(self._parts), only)
        return self._number(found.lexical, mask), self._number(found.dense, mask)

    def _place(self, number: int) -> Place | None:
        for part in self._parts.values():
            if part.first <= number < part.first + part.passages:
                return part.name, number - part.first
        return None

    def _number(self, found: Scored, mask: Mask | None) -> Numbered:
        """Scores under the numbers here: nothing unknown, deleted or not allowed comes through."""
        numbered: Numbered = []
        for (name, row), score in found:
            part = self._parts.get(name)
            if part is None or not 0 <= row < part.passages:
                continue
            number = part.first + row
            if (self._live is None or self._live[number]) and (mask is None or mask[number]):
                numbered.append((number, score))
        return numbered
