"""What was measured of one point of a study, kept by pair; no words of any pair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from train.evaluation.comparing import Difference, Figure, compare, estimate
from train.evaluation.metrics import Marks
from train.evaluation.resampling import bound, number_clusters, resample, sum_clusters
from train.lora.errors import TrainingFailed
from train.lora.files import read_json, write_json

MEASURE, MEASURED = "measure.json", "measured.json"
TOKENS, WHOLE = "tokens", "whole"


@dataclass(frozen=True, slots=True)
class Marked:
    """One held-out pair: the tokens of its answer, how many were foretold, and the loss over all, in nats."""

    id: str
    cluster: str
    tokens: int
    right: int
    loss: float


@dataclass(frozen=True, slots=True)
class Measured:
    """All held-out pairs. `lessons` is the SHA-256 of what was asked: only the same may be compared."""

    lessons: str
    marked: tuple[Marked, ...]

    def estimate(self) -> dict[str, Figure]:
        """The share of TOKENS foretold, of answers foretold WHOLE, and the `loss` for each token."""
        return {**estimate(self._mark()), "loss": self._estimate_loss()}

    def compare(self, other: Measured) -> dict[str, Difference]:
        """How much more of TOKENS and WHOLE this has than `other`. Raises TrainingFailed where they were
        asked differently."""
        if self.lessons != other.lessons:
            raise TrainingFailed(
                "Expected all runs of a study to be measured on the same prompts, found others: the index, "
                "the base or the dataset changed between them. Start the study anew in another folder."
            )
        return compare(self._mark(), other._mark())

    def _mark(self) -> Marks:
        return Marks(
            tuple(one.id for one in self.marked),
            tuple(one.cluster for one in self.marked),
            (TOKENS, WHOLE),
            np.array([[one.right, one.right == one.tokens] for one in self.marked], dtype=np.float64),
            np.array([[one.tokens, 1] for one in self.marked], dtype=np.float64),
        )

    def _estimate_loss(self) -> Figure:
        codes, clusters = number_clusters([one.cluster for one in self.marked])
        columns = np.array([[one.loss, one.tokens] for one in self.marked], dtype=np.float64)
        sums = sum_clusters(columns, codes, clusters)
        drawn = resample(sums)
        value = float(sums[:, 0].sum() / sums[:, 1].sum())
        low, high = bound(drawn[:, 0] / drawn[:, 1], clusters)
        return Figure(value, low, high, len(self.marked), clusters)


def write_measured(path: Path, lessons: str, marked: Sequence[Marked]) -> None:
    """Write what was measured. Raises TrainingFailed where there is nothing, or a loss is no number."""
    if not marked or not all(math.isfinite(one.loss) for one in marked):
        raise TrainingFailed(
            f"Expected a loss for each of the held-out pairs, found {len(marked)} pairs, or a loss that is "
            "no number. Lower the rate, or add pairs."
        )
    write_json(path, {"lessons": lessons, "pairs": [asdict(one) for one in marked]})


def read_measured(path: Path) -> Measured:
    """What `write_measured` wrote. Raises OSError, ValueError, KeyError, TypeError."""
    told = read_json(path)
    return Measured(told["lessons"], tuple(Marked(**one) for one in told["pairs"]))
