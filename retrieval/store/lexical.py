"""Lexical side of the index: tantivy over heading, text, breadcrumb, names and identifiers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tantivy
from numpy.typing import NDArray
from tantivy import Occur, Query

from retrieval.asked.questions import Question, fold_identifier, read_containers
from retrieval.audience import read_day
from retrieval.dates import LAST_YEAR, Years
from retrieval.errors import IndexDamaged
from retrieval.passages import render_breadcrumb, render_searchable
from retrieval.records import Passage, Record
from retrieval.store.lexical_fields import ANALYZED, SCHEMA, register
from retrieval.store.lexical_query import build_query, require_words

FORMAT = f"tantivy {version('tantivy')}, schema 5"

MOST_SELECTED = 50_000
MOST_COUNTED = 5_000
"""Passages with a word beyond which it is common, however many of them are withheld or were taken out."""
_HEAP = 64_000_000
_HIGHEST = 2**31
_LOCKS = (".tantivy-writer.lock", ".tantivy-meta.lock")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a lexical search may return: numbers of collections and levels, and years; empty means all.

    `day`, as `Audience.day` gives it, leaves out what is withheld on that day; None withholds nothing.
    """

    collections: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    years: Years | None = None
    day: int | None = None


class LexicalWriter:
    """Writes a lexical index, or adds to one, inside a `with`; an error there changes nothing.

    A folder that holds an index may share its files with another snapshot: tantivy changes none of them,
    it writes new ones beside them. Scores count what was removed until the index is written anew.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        index = tantivy.Index(SCHEMA, path=str(folder))
        register(index)
        self._writer = index.writer(heap_size=_HEAP, num_threads=1)

    def remove(self, numbers: Iterable[int]) -> None:
        """Take passages out; call it before any `add`."""
        for number in numbers:
            self._writer.delete_documents_by_term("number", number)

    def remove_from(self, first: int) -> None:
        """Take out every passage from this number on; call it before any `add`."""
        self._writer.delete_documents_by_query(_range("number", first, _HIGHEST))

    def add(self, number: int, record: Record, passage: Passage, *, collection: int, level: int) -> None:
        """Index a passage under its number."""
        first, last = record.years or (0, 0)
        document = {
            "number": number,
            "collection": collection,
            "level": level,
            "first_year": first,
            "last_year": last,
            "withheld_until": read_day(record.withheld_until),
            **read_words(record, passage.text),
            "sender": [render_searchable(name) for name in record.senders],
            "recipient": [render_searchable(name) for name in record.recipients],
        }
        self._writer.add_document(tantivy.Document.from_dict(document, SCHEMA))

    def __enter__(self) -> LexicalWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Commit or give up, wait for tantivy's threads, and leave no lock files behind."""
        if kind is None:
            self._writer.commit()
        else:
            self._writer.rollback()
        self._writer.wait_merging_threads()
        for name in _LOCKS:
            (self._folder / name).unlink(missing_ok=True)
        for path in self._folder.iterdir():
            if path.stat().st_mode & 0o777 != 0o644:
                path.chmod(0o644)  # tantivy keeps two of its files to the owner; a container may be another


class LexicalIndex:
    """BM25 over the fields; safe to search from several threads."""

    def __init__(self, folder: Path, *, passages: int, has_deleted: bool = False) -> None:
        """Open a folder whose checksums the caller has checked. Raises IndexDamaged.

        `has_deleted` says that it may still hold words of passages that were taken out.
        """
        self._has_deleted = has_deleted
        try:
            index = tantivy.Index.open(str(folder))
            register(index)
            self._searcher = index.searcher()
        except (ValueError, OSError) as problem:
            raise IndexDamaged(f"{folder}: tantivy cannot read it; build the index again") from problem
        if self._searcher.num_docs != passages:
            raise IndexDamaged(
                f"{folder}: expected {passages} passages, found {self._searcher.num_docs}; "
                "build the index again"
            )

    def search(
        self, question: Question, k: int, scope: Scope = Scope(), required: Sequence[Query] = ()
    ) -> list[tuple[int, float]]:
        """Up to `k` (passage number, BM25 score), best first, of passages that share a word with it.

        `required` are queries that a passage must satisfy as well, which add nothing to its score.
        """
        query = build_query(question)
        if query is None:
            return []
        limits = [*_build_limits(scope), *(Query.const_score_query(one, 0.0) for one in required)]
        if limits:
            query = Query.boolean_query([(Occur.Must, query), *((Occur.Must, limit) for limit in limits)])
        hits = self._searcher.search(query, limit=k, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]

    def select(self, query: Query) -> NDArray[np.int64]:
        """Numbers of the passages that satisfy a query of `lexical_query`, MOST_SELECTED at most.

        In no order, and access is not looked at.
        """
        query = Query.const_score_query(query, 1.0)
        hits = self._searcher.search(query, limit=MOST_SELECTED, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        return np.array(numbers, dtype=np.int64)

    def frequency(self, word: str, day: int | None = None) -> int:
        """In how many passages a word stands, in the field where most have it.

        On `day` as a `Scope` has it: what is withheld does not count.
        """
        return max(
            self._count(field, term, day)
            for field, analyzer in ANALYZED.items()
            for term in analyzer.analyze(word) or [""]
        )

    def holds(self, words: Sequence[str], day: int) -> bool:
        """Whether some passage that is not withheld on `day` has all of the words."""
        return self._count_both(require_words(words), day) > 0

    def _count(self, field: str, term: str, day: int | None) -> int:
        known: int = self._searcher.doc_freq(field, term)
        if not known or known > MOST_COUNTED or (day is None and not self._has_deleted):
            return known
        return self._count_both(Query.term_query(SCHEMA, field, term), day)

    def _count_both(self, query: Query, day: int | None) -> int:
        limits = [(Occur.Must, limit) for limit in _build_limits(Scope(day=day))]
        query = Query.boolean_query([(Occur.Must, query), *limits])
        found: Any = self._searcher.search(query, limit=1)  # the stubs know of no count
        return int(found.count or 0)


def read_words(record: Record, text: str) -> dict[str, list[str]]:
    """What a passage of a record with this text is ranked by, field by field."""
    return {
        "heading": [render_searchable(record.heading)],
        "text": [render_searchable(text)] if text != record.heading else [],
        "breadcrumb": [render_breadcrumb(record)],
        "parent": [render_searchable(name) for name in record.breadcrumb[-1:]],
        "names": [render_searchable(name) for name in _gather_names(record)],
        "container": list(read_containers(record.container)),
        "identifier": [fold_identifier(value) for value in (record.call_number, record.id) if value],
    }


def _build_limits(scope: Scope) -> list[Query]:
    limits = []
    for field, values in (("collection", scope.collections), ("level", scope.levels)):
        if values:
            limits.append(Query.term_set_query(SCHEMA, field, list(values)))
    if scope.years:
        first, last = scope.years
        limits.append(_range("first_year", 1, last))
        limits.append(_range("last_year", first, LAST_YEAR + 100))
    if scope.day is not None:
        limits.append(_range("withheld_until", 0, scope.day - 1))
    return [Query.const_score_query(limit, 0.0) for limit in limits]


def _range(field: str, low: int, high: int) -> Query:
    return Query.range_query(SCHEMA, field, tantivy.FieldType.Integer, low, high)


def _gather_names(record: Record) -> list[str]:
    """Names in their own field, unstemmed: those the record states, and its heading, which often is one."""
    return list(dict.fromkeys([*record.names, record.creator, record.heading, *record.subjects]))
