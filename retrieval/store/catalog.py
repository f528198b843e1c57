"""The records and passages of a snapshot, over its parts.

Passages are numbered from 0 in the order they were written, on through all parts; the vector and the
lexical index use the same numbers. A record that is replaced keeps its number: the newest part that has
the number holds it. What is replaced or withdrawn stays in the old part until the parts are made one
again; it is known by the lists of deleted passages and withdrawn records, and nothing here gives it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.audience import PUBLIC, Audience
from retrieval.records import Passage, Record
from retrieval.store.catalog_part import CatalogPart
from retrieval.store.origins import Origin
from retrieval.store.stored import COLUMNS, KINDS, LEVELS, NO_PARENT, ROW_OF_NOTHING, UNDATED, load_record

__all__ = [
    "COLUMNS",
    "FORMAT",
    "KINDS",
    "LEVELS",
    "NO_PARENT",
    "UNDATED",
    "Catalog",
    "CollectionSummary",
    "SourceSummary",
]

FORMAT = "records 5"

Numbers = NDArray[np.int32]

_END = 10**9
"""Later than every day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSummary:
    """One collection as a patron chooses it; `records` counts its components, itself included.

    `record_id` is its own record, or its first one where it has none.
    """

    id: str
    record_id: str
    title: str
    call_number: str
    repository: str
    dates: str
    extent: str
    records: int
    abstract: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSummary:
    """What one source has here: its files as they were last read, and its records by collection id."""

    files: tuple[Origin, ...]
    records: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """Passages that may be seen, and how many they are."""

    mask: NDArray[np.bool_]
    count: int


class Catalog:
    """Records and passages by number or id; safe to read from several threads.

    `columns` has one row for each passage number; the rows of deleted passages belong to no record, no
    collection, no level and no date. `live` marks the others; None where nothing was deleted.
    """

    def __init__(self, parts: Sequence[CatalogPart], deleted: Numbers, withdrawn: Numbers) -> None:
        """`deleted` are numbers of passages, `withdrawn` of records that are in no answer any more."""
        self._parts = tuple(parts)
        self._withdrawn = frozenset(withdrawn.tolist())
        self._newest = _find_newest(parts)
        self._summaries: dict[int, list[CollectionSummary]] = {}
        self._titles: dict[int, tuple[str, ...]] = {}
        self.columns, self.live = _join_columns(parts, deleted, withdrawn)
        self._columns: dict[str, NDArray[Any]] = {}
        self.passage_count = len(self.columns) - len(deleted)
        self.collection_ids: list[str] = [name for part in parts for name in part.collection_ids]
        self._collection_numbers = {name: number for number, name in enumerate(self.collection_ids)}
        self._seen: dict[int, Seen | None] = {}

    def column(self, name: str) -> NDArray[Any]:
        """One of the `columns` in a block of its own, which reads ten times as fast as every 41st byte."""
        if name not in self._columns:
            self._columns[name] = np.ascontiguousarray(self.columns[name])
        return self._columns[name]

    def collection_number(self, collection_id: str) -> int | None:
        """The number that stands for a collection in the columns; None for an unknown one."""
        return self._collection_numbers.get(collection_id)

    def seen_by(self, audience: Audience) -> Seen | None:
        """The passages that `audience` may see, not to be changed; None where that is all of them."""
        if audience.staff or self.withheld is None:
            return None
        day = audience.day
        if day not in self._seen:
            mask = self.mark_live() & (self.withheld < day)
            count = int(np.count_nonzero(mask))
            self._seen = {day: Seen(mask, count) if count < self.passage_count else None}  # not yesterday's
        return self._seen[day]

    @cached_property
    def withheld(self) -> NDArray[np.int32] | None:
        """Until when each passage is withheld, as `Audience.day` has it; None where none ever is."""
        column = self.column("withheld_until")
        return column if column.any() else None

    @cached_property
    def dated_low(self) -> NDArray[np.bool_]:
        """Marks passages of folders and items that have dates of their own."""
        low = self.column("level") >= LEVELS.index("file")
        return np.asarray(low & ~self.column("dates_inherited") & (self.column("first_day") > 0))

    def records_of_passages(self, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Numbers of the records that have the passages marked, each once, sorted."""
        numbers = self.column("record")[mask]
        if not len(numbers):
            return numbers
        is_other = np.ones(len(numbers), dtype=np.bool_)  # a record's passages stand together
        np.not_equal(numbers[1:], numbers[:-1], out=is_other[1:])
        numbers = numbers[is_other]
        return numbers if len(self._parts) == 1 else np.sort(numbers)

    def mark_live(self) -> NDArray[np.bool_]:
        """A fresh mask of all passages but the deleted ones."""
        return np.ones(len(self.columns), dtype=np.bool_) if self.live is None else self.live.copy()

    def record(self, record_id: str) -> Record | None:
        """The record with this id; None when there is none."""
        found = self.find(record_id)
        return load_record(found[1]) if found else None

    def find(self, record_id: str) -> tuple[int, str] | None:
        """Number of the record with this id, and the record as `dump_record` wrote it."""
        for place in range(len(self._parts) - 1, -1, -1):
            found = self._parts[place].find_record(record_id)
            if found and self._is_current(found[0], place):
                return found
        return None

    def number_of(self, record_id: str) -> int | None:
        """The number of the record with this id; None when there is none."""
        found = self.find(record_id)
        return found[0] if found else None

    def records(self, numbers: Iterable[int]) -> dict[int, Record]:
        """Records by number."""
        return {number: load_record(text) for number, text in self.stored(numbers).items()}

    def stored(self, numbers: Iterable[int]) -> dict[int, str]:
        """Records by number, as `dump_record` wrote them."""
        wanted: dict[int, list[int]] = {}
        for number in sorted({int(number) for number in numbers} - self._withdrawn):
            wanted.setdefault(self._newest.get(number, 0), []).append(number)
        return {
            number: text
            for place, some in wanted.items()
            for number, text in self._parts[place].records(some)
        }

    def passages(self, numbers: Iterable[int]) -> dict[int, Passage]:
        """Passages by number."""
        wanted = [
            number
            for number in sorted({int(number) for number in numbers})
            if 0 <= number < len(self.columns) and (self.live is None or self.live[number])
        ]
        return {
            number: Passage(id=passage_id, record_id=record_id, text=text)
            for part in self._parts
            for number, passage_id, record_id, text in part.passages(wanted)
        }

    def children(self, record_id: str) -> list[Record]:
        """Direct children, in the order of their source."""
        return [load_record(text) for _, text in self.find_children(record_id)]

    def find_children(self, record_id: str) -> list[tuple[int, str]]:
        """Numbers of direct children and the records as `dump_record` wrote them, in the same order."""
        rows = [
            (position, source, number, text)
            for place, part in enumerate(self._parts)
            for number, position, source, text in part.find_children(record_id)
            if self._is_current(number, place)
        ]
        return [(number, text) for _, _, number, text in sorted(rows)]

    def collections(self, audience: Audience = PUBLIC) -> list[CollectionSummary]:
        """Every collection, in order of appearance; its own record speaks for it, else its first one.

        Records that `audience` may not see do not count, nor do they speak.
        """
        before = _END if audience.staff else audience.day
        if before not in self._summaries:
            kept = {day: found for day, found in self._summaries.items() if day == _END}  # not yesterday's
            self._summaries = {**kept, before: self._summarise_all(before)}
        return list(self._summaries[before])

    def collection_titles(self, audience: Audience = PUBLIC) -> tuple[str, ...]:
        """Titles of the same collections, in the same order; a search names them all, so they are kept."""
        before = _END if audience.staff else audience.day
        if before not in self._titles:
            kept = {day: found for day, found in self._titles.items() if day == _END}
            self._titles = {**kept, before: tuple(one.title for one in self.collections(audience))}
        return self._titles[before]

    def passages_of(self, record: int) -> list[int]:
        """Numbers of a record's passages, in order."""
        return self._parts[self._newest.get(record, 0)].passages_of(record)

    def records_of(self, origin: tuple[str, str]) -> list[tuple[int, str]]:
        """(number, id) of the records that came from a file."""
        return [
            (number, record_id)
            for place, part in enumerate(self._parts)
            for number, record_id in part.records_of(origin)
            if self._is_current(number, place)
        ]

    def origin_of(self, record: int) -> tuple[str, str]:
        """Source and name of the file that a record came from."""
        return self._parts[self._newest.get(record, 0)].origin_of(record)

    def origins(self, source: str | None = None) -> dict[tuple[str, str], Origin]:
        """Files that were read and are still there, of one source or of all, by source and name."""
        found: dict[tuple[str, str], Origin] = {}
        for part in self._parts:
            for origin, gone in part.origins(source):
                found[origin.key] = origin
                if gone:
                    del found[origin.key]
        return found

    @cached_property
    def sources(self) -> dict[str, SourceSummary]:
        """What each source has here, by its name; what is withheld counts too."""
        numbers, first = np.unique(self.column("record"), return_index=True)
        collections = self.column("collection")[first]
        named = {
            int(number): self.collection_ids[collection]
            for number, collection in zip(numbers, collections, strict=True)
            if collection >= 0
        }
        records: dict[str, Counter[str]] = {}
        for place, part in enumerate(self._parts):
            for number, source in part.sources_of_records():
                if number in named and self._is_current(number, place):
                    records.setdefault(source, Counter())[named[number]] += 1
        files: dict[str, list[Origin]] = {}
        for origin in self.origins().values():
            files.setdefault(origin.source, []).append(origin)
        return {
            source: SourceSummary(files=tuple(files.get(source, ())), records=records.get(source, Counter()))
            for source in sorted({*records, *files})
        }

    def stream(self, first_part: int = 0) -> Iterator[tuple[int, tuple[str, str], Record]]:
        """(number, source and name of its file, record) of every record whose newest state is there."""
        for place in range(first_part, len(self._parts)):
            for number, source, name, text in self._parts[place].stream():
                if self._is_current(number, place):
                    yield number, (source, name), load_record(text)

    def _is_current(self, number: int, place: int) -> bool:
        return number not in self._withdrawn and self._newest.get(number, 0) == place

    def _summarise_all(self, before: int) -> list[CollectionSummary]:
        records = self.column("record")
        starts = np.ones(len(records), dtype=np.bool_)
        np.not_equal(records[1:], records[:-1], out=starts[1:])
        starts &= self.column("collection") >= 0
        if self.withheld is not None:
            starts &= self.withheld < before
        seen = self.columns[starts]
        numbers = seen["record"].astype(np.int64)
        place, count = seen["collection"], len(self.collection_ids)
        totals = np.bincount(place, minlength=count)
        first = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first, place, numbers)
        speaker = first.copy()
        own = seen["level"] == LEVELS.index("collection")
        tops = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(tops, place[own], numbers[own])
        speaker = np.where(tops < np.iinfo(np.int64).max, tops, first)
        order = [int(number) for number in np.argsort(first, kind="stable") if totals[number]]
        speakers = self.records(speaker[order].tolist())
        return [
            _summarise(self.collection_ids[number], int(totals[number]), speakers[int(speaker[number])])
            for number in order
        ]


def _find_newest(parts: Sequence[CatalogPart]) -> dict[int, int]:
    """Place of the newest part that has a record, by its number; a number left out is in the first."""
    newest: dict[int, int] = {}
    for place, part in enumerate(parts):
        if place:
            newest.update(dict.fromkeys(np.unique(part.columns["record"]).tolist(), place))
    return newest


def _join_columns(
    parts: Sequence[CatalogPart], deleted: Numbers, withdrawn: Numbers
) -> tuple[NDArray[np.void], NDArray[np.bool_] | None]:
    if len(parts) == 1 and not len(deleted):
        return parts[0].columns, None  # read from the disk as it is needed
    columns = np.concatenate([part.columns for part in parts]) if parts else np.empty(0, dtype=COLUMNS)
    if not len(deleted):
        return columns, None
    columns[deleted] = np.array(ROW_OF_NOTHING, dtype=COLUMNS)
    if len(withdrawn):
        columns["parent"][np.isin(columns["parent"], withdrawn)] = NO_PARENT
    live = np.ones(len(columns), dtype=np.bool_)
    live[deleted] = False
    return columns, live


def _summarise(collection_id: str, count: int, speaker: Record) -> CollectionSummary:
    own = speaker.level == "collection"
    return CollectionSummary(
        id=collection_id,
        record_id=speaker.id,
        title=(speaker.title if own else speaker.collection) or speaker.title,
        call_number=speaker.call_number,
        repository=speaker.repository,
        dates=speaker.dates if own else "",
        extent=speaker.extent if own else "",
        records=count,
        abstract=speaker.text.split("\n", 1)[0] if own else "",
    )
