"""What an update changes in an index: worked out from files read anew, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from retrieval.records import Record
from retrieval.store.builder import Told, enrich_reading, origin_of
from retrieval.store.catalog import Catalog
from retrieval.store.origins import Origin
from retrieval.store.part_writer import Progress
from retrieval.store.reading import Reading
from retrieval.store.stored import dump_record, load_record

Key = tuple[str, str]
"""Source and name of a file."""


class Files(Protocol):
    """Files that were read anew, each with its origin, and those that are there no more."""

    @property
    def readings(self) -> Iterable[Reading]: ...

    @property
    def gone(self) -> Collection[Key]: ...


FindFiles = Callable[[Catalog], Files]
"""Finds out what changed since the state that a catalog holds."""


@dataclass(slots=True)
class Change:
    """Records to write, each with its file and the number it has already, and records to take out.

    `origins` are the files read, `gone` those that are there no more, `withdrawn` record numbers.
    """

    origins: dict[Key, Origin] = field(default_factory=dict)
    gone: dict[Key, Origin] = field(default_factory=dict)
    written: dict[str, tuple[Record, Key, int | None]] = field(default_factory=dict)
    withdrawn: set[int] = field(default_factory=set)
    told: Told = field(default_factory=lambda: Told([], [], []))

    @property
    def replaced(self) -> set[int]:
        """Numbers of records that are written anew."""
        return {number for _, _, number in self.written.values() if number is not None}

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is to be noted."""
        return not (self.origins or self.gone or self.written or self.withdrawn)


def work_out(catalog: Catalog, files: Files, progress: Progress) -> Change:
    """Compare files read anew, and files that are gone, with what is indexed of them.

    A record that is as it was is left alone. One that comes back, or is new, has its children written
    anew as well: they refer to it by number.
    """
    change = Change()
    kept: set[str] = set()
    for reading in files.readings:
        origin = origin_of(reading)
        change.origins[origin.key] = origin
        change.told.note(reading)
        for record in enrich_reading(reading):
            kept.add(record.id)
            _compare(catalog, change, record, origin.key)
        progress("read", 1)
    known = catalog.origins()
    change.gone = {key: known[key] for key in files.gone if key in known}
    for key in [*change.origins, *change.gone]:
        change.withdrawn |= {number for number, record_id in catalog.records_of(key) if record_id not in kept}
    _leave_out_known(change, known)
    _add_children(catalog, change, known)
    return change


def _leave_out_known(change: Change, known: dict[Key, Origin]) -> None:
    """Files that were read again, and are as they were, need not be noted again."""
    needed = {key for _, key, _ in change.written.values()}
    for key, origin in list(change.origins.items()):
        if key not in needed and known.get(key) == origin:
            del change.origins[key]


def _compare(catalog: Catalog, change: Change, record: Record, key: Key) -> None:
    found = catalog.find(record.id)
    if found and found[1] == dump_record(record) and catalog.origin_of(found[0]) == key:
        return
    change.written[record.id] = (record, key, found[0] if found else None)


def _add_children(catalog: Catalog, change: Change, known: dict[Key, Origin]) -> None:
    for parent in [record_id for record_id, (_, _, number) in change.written.items() if number is None]:
        for number, text in catalog.find_children(parent):
            child = load_record(text)
            if child.id not in change.written and number not in change.withdrawn:
                key = catalog.origin_of(number)
                change.written[child.id] = (child, key, number)
                change.origins.setdefault(key, known[key])
