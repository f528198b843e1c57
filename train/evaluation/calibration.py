"""How far the rule by which answers are judged agrees with the people who rated the same answers.

Ratings are what there is: thumbs, staff's verdicts, votes. The rule is worth gating by where it agrees with
them beyond chance; where it does not, the report says which way it errs.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from train.evaluation.comparing import Figure
from train.evaluation.errors import EvaluationRefused
from train.evaluation.resampling import (
    SEED,
    Floats,
    bound,
    bound_share,
    number_clusters,
    resample,
    sum_clusters,
)

SUBSTANTIAL = 0.6
"""Cohen's kappa from which on agreement is called substantial (Landis and Koch 1977)."""
LEAST_RATED = 50
"""Ratings below which nothing is said of the rule: ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """One answer that both judged: `rating` as a person gave it ("up", "4", "right"), `good` what that means.

    `cluster` is what hangs together: the question, or its record.
    """

    id: str
    right: bool
    good: bool
    rating: str
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class RatingRow:
    """Of the answers with one rating, how many the rule takes for right."""

    rating: str
    answers: int
    right: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Agreement of the rule with people, with bounds at 95 % each.

    `missed` are answers that people liked and the rule does not, `passed` the others way round. `trusted` is
    True where kappa is surely substantial, False where surely not, None where that is not known.
    """

    answers: int
    agreement: Figure
    kappa: Figure
    missed: int
    passed: int
    table: tuple[RatingRow, ...]
    trusted: bool | None
    sentence: str


def calibrate(rated: Sequence[Rated], *, seed: int = SEED) -> Calibration:
    """Hold the rule against ratings. Raises EvaluationRefused where there are none."""
    if not rated:
        raise EvaluationRefused("Expected answers that people have rated, found none.")
    cells = np.asarray([_cell(one) for one in rated], dtype=np.float64)
    codes, clusters = number_clusters([one.cluster or one.id for one in rated])
    drawn = resample(sum_clusters(cells, codes, clusters), seed=seed)
    total = cells.sum(axis=0, keepdims=True)
    share, kappa = (float(measure(total)[0]) for measure in (_agree, _kappa))
    low, high = bound(_agree(drawn), clusters)
    if clusters > 1:
        low = max(0.0, min(low, 1 - bound_share(1 - share, clusters)))
        high = min(1.0, max(high, bound_share(share, clusters)))
    agreement = Figure(share, low, high, len(rated), clusters)
    kappas = Figure(kappa, *bound(_kappa(drawn), clusters), len(rated), clusters)
    missed, passed = int(total[0, 1]), int(total[0, 2])
    trusted = _decide(kappas)
    return Calibration(
        len(rated),
        agreement,
        kappas,
        missed,
        passed,
        _tabulate(rated),
        trusted,
        _say(len(rated), agreement, kappas, missed, passed, trusted),
    )


def _cell(one: Rated) -> list[bool]:
    """Both good, only people, only the rule, neither."""
    return [one.good and one.right, one.good and not one.right, one.right and not one.good,
            not one.good and not one.right]  # fmt: skip


def _agree(totals: Floats) -> Floats:
    share: Floats = (totals[:, 0] + totals[:, 3]) / totals.sum(axis=1)
    return share


def _kappa(totals: Floats) -> Floats:
    """Cohen 1960; NaN where both say the same of all, for then there is nothing to agree on."""
    all_of = totals.sum(axis=1)
    people, rule = (totals[:, 0] + totals[:, 1]) / all_of, (totals[:, 0] + totals[:, 2]) / all_of
    chance = people * rule + (1 - people) * (1 - rule)
    kappa: Floats = np.divide(
        _agree(totals) - chance, 1 - chance, out=np.full(len(totals), math.nan), where=chance < 1 - 1e-12
    )
    return kappa


def _tabulate(rated: Sequence[Rated]) -> tuple[RatingRow, ...]:
    answers = Counter(one.rating for one in rated)
    right = Counter(one.rating for one in rated if one.right)
    return tuple(RatingRow(rating, answers[rating], right[rating]) for rating in sorted(answers))


def _decide(kappa: Figure) -> bool | None:
    if kappa.count < LEAST_RATED or math.isnan(kappa.low):
        return None
    if kappa.low >= SUBSTANTIAL:
        return True
    return False if kappa.high < SUBSTANTIAL else None


def _say(
    answers: int, agreement: Figure, kappa: Figure, missed: int, passed: int, trusted: bool | None
) -> str:
    told = (
        f"The rule agrees with people on {agreement.value:.0%} of {answers} rated answers (between "
        f"{agreement.low:.0%} and {agreement.high:.0%}); it rejects {missed} that people liked and passes "
        f"{passed} that they did not."
    )
    if math.isnan(agreement.low):
        told = f"The rule agrees with people on {agreement.value:.0%} of {answers} rated answers."
    if answers < LEAST_RATED:
        return f"{told} {LEAST_RATED - answers} more ratings are needed to say how far to trust it."
    if trusted is None:
        return f"{told} More ratings, of good and of bad answers, are needed to say how far to trust it."
    return f"{told} {'It can be gated by.' if trusted else 'It must not decide alone: look at the answers.'}"
