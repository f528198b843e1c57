"""Hard limits on a search: what the caller chose, and what the audience may see at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrieval.audience import Audience
from retrieval.records import Level
from retrieval.store.catalog import LEVELS, Catalog
from retrieval.store.lexical import Scope
from retrieval.store.vectors import Mask


@dataclass(frozen=True, slots=True)
class Filters:
    """Hard limits. `collections` are ids; years are inclusive, met by overlap, never met by the undated."""

    collections: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    levels: tuple[Level, ...] = ()

    @property
    def years(self) -> tuple[int, int] | None:
        """The years with open ends bounded; None where none are set."""
        if self.year_from is None and self.year_to is None:
            return None
        return self.year_from or 0, 9999 if self.year_to is None else self.year_to


EVERYTHING = Filters()


class Limits:
    """Filters and audience as one mask over the passages, and as what the lexical index understands.

    `seen` marks the passages that the audience may see at all, whatever the filters; None for all of them.
    """

    def __init__(
        self,
        filters: Filters,
        audience: Audience,
        catalog: Catalog,
    ) -> None:
        self._catalog = catalog
        numbers = [catalog.collection_number(one) for one in filters.collections]
        known = tuple(number for number in numbers if number is not None)
        levels = tuple(LEVELS.index(level) for level in filters.levels)
        self._seen = catalog.seen_by(audience)
        self.scope = Scope(
            collections=known or ((-1,) if filters.collections else ()),
            levels=levels,
            years=filters.years,
            day=audience.day if self._seen else None,
        )
        self.seen = self._seen.mask if self._seen else None
        self.mask = self.seen
        if filters == EVERYTHING:
            return
        self.mask = catalog.mark_live() if self.seen is None else self.seen.copy()
        if filters.collections:
            self.mask &= np.isin(catalog.column("collection"), known)
        if filters.levels:
            self.mask &= np.isin(catalog.column("level"), levels)
        if filters.years:
            first, last = filters.years
            starts, ends = catalog.column("first_year"), catalog.column("last_year")
            self.mask &= (starts >= 0) & (starts <= last) & (ends >= first)

    def narrow(self, mask: Mask) -> Mask:
        """Those of `mask` that may be found."""
        return mask if self.mask is None else mask & self.mask

    @property
    def count(self) -> int:
        """How many passages may be found."""
        if self.mask is self.seen or self.mask is None:
            return self.seen_count
        return int(np.count_nonzero(self.mask))

    @property
    def seen_count(self) -> int:
        """How many passages the audience may see."""
        return self._seen.count if self._seen else self._catalog.passage_count
