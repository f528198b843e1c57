"""Writes the records and passages of one part of a snapshot."""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.records import Passage, Record
from retrieval.store.origins import Origin
from retrieval.store.stored import COLUMNS, NO_PARENT, dump_record, make_row

_SCHEMA = """
CREATE TABLE records (num INTEGER PRIMARY KEY, id TEXT NOT NULL, parent_id TEXT NOT NULL,
                      position INTEGER NOT NULL, source TEXT NOT NULL, origin INTEGER NOT NULL,
                      fields TEXT NOT NULL);
CREATE TABLE passages (num INTEGER PRIMARY KEY, id TEXT NOT NULL, record INTEGER NOT NULL,
                       text TEXT NOT NULL);
CREATE TABLE collections (num INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL);
CREATE TABLE origins (num INTEGER PRIMARY KEY, source TEXT NOT NULL, name TEXT NOT NULL,
                      gone INTEGER NOT NULL, state TEXT NOT NULL, UNIQUE (source, name));
"""
_INDEXES = """
CREATE UNIQUE INDEX records_id ON records (id);
CREATE INDEX records_parent ON records (parent_id);
CREATE INDEX records_origin ON records (origin);
CREATE INDEX passages_record ON passages (record);
"""
_WRITE_FAST = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;"
"""For a file that is of no use before it is finished; the pages of an index of a million keys are many."""
_BLOCK = 8192


def find_nothing(_record_id: str) -> None:
    """No part before this one has any record."""


class CatalogWriter:
    """Writes `records.sqlite` and `columns.npy`; `add` in reading order, then `close`.

    Numbers go on from `first_record` and `first_passage`, those of collections from the ids that the
    parts before have. `find_number` gives the number of a record in the parts before.
    """

    def __init__(
        self,
        folder: Path,
        *,
        first_record: int = 0,
        first_passage: int = 0,
        collections: Sequence[str] = (),
        find_number: Callable[[str], int | None] = find_nothing,
    ) -> None:
        self._folder = folder
        self._connection = sqlite3.connect(folder / "records.sqlite", check_same_thread=False)
        weakref.finalize(self, self._connection.close)  # after a failed build, by whichever thread
        self._connection.executescript(f"{_WRITE_FAST} {_SCHEMA}")
        self._collections = {name: number for number, name in enumerate(collections)}
        self._known_collections = len(collections)
        self._find_number = find_number
        self._numbers: dict[str, int] = {}
        self._orphans: dict[str, list[int]] = {}
        self._origins: dict[tuple[str, str], int] = {}
        self._rows: list[tuple[int | bool, ...]] = []
        self._blocks: list[NDArray[np.void]] = []
        self._first_passage = first_passage
        self._used: set[int] = set()
        self.next_record = first_record
        self.next_passage = first_passage
        self.records = 0

    def add_origin(self, origin: Origin, *, gone: bool = False) -> None:
        """Note a file that records come from, or that it is gone; `add` then refers to it."""
        key = (origin.source, origin.name)
        number = self._origins[key] = len(self._origins)
        state = json.dumps(origin.state(), ensure_ascii=False)
        self._connection.execute("INSERT INTO origins VALUES (?, ?, ?, ?, ?)", (number, *key, gone, state))

    def add(
        self, record: Record, passages: Sequence[Passage], origin: tuple[str, str], number: int | None = None
    ) -> str:
        """Store a record and its passages; `number` is the one it had in a part before.

        Returns the record as it is stored. The caller sees to it that ids are unique and that `origin`
        (source and name) was added.
        """
        number, text = self._take_number(record, number), dump_record(record)
        self._connection.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, record.id, record.parent_id, record.position, record.source, self._origins[origin],
             text),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?)",
            [
                (self.next_passage + place, passage.id, number, passage.text)
                for place, passage in enumerate(passages)
            ],
        )
        collection = self.collection_number(record.collection_id)
        parent = self._find_parent(record, len(passages))
        row = make_row(record, number=number, parent=parent, collection=collection)
        self._used.add(collection)
        self._rows += [row] * len(passages)
        self.next_passage += len(passages)
        self.records += 1
        if len(self._rows) >= _BLOCK:
            self._end_block()
        return text

    @property
    def collections(self) -> int:
        """Collections met so far, those of the parts before included."""
        return len(self._collections)

    @property
    def used_collections(self) -> set[int]:
        """Numbers of the collections that records of this part belong to."""
        return set(self._used)

    def collection_number(self, collection_id: str) -> int:
        """The number that stands for a collection in the columns, in order of appearance."""
        return self._collections.setdefault(collection_id, len(self._collections))

    def close(self) -> None:
        """Finish both files."""
        new = [
            (number, name) for name, number in self._collections.items() if number >= self._known_collections
        ]
        self._connection.executemany("INSERT INTO collections VALUES (?, ?)", new)
        self._connection.commit()
        self._connection.executescript(_INDEXES)
        self._connection.close()
        self._end_block()
        columns = np.concatenate(self._blocks)
        for record_id, rows in self._orphans.items():
            if record_id in self._numbers:
                columns["parent"][rows] = self._numbers[record_id]
        np.save(self._folder / "columns.npy", columns)

    def _take_number(self, record: Record, number: int | None) -> int:
        if number is None:
            number = self.next_record
            self.next_record += 1
        self._numbers[record.id] = number
        return number

    def _find_parent(self, record: Record, passages: int) -> int:
        """The parent's number; where only a later record may be it, the rows are noted for `close`."""
        if not record.parent_id:
            return NO_PARENT
        found = self._numbers.get(record.parent_id)
        if found is None:
            found = self._find_number(record.parent_id)
        if found is None:
            first = self.next_passage - self._first_passage
            self._orphans.setdefault(record.parent_id, []).extend(range(first, first + passages))
            return NO_PARENT
        return found

    def _end_block(self) -> None:
        self._blocks.append(np.array(self._rows, dtype=COLUMNS))
        self._rows = []
