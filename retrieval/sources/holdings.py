"""What has been read so far: ids stay unique, and a transcription finds its collection.

A letter transcribed in a text file belongs to the collection whose call number or title its header
names, and to the described item whose identifier it repeats (with "-transcription" or the like
after it). It then inherits like any component: above all the conditions governing access.

What a file shares with others is written down as its claims, so that a later run which reads some files
only knows which others to read again (`retrieval.sources.refresh`):

    c:<collection id>          it has records of this collection id, as written or as renamed
    own:<key>=<record id>      it has the collection that is known by this key
    use:<key>                  it has items that look for their collection by this key
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from retrieval.formats import access
from retrieval.formats.access import AccessNote
from retrieval.formats.identifiers import make_unique
from retrieval.records import Record
from retrieval.words import split_words

_ANY_HOLDER = frozenset(
    "the of and at for in a library libraries archive archives museum college university institute society "
    "special collections collection manuscripts rare books department division center centre state national "
    "public county city historical history research de des der di la le bibliothek archiv biblioteca".split()
)
_SUFFIX = re.compile(r"[-_.](?:transcription|transcript|text|tr)$", re.IGNORECASE)


class Before(Protocol):
    """What is held by files that are not read in this run."""

    def is_taken(self, record_id: str) -> bool: ...

    def find_collection(self, key: str) -> Record | None: ...

    def find_component(self, record_id: str, collection: Record) -> Record | None: ...


class Nothing:
    """There are no other files."""

    def is_taken(self, record_id: str) -> bool:
        """No id is."""
        return False

    def find_collection(self, key: str) -> Record | None:
        """There is none."""
        return None

    def find_component(self, record_id: str, collection: Record) -> Record | None:
        """There is none."""
        return None


class Holdings:
    """The collections, components and ids of one run, and of what was there before it."""

    def __init__(self, before: Before | None = None) -> None:
        self._before = before or Nothing()
        self._taken = _Taken(self._before)
        self._collections: dict[str, Record] = {}
        self._components: dict[str, Record] = {}
        self._claims: dict[str, None] = {}

    def place(self, records: Sequence[Record], *, joins: bool) -> tuple[tuple[Record, ...], tuple[str, ...]]:
        """A file's records with their final ids and places, and its claims; `joins` as in a Reading."""
        self._claims = {}
        placed = self.join(*records) if joins else self.add(records)
        return placed, tuple(self._claims)

    def add(self, records: Sequence[Record]) -> tuple[Record, ...]:
        """Records of a file that is a collection by itself, renamed where another file has their ids."""
        kept = self._keep_apart(records)
        self._taken.update(record.id for record in kept)
        self._claim(f"c:{record.collection_id}" for record in (*records, *kept))
        for record in kept:
            if record.level == "collection":
                self._know(record)
            self._components.setdefault(record.id, replace(record, text="", subjects=()))
        return kept

    def join(self, *records: Record) -> tuple[Record, ...]:
        """Items and the collections they name, each before its items; a collection only when it is new.

        A collection that comes with a description of its own (dates, extent) is kept as one by itself. An
        item whose `parent_id` is an item before it (a page of an issue) stays below that one.
        """
        joined: list[Record] = []
        for group, described in _group(records):
            joined += self.add(group) if described else self._join(*group)
        return tuple(joined)

    def _join(self, top: Record, *items: Record) -> tuple[Record, ...]:
        self._claim(f"use:{key}" for key in _keys(top))
        collection = self._find(top)
        new = () if collection else self.add([top])
        collection = collection or new[0]
        placed: dict[str, Record] = {}
        for item in items:
            placed[item.id] = self._place(item, collection, placed.get(item.parent_id))
        return (*new, *placed.values())

    def _claim(self, claims: Iterable[str]) -> None:
        self._claims.update(dict.fromkeys(claims))

    def _know(self, record: Record) -> None:
        for key in _keys(record):
            self._claim([f"own:{key}={record.id}"])
            if self._before.find_collection(key) is None:
                self._collections.setdefault(key, record)

    def _find(self, top: Record) -> Record | None:
        for key in _keys(top):
            found = self._collections.get(key) or self._before.find_collection(key)
            if found and (_may_share_holder(found.repository, top.repository) or _is_called(found, top)):
                return found
        return None

    def _find_above(self, item: Record, local_id: str, collection: Record) -> Record:
        """The described item that a transcription repeats, else its collection."""
        wanted = f"{collection.collection_id}/{_SUFFIX.sub('', local_id)}"
        return self._components.get(wanted) or self._before.find_component(wanted, collection) or collection

    def _place(self, item: Record, collection: Record, within: Record | None) -> Record:
        """The transcription as a part of what it lies in or transcribes, or else of its collection."""
        local_id = item.id.partition("/")[2]
        own_id = make_unique(f"{collection.collection_id}/{local_id}", self._taken)
        above = within or self._find_above(item, local_id, collection)
        notes: tuple[AccessNote, ...] = (AccessNote(above.access_from, above.access),) if above.access else ()
        if item.access and item.access != above.access:
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
            withheld_until=max(item.withheld_until, above.withheld_until),
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


def expect_claims(records: Sequence[Record], *, joins: bool) -> set[str]:
    """The claims that a file makes by what is in it, wherever its records come to be placed."""
    claims: set[str] = set()
    for group, described in _group(records) if joins else [(records, True)]:
        if described:
            claims |= {f"c:{record.collection_id}" for record in group}
            tops = [record for record in group if record.level == "collection"]
            claims |= {f"own:{key}={top.id}" for top in tops for key in _keys(top)}
        else:
            claims |= {f"use:{key}" for key in _keys(group[0])}
    return claims


def _group(records: Sequence[Record]) -> list[tuple[Sequence[Record], bool]]:
    """Collections with their items, and whether each is described by itself."""
    starts = [number for number, record in enumerate(records) if record.level == "collection"]
    ends = [*starts[1:], len(records)] if starts else []
    groups = [records[start:end] for start, end in zip(starts, ends, strict=True)]
    return [(group, bool(group[0].dates or group[0].extent)) for group in groups]


class _Taken(set[str]):
    """Ids that are taken, in this run or before it."""

    def __init__(self, before: Before) -> None:
        super().__init__()
        self._before = before

    def __contains__(self, record_id: object) -> bool:
        return super().__contains__(record_id) or self._before.is_taken(str(record_id))


def _keys(record: Record) -> list[str]:
    """By what a collection is known: its call number, else its title, each with its holder and without.

    All without case and punctuation. With the holder come first: two houses have "Family papers".
    """
    holder = _fold(record.repository)
    ends = (f"@{holder}", "") if holder else ("",)
    fields = (("call", record.call_number), ("title", record.title))
    return [f"{kind}:{key}{end}" for kind, text in fields if (key := _fold(text)) for end in ends]


def _fold(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()


def _is_called(one: Record, other: Record) -> bool:
    """Whether both call number and title agree: that is one collection, however its holder is written."""
    pairs = ((one.call_number, other.call_number), (one.title, other.title))
    return all(_fold(a) and _fold(a) == _fold(b) for a, b in pairs)


def _may_share_holder(one: str, other: str) -> bool:
    """Whether two names may be of one holder: one is not told, or they share a word that not all have."""
    words = [set(split_words(name)) - _ANY_HOLDER for name in (one, other)]
    return not all(words) or bool(words[0] & words[1])


def _renumber(identifier: str, number: int) -> str:
    collection, slash, rest = identifier.partition("/")
    return f"{collection}-{number}{slash}{rest}" if identifier else ""
