"""Lexical side of the index: tantivy over heading, text, breadcrumb, names and identifiers.

Queries are built term by term through the Query API, never parsed from what a person typed. A word
that a question repeats counts as often as it stands there (tantivy would collapse the repeats), and
name runs add a phrase in both orders, so that `Homer, Winslow` answers to Winslow Homer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import tantivy
from tantivy import Filter, Occur, Query, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from retrieval.audience import read_day
from retrieval.dates import LAST_YEAR, Years
from retrieval.errors import IndexDamaged
from retrieval.passages import render_breadcrumb, render_searchable
from retrieval.questions import Question, fold_identifier, read_containers, split_words
from retrieval.records import Passage, Record

FORMAT = f"tantivy {version('tantivy')}, schema 3"

# Fitted on the development questions, with generated name-and-year and topic-and-year questions beside them.
WEIGHTS = {"heading": 0.9, "text": 1.2, "breadcrumb": 1.2, "parent": 1.2, "names": 1.0}
"""A word counts once, in the field where it says most, and TIE of what the other fields add."""
TIE = 0.3
PHRASE = 0.5
"""Weight of a name as a phrase, beside its words."""
CONTAINER, IDENTIFIER = 2.0, 8.0
SYNONYM = 0.4
"""Weight of a word the patron did not use but the trade does (correspondence for letters)."""

_MOST_TERMS = 48
_HEAP = 64_000_000
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
    """Writes a lexical index: `add` in passage order inside a `with`; an error there writes nothing."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        index = tantivy.Index(_SCHEMA, path=str(folder))
        _register(index)
        self._writer = index.writer(heap_size=_HEAP, num_threads=1)

    def add(self, number: int, record: Record, passage: Passage, *, collection: int, level: int) -> None:
        """Index a passage under its number."""
        own_text = passage.text if passage.text != record.heading else ""
        first, last = record.years or (0, 0)
        document = {
            "number": number,
            "collection": collection,
            "level": level,
            "first_year": first,
            "last_year": last,
            "withheld_until": read_day(record.withheld_until),
            "heading": render_searchable(record.heading),
            "text": render_searchable(own_text),
            "breadcrumb": render_breadcrumb(record),
            "parent": render_searchable(record.breadcrumb[-1]) if record.breadcrumb else "",
            "names": [render_searchable(name) for name in _gather_names(record)],
            "container": list(read_containers(record.container)),
            "identifier": [fold_identifier(value) for value in (record.call_number, record.id) if value],
        }
        self._writer.add_document(tantivy.Document.from_dict(document, _SCHEMA))

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
            path.chmod(0o644)  # tantivy keeps two of its files to the owner; a container may be another


class LexicalIndex:
    """BM25 over the fields; safe to search from several threads."""

    def __init__(self, folder: Path, *, passages: int) -> None:
        """Open a folder whose checksums the caller has checked. Raises IndexDamaged."""
        try:
            index = tantivy.Index.open(str(folder))
            _register(index)
            self._searcher = index.searcher()
        except (ValueError, OSError) as problem:
            raise IndexDamaged(f"{folder}: tantivy cannot read it; build the index again") from problem
        if self._searcher.num_docs != passages:
            raise IndexDamaged(
                f"{folder}: expected {passages} passages, found {self._searcher.num_docs}; "
                "build the index again"
            )

    def search(self, question: Question, k: int, scope: Scope = Scope()) -> list[tuple[int, float]]:
        """Up to `k` (passage number, BM25 score), best first, of passages that share a word with it."""
        query = build_query(question)
        if query is None:
            return []
        limits = _build_limits(scope)
        if limits:
            query = Query.boolean_query([(Occur.Must, query), *((Occur.Must, limit) for limit in limits)])
        hits = self._searcher.search(query, limit=k, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]


def build_query(question: Question) -> Query | None:
    """The question as boosted terms; None when nothing in it can be searched for."""
    parts: list[Query] = []
    for word, count in list(Counter(question.words).items())[:_MOST_TERMS]:
        parts.append(_search_word(word, float(count)))
    for word in question.added:
        parts.append(_search_word(word, SYNONYM))
    for name in question.names:
        parts += _search_phrase(name)
    for quoted in question.quoted:
        parts += _search_phrase(split_words(quoted))
    parts += [_boost("container", term, CONTAINER) for term in question.containers]
    parts += [_boost("identifier", term, IDENTIFIER) for term in question.identifiers]
    return Query.boolean_query([(Occur.Should, part) for part in parts]) if parts else None


def _search_word(word: str, weight: float) -> Query:
    fields = [
        _boost(field, term, weight * WEIGHTS[field])
        for field, analyzer in _ANALYZED.items()
        for term in analyzer.analyze(word)
    ]
    return Query.disjunction_max_query(fields, TIE)


def _search_phrase(words: Sequence[str]) -> list[Query]:
    """The words side by side in either order, in the field where they say most; nothing for one word."""
    terms = [term for word in words for term in WORDS.analyze(word)]
    if len(terms) < 2:
        return []
    phrases = [
        Query.boost_query(Query.phrase_query(_SCHEMA, field, list(order), slop=1), PHRASE * WEIGHTS[field])
        for field in ("heading", "text", "breadcrumb", "parent")
        for order in (terms, [terms[-1], *terms[:-1]])
    ]
    return [Query.disjunction_max_query(phrases, 0.0)]


def _build_limits(scope: Scope) -> list[Query]:
    limits = []
    for field, values in (("collection", scope.collections), ("level", scope.levels)):
        if values:
            limits.append(Query.term_set_query(_SCHEMA, field, list(values)))
    if scope.years:
        first, last = scope.years
        limits.append(_range("first_year", 1, last))
        limits.append(_range("last_year", first, LAST_YEAR + 100))
    if scope.day is not None:
        limits.append(_range("withheld_until", 0, scope.day - 1))
    return [Query.const_score_query(limit, 0.0) for limit in limits]


def _range(field: str, low: int, high: int) -> Query:
    return Query.range_query(_SCHEMA, field, tantivy.FieldType.Integer, low, high)


def _boost(field: str, term: str, weight: float) -> Query:
    return Query.boost_query(Query.term_query(_SCHEMA, field, term), weight)


def _gather_names(record: Record) -> list[str]:
    """Names in their own field, unstemmed: those the record states, and its heading, which often is one."""
    return list(dict.fromkeys([*record.names, record.creator, record.heading, *record.subjects]))


def _build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", fast=True)
    for field in ("collection", "level", "first_year", "last_year", "withheld_until"):
        builder.add_integer_field(field, fast=True, indexed=True)
    for field in ("heading", "text", "breadcrumb", "parent"):
        builder.add_text_field(field, tokenizer_name="words")
    builder.add_text_field("names", tokenizer_name="names")
    builder.add_text_field("container", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("identifier", tokenizer_name="raw", index_option="basic")
    return builder.build()


def _analyzer(tokenizer: Tokenizer, *filters: Filter) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(tokenizer)
    for one in filters:
        builder = builder.filter(one)
    return builder.build()


_SCHEMA = _build_schema()
_FOLD = (Filter.remove_long(60), Filter.lowercase(), Filter.ascii_fold())
WORDS = _analyzer(Tokenizer.simple(), *_FOLD, Filter.stemmer("english"))
NAMES = _analyzer(Tokenizer.simple(), *_FOLD)
_ANALYZED = {"heading": WORDS, "text": WORDS, "breadcrumb": WORDS, "parent": WORDS, "names": NAMES}


def _register(index: tantivy.Index) -> None:
    index.register_tokenizer("words", WORDS)
    index.register_tokenizer("names", NAMES)
