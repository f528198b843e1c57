"""Whether judges agree, where two or more have voted on the same question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from serve.comparisons.comparison import Vote
from serve.comparisons.interval import SCORES


@dataclass(frozen=True, slots=True)
class Agreement:
    """`share` of the `pairs` of votes on one question that say the same, and Krippendorff's alpha: 1 is full
    agreement, 0 what chance would give."""

    questions: int
    pairs: int
    share: float
    alpha: float


def measure_agreement(votes: Sequence[Vote]) -> Agreement | None:
    """How far judges agree; None where no question has two votes.

    Alpha is evalica's (Krippendorff 2018), with the distance of an ordered scale: candidate, tie, champion.
    """
    by_question: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_question[vote.question].append(vote)
    twice = [given for given in by_question.values() if len(given) > 1]
    if not twice:
        return None
    pairs = [
        SCORES[one.choice] == SCORES[other.choice] for given in twice for one, other in combinations(given, 2)
    ]
    return Agreement(len(twice), len(pairs), sum(pairs) / len(pairs), _find_alpha(votes))


def _find_alpha(votes: Sequence[Vote]) -> float:
    import pandas as pd
    from evalica import alpha  # loads scipy and pandas: a second

    ratings = pd.DataFrame(
        {
            "judge": [vote.judge for vote in votes],
            "question": [vote.question for vote in votes],
            "score": [SCORES[vote.choice] for vote in votes],
        }
    )
    table = ratings.pivot(index="judge", columns="question", values="score")
    return float(alpha(table, distance="ordinal").alpha)
