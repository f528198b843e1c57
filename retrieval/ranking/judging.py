"""Records near the top, held against the question one by one, and the hits that become of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.ranking.duplicates import find_duplicates
from retrieval.ranking.hierarchy import spread_siblings
from retrieval.records import Hit, Record


@dataclass(frozen=True, slots=True)
class Judged:
    """A hit with the number of its parent, how well it fits the people and the days asked for, whether it
    satisfies all that was kept, and the share of the words asked for that it has."""

    hit: Hit
    parent: int
    person: float
    dated: bool
    complete: bool
    cover: float


def settle(judged: Sequence[Judged], *, spread: bool) -> tuple[Hit, ...]:
    """The hits in their last order: duplicates behind one of them, and no parent's children flooding."""
    firsts = find_duplicates([one.hit.record for one in judged])
    also: dict[int, list[Record]] = {}
    for place, first in enumerate(firsts):
        also.setdefault(first, [])
        if place != first:
            also[first].append(judged[place].hit.record)
    single = list(also)
    if spread:
        kept = [judged[place] for place in single]
        order = spread_siblings([one.parent for one in kept], [one.complete for one in kept])
        single = [single[place] for place in order]
    return tuple(replace(judged[place].hit, also=tuple(also[place])) for place in single)
