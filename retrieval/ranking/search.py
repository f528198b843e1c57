"""Search: a question read, filters first, words and meaning side by side, one fused order, and why.

Works on the parts of one open snapshot, which never change; safe from several threads.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from retrieval.asked.chips import NAMING, Chip
from retrieval.asked.questions import Question, read_question
from retrieval.asked.vocabulary import Vocabulary
from retrieval.audience import PUBLIC, Audience
from retrieval.embedding import Embedder
from retrieval.errors import QueryError
from retrieval.explanation import Adjustment, Explanation
from retrieval.ranking.board import WEIGHTS, Board, Candidates, Weights
from retrieval.ranking.coverage import Coverage
from retrieval.ranking.criteria import (
    PERSON,
    Agreement,
    Criterion,
    agree,
    names_something,
    read_criteria,
    weigh_criteria,
)
from retrieval.ranking.date_fit import judge_dates, may_be_of
from retrieval.ranking.evidence import Evidence, is_enough, weigh
from retrieval.ranking.filters import EVERYTHING, Filters, Limits
from retrieval.ranking.fusion import fuse
from retrieval.ranking.gathering import CandidateSearch, Scored
from retrieval.ranking.hierarchy import lift_by_parents, prefer_collections
from retrieval.ranking.judging import Judged, settle
from retrieval.ranking.matches import Matches, read_subject, satisfies
from retrieval.ranking.person_fit import ENOUGH, judge_person
from retrieval.ranking.reranking import Reranker, rerank
from retrieval.records import Hit, Record
from retrieval.store.catalog import Catalog
from retrieval.store.lexical import LexicalIndex
from retrieval.store.stored import NO_PARENT
from retrieval.store.vector_parts import VectorSearch
from retrieval.store.vectors import Mask

__all__ = ["EVERYTHING", "Filters", "SearchResult", "Searcher"]

CANDIDATES = 100
"""Passages taken from each side before fusion."""
MOST_HITS = 100
MOST_LISTED = 200
LONGEST_QUESTION = 4000
"""Characters of a question that are read; the rest of a longer one is left out."""
JUDGED = 24
"""Records that are held against the question by their own names and dates."""
WORDS = "words asked for"
"""The name of what they add, in an explanation."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found and how far it looked.

    `found` is False when the hits are too weak to ask a model about. `years` are those read from the
    question, so that a page can say so.

    `chips` are the readings of the question that were used; `relaxed` the ids of those that were set
    aside, in order, because nothing satisfied them together with the others. `corrections` pairs words
    as asked with those searched for instead. `matches` counts the records that satisfy all chips kept,
    duplicates counted once; None where the question has nothing to count by. `listed` are these records,
    by date and then position, at most MOST_LISTED, when the question wants them all or their number;
    `wants_count` says that it asks how many. `evidence` is what `found` was decided on.
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
    wants_count: bool = False
    evidence: Evidence | None = None

    @property
    def quotable(self) -> tuple[Hit, ...]:
        """The hits that an answer may rest on: where the question names somebody, a box or a call number,
        those that satisfy all that was read from it, if there are any; else all.

        Of 154 questions of four libraries that name and have fitting hits, one lost its record so; a small
        model that is shown its namesakes' letters as well quotes them too.
        """
        fitting = tuple(hit for hit in self.hits if hit.fits)
        named = any(chip.kind in NAMING for chip in self.chips)
        return fitting if named and fitting else self.hits


class Searcher:
    """Searches the parts of one snapshot."""

    def __init__(
        self,
        catalog: Catalog,
        words: LexicalIndex,
        vectors: VectorSearch,
        embedder: Embedder,
        vocabulary: Vocabulary | None = None,
        weights: Weights = WEIGHTS,
        engine: CandidateSearch | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        """An `engine` gives the candidates in place of `words` and `vectors`; `words` still answers exactly
        who, where and which number is meant. Without a `reranker` no cross-encoder is asked."""
        self._catalog = catalog
        self._words = words
        self._vectors = vectors
        self._embedder = embedder
        self._vocabulary = vocabulary
        self._columns = catalog.columns
        self._weights = weights
        self._engine = engine
        self._reranker = reranker

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

        `without` are ids of chips that the patron took away.
        """
        if not 1 <= top_k <= MOST_HITS:
            raise QueryError(f"top_k: expected 1 to {MOST_HITS}, found {top_k}")
        if not question.strip():
            raise QueryError("the question is empty; ask for a person, a date, a place or a subject")
        text = question[:LONGEST_QUESTION].encode("utf-8", "replace").decode()
        asked = read_question(text, self._vocabulary, without=without)
        limits = Limits(filters, audience, self._catalog)
        criteria = read_criteria(asked, self._catalog, self._words, limits.seen)
        agreement = agree(criteria, limits, lambda mask: self._confirm(mask, asked))
        candidates = self._gather(asked, agreement, limits)
        board = self._rank(candidates, asked, criteria, agreement)
        exact = self._find_exact(asked, limits)
        frequency = partial(self._words.frequency, day=limits.scope.day)
        coverage = Coverage(asked, frequency, limits.seen_count)
        judged = self._judge(board, asked, agreement, coverage, max(top_k, JUDGED))
        judged = [*exact, *(one for one in judged if one.hit.record.id not in asked.record_ids)]
        best_cosine = float(np.nanmax(candidates.dense, initial=0.0)) if len(candidates.dense) else 0.0
        evidence = weigh(asked, judged, agreement, best_cosine)
        matches = self._match(asked, criteria, agreement, limits)
        return SearchResult(
            hits=settle(judged, spread=not asked.wants_all)[:top_k],
            found=bool(exact) or (bool(judged) and is_enough(evidence, asked)),
            passages_searched=limits.count,
            collections_searched=self._titles(filters, audience),
            years=asked.years,
            chips=asked.chips,
            relaxed=agreement.relaxed,
            corrections=asked.corrections,
            matches=matches.count if matches else None,
            listed=tuple(matches.records[:MOST_LISTED]) if matches and _wants_set(asked) else (),
            wants_count=asked.wants_count,
            evidence=evidence,
        )

    def _gather(self, asked: Question, agreement: Agreement, limits: Limits) -> Candidates:
        """Candidates of both sides, from all that may be found and from what satisfies the criteria."""
        vector = self._embedder.encode([asked.text])[0]
        if self._engine:
            lexical, dense = self._engine.gather(
                asked, vector, CANDIDATES, limits.scope, limits.mask, agreement.mask
            )
        else:
            lexical, dense = self._gather_here(asked, vector, agreement, limits)
        if limits.mask is not None:  # an access boundary: never trust one engine's filter alone
            allowed = limits.mask
            lexical = [(number, score) for number, score in lexical if allowed[number]]
            dense = [(number, score) for number, score in dense if allowed[number]]
        weights = self._weights
        return fuse(
            lexical, dense, weights.dense_specific if names_something(asked) else weights.dense_general
        )

    def _gather_here(
        self, asked: Question, vector: NDArray[np.float32], agreement: Agreement, limits: Limits
    ) -> tuple[Scored, Scored]:
        """Candidates of both sides from the index on disk."""
        lexical = self._words.search(asked, CANDIDATES, limits.scope)
        mask = agreement.mask
        masks = [limits.mask] if mask is None else [limits.mask, mask]
        dense = [hit for hits in self._vectors.search_each(vector, CANDIDATES, masks) for hit in hits]
        if mask is not None:
            queries = [criterion.query for criterion in agreement.kept if criterion.query is not None]
            more = CANDIDATES if len(queries) == len(agreement.kept) else 3 * CANDIDATES
            fitting = self._words.search(asked, more, limits.scope, queries)
            lexical += [(number, score) for number, score in fitting if mask[number]][:CANDIDATES]
        return lexical, dense

    def _rank(
        self, candidates: Candidates, asked: Question, criteria: list[Criterion], agreement: Agreement
    ) -> Board:
        """All candidates by what the columns and the index say of them."""
        board, weights = Board(candidates, self._columns, self._weights), self._weights
        if not len(board.records):
            return board
        lift_by_parents(board, weights.lift)
        if asked.breadth:
            prefer_collections(board, weights.collection * asked.breadth)
        if asked.span:
            board.put("date", weights.date * judge_dates(asked.span, board.rows, weights), weights.date)
        weigh_criteria(board, criteria, weights)
        if agreement.mask is not None and len(agreement.kept) > 1:
            fits = agreement.mask[board.passages].astype(np.float64) * weights.all_fit
            board.put("all that was asked", fits, weights.all_fit)
        return board

    def _judge(
        self, board: Board, asked: Question, agreement: Agreement, coverage: Coverage, most: int
    ) -> list[Judged]:
        """The best records held against the question by their own fields, in their final order."""
        board.keep(board.order()[:most])
        found = self._catalog.records(board.records.tolist())
        records = [found[number] for number in board.records.tolist()]
        passages = self._catalog.passages(board.passages.tolist())
        if self._reranker:
            held = [(records[row], passages[int(board.passages[row])]) for row in range(len(records))]
            rerank(board, self._reranker, asked.text, held[:JUDGED], self._weights.cross_encoder)
        texts = [passages[number].text for number in board.passages.tolist()]
        covers = [coverage.judge(record, text) for record, text in zip(records, texts, strict=True)]
        board.put(WORDS, self._weights.words * np.array(covers), self._weights.words)
        people = [[judge_person(person, record) for person in asked.people] for record in records]
        if asked.people and records:
            means = np.array([sum(fits) / len(fits) for fits in people])
            board.put(PERSON, self._weights.person * means, self._weights.person)
        order = board.order().tolist()
        kinds = {criterion.kind for criterion in agreement.kept}
        complete = [
            bool(kinds) and satisfies(record, asked, kinds, people[place])
            for place, record in enumerate(records)
        ]
        within = np.ones(len(records), bool) if agreement.mask is None else agreement.mask[board.passages]
        return [
            Judged(
                Hit(
                    record=records[place],
                    passage=passages[int(board.passages[place])],
                    score=min(1.0, max(0.0, float(board.scores[place]) / board.reach)),
                    why=why,
                    fits=complete[place] and bool(within[place]),
                ),
                parent=int(board.rows["parent"][place]),
                person=min(people[place], default=1.0),
                dated=may_be_of(asked.span, records[place], whole=asked.breadth > 0),
                complete=complete[place],
                cover=covers[place],
            )
            for place, why in zip(order, board.explain(order), strict=True)
        ]

    def _find_exact(self, asked: Question, limits: Limits) -> list[Judged]:
        """The records that an exact identifier in the question names, as far as they may be found."""
        found = []
        for record_id in asked.record_ids:
            number = self._catalog.number_of(record_id)
            record = self._catalog.record(record_id)
            passages = self._catalog.passages([] if number is None else self._catalog.passages_of(number))
            allowed = [one for one in sorted(passages) if limits.mask is None or limits.mask[one]]
            if record is None or not allowed:
                continue
            hit = Hit(
                record=record,
                passage=passages[allowed[0]],
                score=1.0,
                why=Explanation(adjustments=(Adjustment("the identifier asked for", 1.0),)),
            )
            found.append(Judged(hit, NO_PARENT, 1.0, dated=True, complete=True, cover=1.0))
        return found

    def _titles(self, filters: Filters, audience: Audience) -> tuple[str, ...]:
        chosen = filters.collections
        if not chosen:
            return self._catalog.collection_titles(audience)
        return tuple(one.title for one in self._catalog.collections(audience) if one.id in chosen)

    def _confirm(self, mask: Mask, asked: Question) -> Mask | None:
        """Those of a few passages whose records have the people asked for by name; None for none."""
        numbers = self._catalog.records_of_passages(mask)[:JUDGED]
        found = self._catalog.records(numbers.tolist())
        right = [
            number
            for number, record in found.items()
            if all(judge_person(person, record) >= ENOUGH for person in asked.people)
        ]
        return mask & np.isin(self._catalog.column("record"), right) if right else None

    def _match(
        self, asked: Question, criteria: list[Criterion], agreement: Agreement, limits: Limits
    ) -> Matches | None:
        if not agreement.kept:
            return None
        if _wants_set(asked):
            subject = read_subject(asked, self._words, len(self._columns), limits.scope.day)
            narrowed = agree([*agreement.kept, *([subject] if subject else [])], limits)
            agreement = narrowed
        return Matches(agreement, asked, self._catalog)


def _wants_set(question: Question) -> bool:
    """Whether it asks for all that fits, or their number, and not for the best."""
    return question.wants_all or question.wants_count
