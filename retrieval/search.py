"""Search: a question read, filters first, words and meaning side by side, one fused order.

Works on the parts of one open snapshot, which never change; safe from several threads.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from retrieval.audience import PUBLIC, Audience
from retrieval.catalog import LEVELS, Catalog
from retrieval.chips import Chip
from retrieval.embedding import Embedder
from retrieval.errors import QueryError
from retrieval.evidence import is_enough
from retrieval.fusion import adjust, fold_to_records, fuse, highest_score
from retrieval.lexical import LexicalIndex, Scope
from retrieval.questions import Question, read_question
from retrieval.records import Hit, Level, Record
from retrieval.vector_parts import VectorSearch
from retrieval.vectors import Mask

CANDIDATES = 100
"""Passages taken from each side before fusion."""
MOST_HITS = 100
MOST_LISTED = 200
LONGEST_QUESTION = 4000
"""Characters of a question that are read; the rest of a longer one is left out."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Hard limits. `collections` are ids; years are inclusive, met by overlap, never met by the undated."""

    collections: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    levels: tuple[Level, ...] = ()


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found and how far it looked.

    `found` is False when the hits are too weak to ask a model about. `years` are those read from the
    question, so that a page can say so.

    `chips` are the readings of the question that were used; `relaxed` the ids of those that were set
    aside, in order, because nothing satisfied them together with the others. `corrections` pairs words
    as asked with those searched for instead. `matches` counts the records that satisfy all chips kept,
    duplicates counted once; None where the question has nothing to count by. `listed` are these records,
    by date and then position, at most MOST_LISTED, when the question wants them all.
    """

    hits: tuple[Hit, ...]
    found: bool
    passages_searched: int
    collections_searched: tuple[str, ...]
    years: tuple[int, int] | None
    chips: tuple[Chip, ...] = ()
    relaxed: tuple[str, ...] = ()
    corrections: tuple[tuple[str, str], ...] = ()
    matches: int | None = None
    listed: tuple[Record, ...] = ()


class Searcher:
    """Searches the parts of one snapshot."""

    def __init__(
        self, catalog: Catalog, words: LexicalIndex, vectors: VectorSearch, embedder: Embedder
    ) -> None:
        self._catalog = catalog
        self._words = words
        self._vectors = vectors
        self._embedder = embedder
        self._columns = catalog.columns
        self._has_withheld = bool(catalog.columns["withheld_until"].any())

    def search(
        self,
        question: str,
        *,
        top_k: int = 6,
        filters: Filters = EVERYTHING,
        audience: Audience = PUBLIC,
        without: Collection[str] = (),
    ) -> SearchResult:
        """The best `top_k` records for a question, each with its best passage. Raises QueryError.

        `without` are ids of chips: what the question is not to be read as.
        """
        if not 1 <= top_k <= MOST_HITS:
            raise QueryError(f"top_k: expected 1 to {MOST_HITS}, found {top_k}")
        if not question.strip():
            raise QueryError("the question is empty; ask for a person, a date, a place or a subject")
        asked = read_question(
            question[:LONGEST_QUESTION].encode("utf-8", "replace").decode(), without=without
        )
        allowed = self._allow(filters, audience)
        scope = self._scope(filters, audience)
        lexical, dense = self._gather(asked, scope, allowed)
        scores = adjust(fuse(lexical, dense, asked), asked, self._columns)
        ranked = fold_to_records(scores, self._columns)[: max(top_k, MOST_HITS // 4)]
        hits = self._load_hits(ranked, highest_score(asked))
        best_cosine = max((score for _, score in dense), default=0.0)
        return SearchResult(
            hits=hits[:top_k],
            found=is_enough(asked, hits, best_cosine),
            passages_searched=self._catalog.passage_count if allowed is None else int(allowed.sum()),
            collections_searched=self._titles(filters, audience),
            years=asked.years,
        )

    def _gather(
        self, asked: Question, scope: Scope, allowed: Mask | None
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """Candidates of both sides; when the question names years, those of these years as well."""
        vector = self._embedder.encode([asked.text])[0]
        lexical = self._words.search(asked, CANDIDATES, scope)
        dense = self._vectors.search(vector, CANDIDATES, allowed)
        if asked.years:
            dated = self._overlaps(*asked.years)
            if allowed is not None:
                dated &= allowed
            limits = replace(scope, years=_narrow(asked.years, scope.years))
            lexical += self._words.search(asked, CANDIDATES, limits)
            dense += self._vectors.search(vector, CANDIDATES, dated)
        if allowed is not None:  # an access boundary: never trust one engine's filter alone
            lexical = [(number, score) for number, score in lexical if allowed[number]]
        return lexical, dense

    def _allow(self, filters: Filters, audience: Audience) -> Mask | None:
        """The passages that may be found at all; None for every one."""
        hides = self._has_withheld and not audience.staff
        if filters == EVERYTHING and not hides:
            return None
        allowed = self._catalog.mark_live()
        if hides:
            allowed &= self._columns["withheld_until"] < audience.day
        if filters.collections:
            allowed &= np.isin(self._columns["collection"], self._collection_numbers(filters))
        if filters.levels:
            allowed &= np.isin(self._columns["level"], [LEVELS.index(level) for level in filters.levels])
        if filters.year_from is not None or filters.year_to is not None:
            allowed &= self._overlaps(*_years(filters))
        return allowed

    def _overlaps(self, first: int, last: int) -> Mask:
        """Passages of records whose years overlap; undated ones (years below zero) never do."""
        starts, ends = self._columns["first_year"], self._columns["last_year"]
        return np.asarray((starts >= 0) & (starts <= last) & (ends >= first))

    def _scope(self, filters: Filters, audience: Audience) -> Scope:
        dated = filters.year_from is not None or filters.year_to is not None
        return Scope(
            collections=tuple(self._collection_numbers(filters)) or ((-1,) if filters.collections else ()),
            levels=tuple(LEVELS.index(level) for level in filters.levels),
            years=_years(filters) if dated else None,
            day=None if audience.staff or not self._has_withheld else audience.day,
        )

    def _collection_numbers(self, filters: Filters) -> list[int]:
        ids = self._catalog.collection_ids
        return [ids.index(wanted) for wanted in filters.collections if wanted in ids]

    def _titles(self, filters: Filters, audience: Audience) -> tuple[str, ...]:
        chosen = filters.collections
        summaries = self._catalog.collections(audience)
        return tuple(summary.title for summary in summaries if not chosen or summary.id in chosen)

    def _load_hits(self, ranked: list[tuple[int, int, float]], most: float) -> tuple[Hit, ...]:
        records = self._catalog.records(record for record, _, _ in ranked)
        passages = self._catalog.passages(passage for _, passage, _ in ranked)
        return tuple(
            Hit(record=records[record], passage=passages[passage], score=min(1.0, max(0.0, score / most)))
            for record, passage, score in ranked
        )


def _years(filters: Filters) -> tuple[int, int]:
    return filters.year_from or 0, 9999 if filters.year_to is None else filters.year_to


def _narrow(asked: tuple[int, int], limit: tuple[int, int] | None) -> tuple[int, int]:
    return asked if limit is None else (max(asked[0], limit[0]), min(asked[1], limit[1]))
