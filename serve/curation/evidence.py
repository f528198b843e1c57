"""Evidence of a pair: taken from the sources of an answer as it was given, or from the index in use."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.audience import PUBLIC, STAFF
from retrieval.errors import RetrievalError
from retrieval.index import Index
from retrieval.library import Library
from retrieval.passages import cut_record
from retrieval.prompt import render_heading
from retrieval.records import Hit, Record
from retrieval.words import split_words
from serve.errors import BadRequest
from serve.plain import make_plain
from serve.schemas import Source
from train.pairs.pair import Evidence

CITED = re.compile(r"\[(\d{1,3})\]")


def find_index(library: Library) -> Index | None:
    """The index in use; None where there is none that can be used."""
    try:
        return library.current()
    except RetrievalError:
        return None


def is_closed(index: Index | None, record_id: str) -> bool:
    """Whether the index in use keeps a record from the public; False for one that it does not have."""
    record = index.record(record_id, STAFF) if index else None
    return record is not None and not PUBLIC.may_see(record)


def take_evidence(record: Record, text: str = "") -> Evidence:
    """Evidence as the prompt would show the record, with the passage `text` or all of its text."""
    passages = cut_record(record)
    hit = Hit(record=record, passage=passages[0], score=0.0)
    return Evidence(
        record_id=record.id,
        collection_id=record.collection_id,
        heading=make_plain(render_heading(hit)),
        breadcrumb=tuple(map(make_plain, record.breadcrumb)),
        text=make_plain(text or passages[0].text),
        source=make_plain(record.source),
        public=PUBLIC.may_see(record),
    )


def take_record(index: Index | None, record_id: str, answer: str) -> Evidence:
    """The passage of a record that has most of the answer's words. Raises BadRequest where there is none."""
    record = index.record(record_id, STAFF) if index else None
    if record is None:
        raise BadRequest(
            f"There is no record {record_id[:80]!r} in the index in use. Take its id from a search.",
            param="evidence",
        )
    return take_evidence(record, choose_passage(record, answer))


def choose_passage(record: Record, answer: str) -> str:
    """The text of the record's passage that shares most words with an answer; the first of equal ones."""
    wanted = set(split_words(answer))
    return max(
        (passage.text for passage in cut_record(record)),
        key=lambda text: len(wanted.intersection(split_words(text))),
    )


def take_source(index: Index | None, source: Source) -> Evidence:
    """A source of an answer, with the passage as the model had it.

    What is no longer in the index is no longer shown to patrons, so it is not public.
    """
    record = index.record(source.record_id, STAFF) if index else None
    if record is not None:
        return take_evidence(record, source.passage)
    container = f" ({source.container})" if source.container else ""
    dated = f", {source.dates}" if source.dates and source.dates not in source.title else ""
    return Evidence(
        record_id=source.record_id,
        collection_id=source.collection_id,
        heading=make_plain(f"{source.title}{dated}{container}"),
        breadcrumb=tuple(map(make_plain, source.breadcrumb)),
        text=make_plain(source.passage),
        public=False,
    )


def renumber(answer: str, numbers: Sequence[int]) -> str:
    """The answer with [numbers[0]] as [1], [numbers[1]] as [2] and so on; others stay as they are."""
    places = {number: place for place, number in enumerate(numbers, start=1)}
    return CITED.sub(lambda found: f"[{places.get(int(found[1]), int(found[1]))}]", answer)
