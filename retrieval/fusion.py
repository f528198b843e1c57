"""Two candidate lists into one order: a convex combination, then the dates and levels asked for.

Source of the combination: Bruch, Gai and Ingber 2023 (arXiv 2210.11934). The weights below were
fitted on the development questions.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from retrieval.catalog import LEVELS, UNDATED
from retrieval.months import Months
from retrieval.questions import Question

DENSE_SPECIFIC, DENSE_GENERAL = 0.3, 0.5
"""Share of the dense score: with a name, number or quotation in the question, and without."""
DATE = 0.4
"""Most that a fitting date adds; a date that does not fit takes as much away."""
INHERITED = 0.5
"""Worth of a date that comes from the component above."""
NARROWNESS = 0.3
"""Power of the share of a record's months that were asked for: 0 would not care how wide they are."""
LIFT = 0.25
"""Share of its parent's score that a record gains: a good series lifts its folders."""
COLLECTION = 0.6
"""What a collection's own description gains when a question asks about a whole collection."""
SECOND = 0.1
"""Share of its second-best passage that a record gains."""

Scores = dict[int, float]


def fuse(
    lexical: Iterable[tuple[int, float]], dense: Iterable[tuple[int, float]], question: Question
) -> Scores:
    """Passage number to fused score, 0 to 1; a passage missing from one list scores 0 there."""
    share = DENSE_SPECIFIC if question.is_specific else DENSE_GENERAL
    words, meaning = _scale(dict(lexical)), _scale(dict(dense))
    if not words:
        share = 1.0
    return {
        number: (1 - share) * words.get(number, 0.0) + share * meaning.get(number, 0.0)
        for number in words.keys() | meaning.keys()
    }


def adjust(scores: Scores, question: Question, columns: NDArray[np.void]) -> Scores:
    """Scores with the dates, the level and the parent of each passage's record taken into account."""
    rows = columns[list(scores)]
    records, parents = rows["record"].tolist(), rows["parent"].tolist()
    best: dict[int, float] = {}
    for record, score in zip(records, scores.values(), strict=True):
        best[record] = max(score, best.get(record, 0.0))
    lifts = [LIFT * best.get(parent, 0.0) for parent in parents]
    dates = (
        [DATE * fit for fit in judge_dates(question.months, rows)] if question.months else [0.0] * len(rows)
    )
    levels = (COLLECTION * question.breadth * (rows["level"] == LEVELS.index("collection"))).tolist()
    return {
        number: score + lift + date + level
        for (number, score), lift, date, level in zip(scores.items(), lifts, dates, levels, strict=True)
    }


def highest_score(question: Question) -> float:
    """The most that a record can reach for this question, so that scores can be given from 0 to 1."""
    return 1 + LIFT + SECOND + (DATE if question.months else 0.0) + COLLECTION * question.breadth


def judge_dates(asked: Months, rows: NDArray[np.void]) -> list[float]:
    """How well dates fit: 1 inside what was asked, less the wider they are, -1 outside.

    Undated records, and those of the right year but another month, are neither helped nor hurt.
    """
    first, last = rows["first_month"], rows["last_month"]
    overlap = np.minimum(last, asked[1]) - np.maximum(first, asked[0]) + 1
    share = np.clip(overlap, 0, None) / (last - first + 1)
    same_year = (first // 12 <= asked[1] // 12) & (last // 12 >= asked[0] // 12)
    fit = np.where(overlap > 0, share**NARROWNESS, np.where(same_year, 0.0, -1.0))
    fit = fit * np.where(rows["dates_inherited"], INHERITED, 1.0)
    judged: list[float] = np.where(first == UNDATED, 0.0, fit).tolist()
    return judged


def fold_to_records(scores: Scores, columns: NDArray[np.void]) -> list[tuple[int, int, float]]:
    """(record number, its best passage, score), best first: the best passage and a share of the second."""
    ordered = sorted(scores.items(), key=lambda item: (-item[1], item[0]))
    records = columns["record"][[number for number, _ in ordered]].tolist()
    found: dict[int, list[tuple[int, float]]] = {}
    for record, passage in zip(records, ordered, strict=True):
        found.setdefault(record, []).append(passage)
    folded = [
        (record, best[0], best[1] + SECOND * max(0.0, rest[0][1] if rest else 0.0))
        for record, (best, *rest) in found.items()
    ]
    return sorted(folded, key=lambda item: (-item[2], item[1]))


def _scale(scores: Scores) -> Scores:
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    if high == low:
        return dict.fromkeys(scores, 1.0)
    return {number: (score - low) / (high - low) for number, score in scores.items()}
