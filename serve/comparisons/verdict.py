"""What the votes say: better, not worse, worse, or that there are too few, and how many more it would take.

The candidate is not worse where the lower bound of its win rate's 90 % interval lies above 45 %, better where
it lies above 50 %, and worse where the upper bound lies below 50 %. People whose pairs it was trained on may
vote, but the verdict must not be theirs alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from serve.comparisons.comparison import Vote
from serve.comparisons.interval import WinRate, measure

Kind = Literal["better", "not_worse", "worse", "not_enough"]
NOT_WORSE, BETTER = 0.45, 0.5
LEAST_QUESTIONS = 20
"""Questions below which no verdict is given: fewer say little about all that is asked."""
FEW_JUDGES = 4
INDEPENDENT_PART = 4
"""One vote in so many, at least, must be of somebody who contributed no pair."""
MOST_NEEDED = 20_000
"""Votes beyond which more of them are no advice any more."""
_Z_BOUND, _Z_POWER = 1.6448536, 0.8416212
"""One-sided 5 %, and a power of 80 %: 60 % true wins show with 152 votes that decide (gate, stage 3)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentence` says it in words, `cautions` how far to trust it.

    `more` is how many further votes would be likely to settle it: 0 where it is settled, None where no
    number can be named.
    """

    kind: Kind
    sentence: str
    rate: WinRate
    more: int | None = 0
    cautions: tuple[str, ...] = field(default=())


def decide(votes: Sequence[Vote], *, contributors_known: bool) -> Verdict:
    """The verdict on a candidate by all of the votes."""
    rate = measure(votes)
    cautions = _find_cautions(votes, contributors_known)
    if lacking := _find_lacking(votes, contributors_known):
        sentence, more = lacking
        return Verdict("not_enough", sentence, rate, more, cautions)
    return Verdict(*_read(rate, len(votes)), cautions)


def plan_votes(share: float, *, over: float = BETTER) -> int:
    """Decisive votes that show, 4 times in 5, a true win rate of `share` to lie over `over`."""
    spread = _Z_BOUND * 0.5 + _Z_POWER * math.sqrt(share * (1 - share))
    return round((spread / abs(share - over)) ** 2)


def _read(rate: WinRate, votes: int) -> tuple[Kind, str, WinRate, int | None]:
    told = f"It wins {rate.share:.0%} of {votes} votes, ties counted half (90 % interval {_show(rate)})"
    if rate.low > BETTER:
        return "better", f"The candidate is better. {told}: even the lower bound is over 50 %.", rate, 0
    if rate.low > NOT_WORSE:
        return (
            "not_worse",
            f"The candidate is not worse. {told}: the lower bound is over 45 %, but not over 50 %.",
            rate,
            0,
        )
    if rate.high < BETTER:
        return "worse", f"The candidate is worse. {told}: even the upper bound is under 50 %.", rate, 0
    more = _count_needed(rate, votes)
    if more is None:
        advice = "The two are too much alike for votes to tell them apart."
    else:
        advice = f"About {more:,} more votes like these would settle it."
    return "not_enough", f"There are not enough votes. {told}: that can mean either. {advice}", rate, more


def _find_lacking(votes: Sequence[Vote], contributors_known: bool) -> tuple[str, int | None] | None:
    """Why these votes allow no verdict, whatever they say."""
    questions = len({vote.question for vote in votes})
    if questions < LEAST_QUESTIONS:
        more = LEAST_QUESTIONS - questions
        return (
            f"There are not enough votes: on {questions} questions; a verdict needs votes on at least "
            f"{LEAST_QUESTIONS}.",
            more,
        )
    if not contributors_known:
        if len({vote.judge for vote in votes}) < 2:
            return (
                "There are not enough votes: it is not known who wrote the pairs that the candidate was "
                "trained on, so one judge alone does not decide. A second one has to vote.",
                LEAST_QUESTIONS,
            )
        return None
    independent = sum(not vote.contributed for vote in votes)
    if independent * INDEPENDENT_PART < len(votes):
        more = math.ceil((len(votes) - INDEPENDENT_PART * independent) / (INDEPENDENT_PART - 1))
        return (
            f"There are not enough votes of others: {len(votes) - independent} of {len(votes)} are of people "
            f"whose pairs the candidate was trained on. At least {more} more must be of somebody else.",
            more,
        )
    return None


def _find_cautions(votes: Sequence[Vote], contributors_known: bool) -> tuple[str, ...]:
    cautions = []
    judges = len({vote.judge for vote in votes})
    if 0 < judges < FEW_JUDGES:
        who = "One judge has" if judges == 1 else f"{judges} judges have"
        cautions.append(
            f"{who} voted: the interval says how they would vote on other questions, and little of how "
            "others would."
        )
    if not contributors_known and votes:
        cautions.append(
            "It is not known who wrote the pairs that the candidate was trained on, so their votes could not "
            "be told from others."
        )
    if contributed := sorted({vote.name for vote in votes if vote.contributed}):
        cautions.append(f"Trained on pairs of these judges too: {', '.join(contributed)}.")
    return tuple(cautions)


def _count_needed(rate: WinRate, votes: int) -> int | None:
    """Further votes that would be likely to settle it, if they are like those there are."""
    below, above = (rate.share - rate.low) / _Z_BOUND, (rate.high - rate.share) / _Z_BOUND
    aims = [(below, rate.share - NOT_WORSE), (above, BETTER - rate.share)]
    wanted = _Z_BOUND + _Z_POWER
    needed = [votes * (wanted * error / distance) ** 2 for error, distance in aims if distance > 0.001]
    least = min(needed, default=math.inf)
    return None if least > MOST_NEEDED else max(1, math.ceil(least) - votes)


def _show(rate: WinRate) -> str:
    return f"{rate.low:.0%} to {rate.high:.0%}"
