"""What has been read so far in one run: ids stay unique, and a transcription finds its collection.

A letter transcribed in a text file belongs to the collection whose call number or title its header
names, and to the described item whose identifier it repeats (with "-transcription" or the like
after it). It then inherits like any component: above all the conditions governing access.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from retrieval.formats import access
from retrieval.formats.access import AccessNote
from retrieval.formats.identifiers import make_unique
from retrieval.records import Record

_SUFFIX = re.compile(r"[-_.](?:transcription|transcript|text|tr)$", re.IGNORECASE)


class Holdings:
    """The collections and ids of one run; its components too, where transcriptions may ask for them."""

    def __init__(self, *, keep_components: bool) -> None:
        self._keep_components = keep_components
        self._taken: set[str] = set()
        self._collections: dict[str, Record] = {}
        self._components: dict[str, Record] = {}
        self._joined: dict[str, int] = {}

    def add(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """Records of a file that is a collection by itself, renamed where another file has their ids."""
        kept = self._keep_apart(records)
        self._taken.update(record.id for record in kept)
        for record in kept:
            if record.level == "collection":
                self._know(record)
            if self._keep_components:
                self._components.setdefault(record.id, record)
        return kept

    def join(self, *records: Record) -> tuple[Record, ...]:
        """Items and the collections they name, each before its items; a collection only when it is new.

        A collection that comes with a description of its own (dates, extent) is kept as one by itself. An
        item whose `parent_id` is an item before it (a page of an issue) stays below that one.
        """
        starts = [number for number, record in enumerate(records) if record.level == "collection"]
        joined: list[Record] = []
        for start, end in zip(starts, [*starts[1:], len(records)], strict=True):
            top = records[start]
            described = bool(top.dates or top.extent)
            joined += self.add(records[start:end]) if described else self._join(*records[start:end])
        return tuple(joined)

    def _join(self, top: Record, *items: Record) -> tuple[Record, ...]:
        collection = self._find(top)
        new = () if collection else self.add([top])
        collection = collection or new[0]
        placed: dict[str, Record] = {}
        for item in items:
            placed[item.id] = self._place(item, collection, placed.get(item.parent_id))
        return (*new, *placed.values())

    def _know(self, record: Record) -> None:
        for key in _keys(record):
            self._collections.setdefault(key, record)

    def _find(self, top: Record) -> Record | None:
        return next((self._collections[key] for key in _keys(top) if key in self._collections), None)

    def _place(self, item: Record, collection: Record, within: Record | None) -> Record:
        """The transcription as a part of what it lies in or transcribes, or else of its collection."""
        local_id = item.id.partition("/")[2]
        own_id = make_unique(f"{collection.collection_id}/{local_id}", self._taken)
        described = f"{collection.collection_id}/{_SUFFIX.sub('', local_id)}"
        above = within or self._components.get(described, collection)
        position = self._joined[collection.id] = self._joined.get(collection.id, 0) + 1
        notes: tuple[AccessNote, ...] = (AccessNote(above.access_from, above.access),) if above.access else ()
        if item.access:
            notes = access.add_note(notes, AccessNote(item.title, item.access))
        text, title = access.render(notes, "item" if item.access else "")
        series = item.breadcrumb[1:] if above is collection else ()
        below = () if above is collection else (above.title,)
        return replace(
            item,
            id=own_id,
            collection_id=collection.collection_id,
            collection=collection.collection,
            breadcrumb=(*(above.breadcrumb or (collection.title,)), *series, *below),
            parent_id=above.id,
            position=position,
            dates=item.dates or above.dates,
            spans=item.spans if item.dates else above.spans,
            dates_inherited=item.dates_inherited or bool(not item.dates and above.dates),
            call_number=item.call_number or above.call_number,
            repository=item.repository or above.repository,
            container=item.container or above.container,
            container_origin=item.container_origin or ("inherited" if above.container else ""),
            creator=item.creator or above.creator,
            language=item.language or above.language,
            access=text,
            access_from=title,
            use=item.use or above.use,
            preferred_citation=item.preferred_citation or above.preferred_citation,
            link=item.link or above.link if above is not collection else item.link,
        )

    def _keep_apart(self, records: Sequence[Record]) -> tuple[Record, ...]:
        if not any(record.id in self._taken for record in records):
            return tuple(records)
        number = 2
        while any(_renumber(record.id, number) in self._taken for record in records):
            number += 1
        return tuple(
            replace(
                record,
                id=_renumber(record.id, number),
                collection_id=f"{record.collection_id}-{number}",
                parent_id=_renumber(record.parent_id, number),
            )
            for record in records
        )


def _keys(record: Record) -> list[str]:
    """By what a collection is known: its call number, else its title; both without case and punctuation."""
    fields = (("call", record.call_number), ("title", record.title))
    return [f"{kind}:{key}" for kind, text in fields if (key := re.sub(r"[\W_]+", "", text).lower())]


def _renumber(identifier: str, number: int) -> str:
    collection, slash, rest = identifier.partition("/")
    return f"{collection}-{number}{slash}{rest}" if identifier else ""
