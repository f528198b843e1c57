"""What the place of a record in its collection says: its series, its siblings, the whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from retrieval.ranking.board import Board, Floats
from retrieval.store.catalog import LEVELS

MOST_SIBLINGS = 3
"""Records of one parent before others get a turn."""


def lift_by_parents(board: Board, share: float) -> None:
    """A good series lifts its folders: each record gains a share of the fused score of its parent."""
    fused = board.candidates.fused[board.best]
    order = np.argsort(board.records)
    places = np.searchsorted(board.records, board.rows["parent"], sorter=order)
    found = order[np.minimum(places, len(order) - 1)]
    is_parent = board.records[found] == board.rows["parent"]
    board.put("its series fits", share * np.where(is_parent, fused[found], 0.0), share)


def prefer_collections(board: Board, amount: float) -> None:
    """What is asked of a whole collection is answered by the collection's own description."""
    whole: Floats = (board.rows["level"] == LEVELS.index("collection")) * amount
    board.put("describes the whole collection", whole, amount)


def spread_siblings(parents: Sequence[int], equals: Sequence[bool], most: int = MOST_SIBLINGS) -> list[int]:
    """Places in order, siblings after the first `most` moved behind the others.

    `equals` marks records that satisfy all that was asked: those stay, since there the siblings are the
    answer.
    """
    seen: Counter[int] = Counter()
    first: list[int] = []
    later: list[int] = []
    for place, (parent, equal) in enumerate(zip(parents, equals, strict=True)):
        seen[parent] += 1
        (first if equal or parent < 0 or seen[parent] <= most else later).append(place)
    return first + later
