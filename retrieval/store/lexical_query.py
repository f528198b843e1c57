"""A question as a lexical query, built term by term, never parsed from what a person typed.

A word that a question repeats counts as often as it stands there (tantivy would collapse the repeats),
and name runs add a phrase in both orders, so that `Homer, Winslow` answers to Winslow Homer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from tantivy import Occur, Query

from retrieval.asked.questions import Question, split_words
from retrieval.store.lexical_fields import ANALYZED, NAMES, SCHEMA, WORDS

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


@lru_cache(maxsize=16)
def build_query(question: Question) -> Query | None:
    """The question as boosted terms; None when nothing in it can be searched for.

    Kept for a moment: one search asks with it more than once.
    """
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
        for field, analyzer in ANALYZED.items()
        for term in analyzer.analyze(word)
    ]
    return Query.disjunction_max_query(fields, TIE)


def _search_phrase(words: Sequence[str]) -> list[Query]:
    """The words side by side in either order, in the field where they say most; nothing for one word."""
    terms = [term for word in words for term in WORDS.analyze(word)]
    if len(terms) < 2:
        return []
    phrases = [
        Query.boost_query(Query.phrase_query(SCHEMA, field, list(order), slop=1), PHRASE * WEIGHTS[field])
        for field in ("heading", "text", "breadcrumb", "parent")
        for order in (terms, [terms[-1], *terms[:-1]])
    ]
    return [Query.disjunction_max_query(phrases, 0.0)]


def _boost(field: str, term: str, weight: float) -> Query:
    return Query.boost_query(Query.term_query(SCHEMA, field, term), weight)


PersonField = Literal["sender", "recipient", "own", "above", "told"]
"""Where a person may stand: as one who wrote or was written to, in the heading or the names of a record,
in the titles above it, or in its text."""
_PERSON_FIELDS: dict[PersonField, tuple[str, ...]] = {
    "sender": ("sender",),
    "recipient": ("recipient",),
    "own": ("sender", "recipient", "heading", "names"),
    "above": ("heading", "names", "breadcrumb", "parent"),
    "told": ("heading", "names", "breadcrumb", "parent", "text"),
}


def require_person(words: Sequence[str], where: PersonField) -> Query:
    """Records that have a person there: the last name in full, other names in full or as an initial."""
    fields = _PERSON_FIELDS[where]
    *forenames, surname = words
    queries = [_anywhere((surname,), fields)]
    queries += [_anywhere((name, name[0]), fields) for name in forenames if len(name) > 1]
    return _every(queries)


def require_words(words: Sequence[str]) -> Query:
    """Records that have all the words, in whatever field."""
    return _every([_anywhere((word,), ("heading", "names", "breadcrumb", "text")) for word in words])


def require_term(field: Literal["container", "identifier"], term: str) -> Query:
    """Records with exactly this container ("box4") or identifier (folded)."""
    return Query.term_query(SCHEMA, field, term)


def require_any(queries: Sequence[Query]) -> Query:
    """Records that satisfy one of the queries at least."""
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _anywhere(words: Sequence[str], fields: Sequence[str]) -> Query:
    return require_any(
        [
            Query.term_query(SCHEMA, field, term)
            for field in fields
            for word in words
            for term in ANALYZED.get(field, NAMES).analyze(word)
        ]
    )


def _every(queries: Sequence[Query]) -> Query:
    return Query.boolean_query([(Occur.Must, query) for query in queries])
