"""How many questions, or votes, it takes to tell: before an exam, and after one that did not settle it.

Normal approximation for paired differences: n = (z_a + z_b)^2 v / m^2 for a one-sided test at 5 % that has an
80 % chance, where v is the variance of a question's difference and m what has to be told apart. Where a
question is right or wrong, v is the share of questions on which the two differ (and no true difference). The
tables of the reference come out to the question; it rounds, here a part of a question is a question.
"""

from __future__ import annotations

import math
from statistics import NormalDist

ALPHA = 0.05
POWER = 0.8
PLANNED_DISCORDANT = 0.25
"""Share of questions on which two versions are taken to differ before they were asked."""
_LEAST_ROOM = 0.001
"""A tenth of a point, which no library has the questions to resolve."""


def questions_needed(margin: float, discordant: float = PLANNED_DISCORDANT) -> int:
    """Questions to show "not worse by `margin`" of versions that are as good, differing on that share."""
    return max(_whole(_reach() ** 2 * discordant / margin**2), questions_unseen(margin))


def resolvable_margin(questions: int, discordant: float = PLANNED_DISCORDANT) -> float:
    """The least margin that so many questions can be expected to resolve; 1 for none."""
    return min(1.0, _reach() * math.sqrt(discordant / questions)) if questions else 1.0


def questions_unseen(margin: float) -> int:
    """Questions after which a loss of `margin` would have been seen at least once, to 95 %."""
    if margin > 0.99:
        return 1
    return _whole(math.log(ALPHA) / math.log(1 - margin))


def votes_needed(rate: float) -> int:
    """Decisive votes to show that a version that wins a share `rate` of them is better than the other."""
    above = _quantile(1 - ALPHA) * 0.5 + _quantile(POWER) * math.sqrt(rate * (1 - rate))
    return _whole((above / (rate - 0.5)) ** 2)


def elo_difference(rate: float) -> float:
    """Elo points between versions of which the better wins a share `rate`, between 0 and 1."""
    return 400 * math.log10(rate / (1 - rate))


def more_needed(
    value: float, spread: float, questions: int, clusters: int, *, goal: float, worse: float = 0.0
) -> int | None:
    """How many more questions like those asked would settle whether a difference is above `goal`.

    `value` is the difference found and `spread` the standard deviation of a question's difference (that of
    the figure times the root of the questions, so that clusters are reckoned with). If things stay as they
    are, so many questions more would show it above `goal`, or else below `worse`, with a chance of 80 %. None
    where neither can be expected: the difference lies between the two, or almost on one of them.
    """
    if not questions or not clusters:
        return None
    wanted = []
    each = questions / clusters
    if (room := value - goal) > _LEAST_ROOM:
        wanted.append(max((_reach() * spread / room) ** 2, questions_unseen(min(room, 1)) * each))
    if (room := worse - value) > _LEAST_ROOM:
        wanted.append((_reach() * spread / room) ** 2)
    return max(1, _whole(min(wanted)) - questions) if wanted else None


def _whole(count: float) -> int:
    return math.ceil(count - 1e-9)


def _reach() -> float:
    return _quantile(1 - ALPHA) + _quantile(POWER)


def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)
