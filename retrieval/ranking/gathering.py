"""Where candidates come from when they do not come from the index on disk."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.asked.questions import Question
from retrieval.store.lexical import Scope
from retrieval.store.vectors import Mask

Scored = list[tuple[int, float]]


class CandidateSearch(Protocol):
    """Passages of one snapshot by words and by meaning; safe to use from several threads."""

    def gather(
        self,
        question: Question,
        vector: NDArray[np.float32],
        k: int,
        scope: Scope,
        allowed: Mask | None,
        wanted: Mask | None,
    ) -> tuple[Scored, Scored]:
        """Up to `k` (passage number, score) by words and by meaning, best first, of all that is `allowed`,
        followed by as many of what is `wanted`, unless that is None. Raises SearchEngineError."""
        ...
