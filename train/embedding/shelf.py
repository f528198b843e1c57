"""What of a record is embedded, so that a model learns on the very texts that it will be searched by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.index import Index
from retrieval.passages import cut_record, render_body, render_searchable
from retrieval.ranking.duplicates import are_same
from retrieval.records import Record
from train.embedding.example import Example, Shown

_WORD = re.compile(r"[^\W_]+")
LIKE = 0.9
"""Share of two passages' words that are the same, from which on they count as one where they name the same
numbers (Jaccard): the folders of 1905 and of 1906 are two answers."""


class Shelf:
    """The public records of an index."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def find_record(self, shown: Shown) -> Record | None:
        """The record of a passage; None where the public may not see it, or where none is named."""
        return self._index.record(shown.record) if shown.record else None

    def find_text(self, shown: Shown, question: str) -> str:
        """What is embedded for a passage: of its record the one that holds most of its words, or else of the
        question's. "" where an index has no such record for the public."""
        record = self.find_record(shown)
        if record is None:
            return "" if shown.record else render_searchable(shown.text)
        wanted = read_words(shown.text or question)
        bodies = [render_body(record, passage) for passage in cut_record(record)]
        return max(bodies, key=lambda body: len(wanted & read_words(body)))

    def is_near(self, record: Record, example: Example) -> bool:
        """Whether a record is one that answers, the same item in another description, what holds it, or a
        part of it: an answer perhaps, and never a wrong one for sure."""
        right = [found for shown in example.positives if (found := self.find_record(shown))]
        if record.id in example.records or any(are_same(one, record) for one in right):
            return True
        above = self._list_above(record)
        return any(record.id in self._list_above(one) or one.id in above for one in right)

    def _list_above(self, record: Record) -> set[str]:
        """Ids of what a record is part of."""
        above: set[str] = set()
        while record.parent_id and record.parent_id not in above:
            above.add(record.parent_id)
            found = self._index.record(record.parent_id)
            if found is None:
                break
            record = found
        return above


def read_words(text: str) -> frozenset[str]:
    """The words of a text, each once, without case."""
    return frozenset(_WORD.findall(text.casefold()))


def is_like(text: str, others: Sequence[str]) -> bool:
    """Whether a text says almost the same as any of the others."""
    words = read_words(text)
    return any(
        len(words & other) >= LIKE * max(1, len(words | other)) and _numbers(words) == _numbers(other)
        for other in map(read_words, others)
    )


def _numbers(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if any(letter.isdigit() for letter in word))
