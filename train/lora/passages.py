"""Where a lesson's other passages come from: the product's own search, or other pairs' passages."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Protocol

from retrieval.audience import PUBLIC, STAFF
from retrieval.index import Index
from retrieval.records import Hit, Passage, Record
from train.pairs.pair import Evidence, Pair

_DEEPER = 3
"""So many times the passages wanted are looked through, for those that are none of the answering records."""


class PassageFinder(Protocol):
    """Finds passages that look like an answer to a question and belong to other records."""

    @property
    def origin(self) -> str:
        """Where they come from, for the run's record."""
        ...

    def find(self, pair: Pair, many: int) -> list[Hit]:
        """At most `many`, best first, none of a record that the pair rests on."""
        ...

    def find_closed(self, pair: Pair) -> list[str]:
        """Ids of records the pair rests on that the public may not see by now."""
        ...


class SearchedPassages:
    """What a patron's search would put before the model, within what the public may see."""

    def __init__(self, index: Index) -> None:
        self._index = index

    @property
    def origin(self) -> str:
        return f"index {self._index.version}"

    def find(self, pair: Pair, many: int) -> list[Hit]:
        earlier = [turn.content for turn in pair.history if turn.role == "user"]
        asked = self._index.complete(pair.question, earlier) if earlier else pair.question
        if not many or not asked.strip():
            return []
        own = {item.record_id for item in pair.evidence}
        texts = {_fold(item.text) for item in pair.evidence if item.text}
        found = self._index.search(asked, top_k=min(100, many * _DEEPER + len(own)), audience=PUBLIC)
        others = [
            hit
            for hit in found.quotable
            if hit.record.id not in own
            and not own.intersection(record.id for record in hit.also)
            and _fold(hit.passage.text) not in texts
        ]
        return others[:many]

    def find_closed(self, pair: Pair) -> list[str]:
        return [
            item.record_id
            for item in pair.evidence
            if (record := self._index.record(item.record_id, STAFF)) and not PUBLIC.may_see(record)
        ]


class BorrowedPassages:
    """Passages of the dataset's other pairs, drawn by chance: for a run beside which there is no index."""

    origin = "other pairs of the dataset"

    def __init__(self, pairs: Sequence[Pair], seed: int) -> None:
        self._all = {
            (item.record_id, item.heading, item.text): item
            for pair in pairs
            for item in pair.evidence
            if item.public
        }
        self._seed = seed

    def find(self, pair: Pair, many: int) -> list[Hit]:
        own = {item.record_id for item in pair.evidence}
        texts = {_fold(item.text) for item in pair.evidence if item.text}
        others = [
            item
            for key, item in sorted(self._all.items())
            if item.record_id not in own and not (item.text and _fold(item.text) in texts)
        ]
        drawn = make_random(self._seed, "borrowed", pair.id).sample(others, min(many, len(others)))
        return [make_hit(item) for item in drawn]

    def find_closed(self, pair: Pair) -> list[str]:
        return []


def make_hit(item: Evidence) -> Hit:
    """A hit that `retrieval.prompt` renders as the prompt showed the evidence.

    A record without text of its own has its title and dates for a passage, which the prompt does not repeat
    below the heading; evidence holds both.
    """
    bare = item.heading.endswith(")") and item.heading.startswith(f"{item.text} (")
    text = item.heading if bare else item.text
    record = Record(
        id=item.record_id,
        collection_id=item.collection_id,
        level="item",
        title=item.heading,
        collection="",
        breadcrumb=item.breadcrumb,
    )
    return Hit(record=record, passage=Passage(id="", record_id=item.record_id, text=text), score=1.0)


def make_random(seed: int, *about: object) -> random.Random:
    """Chance that is the same for the same seed and subject, whatever was drawn before."""
    told = "\x1f".join(map(str, (seed, *about)))
    return random.Random(hashlib.sha256(told.encode()).digest())


def _fold(text: str) -> str:
    return " ".join(text.split()).casefold()
