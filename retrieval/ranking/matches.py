"""All records that satisfy what was asked, found and counted by query, never by a model."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import numpy as np

from retrieval.asked.questions import Question, split_words
from retrieval.ranking.criteria import Agreement, Criterion
from retrieval.ranking.date_fit import meets
from retrieval.ranking.duplicates import find_duplicates
from retrieval.ranking.person_fit import ENOUGH, judge_person
from retrieval.records import AUTHORITY_FILE, Record
from retrieval.store.catalog import Catalog
from retrieval.store.lexical import LexicalIndex
from retrieval.store.lexical_query import require_words
from retrieval.store.vectors import Mask

MOST_JUDGED = 3000
"""Records that are held against the question one by one where all are wanted; of more, the index's own
count stands."""
MOST_GLANCED_AT = 20
"""The same where only the best are wanted."""
_UNDATED = "9999"
_ABOUT = re.compile(
    r"\b(?:about|concerning|regarding|mention(?:s|ing)?|describ(?:es?|ing)|show(?:s|ing)?|of|on)\s+(.+)", re.I
)


class Matches:
    """The records that satisfy the criteria that were kept."""

    def __init__(self, agreement: Agreement, question: Question, catalog: Catalog) -> None:
        marked = catalog.records_of_passages(agreement.mask) if agreement.mask is not None else ()
        self.count = len(marked)
        self.records: list[Record] = []
        most = MOST_JUDGED if question.wants_all or question.wants_count else MOST_GLANCED_AT
        if len(marked) > most:
            return
        numbers = [int(number) for number in marked]
        found = catalog.records(numbers)
        kinds = {criterion.kind for criterion in agreement.kept}
        held = [found[number] for number in numbers if found[number].collection != AUTHORITY_FILE]
        fitting = [record for record in held if satisfies(record, question, kinds)]
        lowest = drop_parents(fitting)
        firsts = find_duplicates(lowest)
        merged = [record for place, record in enumerate(lowest) if firsts[place] == place]
        self.records = sorted(merged, key=_archival_order)
        self.count = len(merged)


def satisfies(
    record: Record, question: Question, kinds: Collection[str], fits: Sequence[float] | None = None
) -> bool:
    """Whether a record satisfies criteria of these kinds, by its own fields.

    `fits` says how well it fits each of the people asked for, where that is known already.
    """
    if "date" in kinds and question.span and not meets(question.span, record):
        return False
    return all(
        (judge_person(person, record) if fits is None else fits[place]) >= ENOUGH
        for place, person in enumerate(question.people)
        if ("person" if person.role == "any" else person.role) in kinds
    )


def drop_parents(records: Sequence[Record]) -> list[Record]:
    """Without those that only gather others: a series says "letters" of the letters below it."""
    parents = {record.parent_id for record in records}
    single = [record for record in records if record.id not in parents]
    low = [record for record in single if record.level in ("file", "item")]
    return low or single


def read_subject(
    question: Question, words: LexicalIndex, size: int, day: int | None = None
) -> Criterion | None:
    """What matches have to be about, as words that they must have; None where nothing is said of it.

    On `day` as a `Scope` has it: a word that stands only in what is withheld is no subject.
    """
    about = _ABOUT.search(question.text)
    if not about:
        return None
    read = {word for chip in question.chips for word in (*split_words(chip.label), *split_words(chip.id))}
    read |= {word for person in question.people for word in person.words}
    said = question.topic_words & frozenset(split_words(about[1]))
    left = [word for word in sorted(said) if word not in read and not word.isdigit()]
    known = [word for word in left if words.frequency(word, day)]
    if not known:
        return None
    mask: Mask = np.zeros(size, dtype=np.bool_)
    query = require_words(known)
    mask[words.select(query)] = True
    return Criterion("place", (), mask, query=query)


def _archival_order(record: Record) -> tuple[str, str, int, str]:
    day = min((span.first for span in record.spans), default=_UNDATED)
    return day, record.collection_id, record.position, record.id
