"""Pairs of a dataset that ask the same and cannot both be right."""

from __future__ import annotations

from collections.abc import Sequence

from train.pairs.checks.approved import Approved
from train.pairs.checks.contradictions import find_difference, find_opposite
from train.pairs.pair import Pair


def find_contradictions(pairs: Sequence[Pair]) -> list[tuple[str, str, str]]:
    """(id, id, what they contradict each other in) of pairs with the same words and the same turns before.

    From other passages other dates and names may both be right, so these count only where a passage is
    common to both; yes and no, or an answer and "not found", always do.
    """
    approved = Approved(pairs)
    found: dict[tuple[str, str], str] = {}
    for pair in pairs:
        for neighbour in approved.find_neighbours(pair):
            other = neighbour.pair
            if neighbour.nearness != "same" or pair.history != other.history:
                continue
            why = find_opposite(pair, other)
            if not why and {one.record_id for one in pair.evidence} & {
                one.record_id for one in other.evidence
            }:
                why = find_difference(pair, other)
            if why:
                found.setdefault((min(pair.id, other.id), max(pair.id, other.id)), why)
    return [(one, other, why) for (one, other), why in sorted(found.items())]
