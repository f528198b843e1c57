"""How versions stand to one another by all votes: Bradley-Terry with intervals, and Elo, through evalica.

Bradley and Terry 1952; ties count half a win for each. The scale is Elo's: 1000 is the middle, and 70 points
more win 60 % of the votes. Elo itself depends on the order of the votes and is for the eye only: the mean
over many orders of them.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from serve.comparisons.comparison import Vote
from serve.comparisons.interval import SCORES, TAIL

if TYPE_CHECKING:
    import pandas as pd
    from evalica import Winner

Numbers = npt.NDArray[Any]
Row: TypeAlias = "tuple[str, str, Winner]"
"""Candidate, champion and who won."""
MIDDLE, SCALE = 1000.0, 400.0
RESAMPLES = 500
ORDERS = 20
_PRIOR = 0.5
"""Half a vote for each side of every pair of versions that met, as ties: one that has won all of a few votes
would be without end ahead else."""


@dataclass(frozen=True, slots=True)
class Bout:
    """One vote between two versions."""

    candidate: str
    champion: str
    vote: Vote


@dataclass(frozen=True, slots=True)
class Rating:
    """One version: `strength` by Bradley-Terry with its 90 % interval, and `elo`; all on Elo's scale."""

    version: str
    strength: float
    low: float
    high: float
    elo: float
    votes: int


def rate_versions(bouts: Sequence[Bout]) -> tuple[Rating, ...]:
    """Every version that met another, the strongest first. The same votes always give the same ratings."""
    if not bouts:
        return ()
    import pandas as pd  # it and evalica take a second to load

    names = sorted({name for bout in bouts for name in (bout.candidate, bout.champion)})
    index = pd.Index(names)
    told = _find_elo(bouts, index)
    rows, mine = _sum_up(bouts)
    strengths = _rate(rows, _weigh(rows, mine, np.ones(len(bouts))), index)
    lows, highs = _resample(bouts, rows, mine, index)
    votes = {name: sum(name in (bout.candidate, bout.champion) for bout in bouts) for name in names}
    found = [
        Rating(name, strengths[place], lows[place], highs[place], told[place], votes[name])
        for place, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda one: (-one.strength, one.version)))


def _find_elo(bouts: Sequence[Bout], index: pd.Index) -> list[float]:
    """Elo ratings in the order of `index`: the mean of those by the votes in many orders."""
    from evalica import elo

    given = sorted(bouts, key=lambda bout: (bout.vote.question, bout.vote.judge))
    rng = np.random.default_rng(zlib.crc32("\n".join(bout.vote.question for bout in given).encode()))
    found = []
    for _ in range(ORDERS):
        mixed = [given[place] for place in rng.permutation(len(given))]
        scores = elo(
            [bout.candidate for bout in mixed],
            [bout.champion for bout in mixed],
            [_find_winner(bout) for bout in mixed],
            index=index,
        ).scores
        found.append([float(scores[name]) for name in index])
    return [float(mean) for mean in np.mean(found, axis=0)]


def _sum_up(bouts: Sequence[Bout]) -> tuple[list[Row], Numbers]:
    """What can happen, a draw of each pair of versions first, and at which of it each vote stands."""
    from evalica import Winner

    told: list[Row] = [(bout.candidate, bout.champion, _find_winner(bout)) for bout in bouts]
    draws = dict.fromkeys((candidate, champion, Winner.Draw) for candidate, champion, _ in told)
    places = {row: place for place, row in enumerate(dict.fromkeys([*draws, *told]))}
    return list(places), np.array([places[row] for row in told])


def _weigh(rows: Sequence[Row], mine: Numbers, weights: Numbers) -> Numbers:
    """How many votes stand at each row, with the prior."""
    from evalica import Winner

    prior = np.array([2 * _PRIOR if winner is Winner.Draw else 0.0 for _, _, winner in rows])
    return prior + np.bincount(mine, weights, minlength=len(rows))


def _resample(
    bouts: Sequence[Bout], rows: Sequence[Row], mine: Numbers, index: pd.Index
) -> tuple[list[float], list[float]]:
    """The 90 % bootstrap intervals over questions: all votes on one come and go together."""
    questions, of_question = np.unique(np.array([bout.vote.question for bout in bouts]), return_inverse=True)
    rng = np.random.default_rng(zlib.crc32("\n".join(questions).encode()))
    rated = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(rng.integers(len(questions), size=len(questions)), minlength=len(questions))
        rated.append(_rate(rows, _weigh(rows, mine, drawn[of_question].astype(float)), index))
    low, high = np.quantile(np.array(rated), (TAIL, 1 - TAIL), axis=0)
    return [float(value) for value in low], [float(value) for value in high]


def _rate(rows: Sequence[Row], weights: Numbers, index: pd.Index) -> list[float]:
    """The strengths by weighted rows, in the order of `index`."""
    from evalica import bradley_terry

    xs, ys, winners = zip(*rows, strict=True)
    scores = bradley_terry(xs, ys, winners, index=index, weights=weights.tolist(), limit=1_000).scores
    return [MIDDLE + SCALE * math.log10(float(scores[name])) for name in index]


def _find_winner(bout: Bout) -> Winner:
    from evalica import Winner

    return {1.0: Winner.X, 0.0: Winner.Y}.get(SCORES[bout.vote.choice], Winner.Draw)
