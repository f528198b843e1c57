"""The records and passages of a snapshot, in one read-only SQLite file beside its indexes.

Passages are numbered from 0 in the order they were written; the vector and the lexical index use the
same numbers. What search needs of every passage at once is in `columns.npy`, one row per passage.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from retrieval.audience import PUBLIC, Audience, read_day
from retrieval.errors import IndexDamaged
from retrieval.months import months_of
from retrieval.records import Kind, Level, Passage, Record
from retrieval.spans import Span

FORMAT = "records 3"

LEVELS: tuple[Level, ...] = get_args(Level)
KINDS: tuple[Kind, ...] = get_args(Kind)
UNDATED = NO_PARENT = -1
COLUMNS = np.dtype(
    [
        ("record", np.int32),
        ("parent", np.int32),
        ("collection", np.int32),
        ("level", np.int8),
        ("first_year", np.int16),
        ("last_year", np.int16),
        ("first_month", np.int32),
        ("last_month", np.int32),
        ("dates_inherited", np.bool_),
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("kinds", np.uint32),
        ("withheld_until", np.int32),
    ]
)

_SCHEMA = """
CREATE TABLE records (num INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, parent_id TEXT NOT NULL,
                      collection_id TEXT NOT NULL, position INTEGER NOT NULL, level TEXT NOT NULL,
                      withheld_until INTEGER NOT NULL, fields TEXT NOT NULL);
CREATE TABLE passages (num INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, record INTEGER NOT NULL,
                       text TEXT NOT NULL);
"""
_INDEXES = """
CREATE INDEX records_parent ON records (parent_id, position);
CREATE INDEX records_collection ON records (collection_id);
"""


_END = 10**9
"""Later than every day."""
_NOT_COLLECTION = 1000000000000
"""Added to the number of a record that is no collection, to pick a collection's own record first."""


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


class CatalogWriter:
    """Writes a catalog; `add` in reading order, then `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = sqlite3.connect(folder / "records.sqlite")
        weakref.finalize(self, self._connection.close)  # a build may fail before `close`
        self._connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")
        self._collections: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._rows: list[tuple[int | bool, ...]] = []
        self.records = 0

    def add(self, record: Record, passages: Sequence[Passage]) -> None:
        """Store a record and its passages. The caller sees to it that ids are unique."""
        self._connection.execute(
            "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self.records, record.id, record.parent_id, record.collection_id, record.position, record.level,
             read_day(record.withheld_until), dump_record(record)),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?)",
            [
                (len(self._rows) + place, passage.id, self.records, passage.text)
                for place, passage in enumerate(passages)
            ],
        )
        self._numbers[record.id] = self.records
        self._rows += [self._row(record)] * len(passages)
        self.records += 1

    @property
    def passages(self) -> int:
        """Passages written so far, which is also the number of the next one."""
        return len(self._rows)

    @property
    def collections(self) -> int:
        """Collections met so far."""
        return len(self._collections)

    def collection_number(self, collection_id: str) -> int:
        """The number that stands for a collection in `columns.npy`, in order of appearance."""
        return self._collections.setdefault(collection_id, len(self._collections))

    def close(self) -> None:
        """Finish both files."""
        self._connection.commit()
        self._connection.executescript(_INDEXES)
        self._connection.close()
        np.save(self._folder / "columns.npy", np.array(self._rows, dtype=COLUMNS))

    def _row(self, record: Record) -> tuple[int | bool, ...]:
        years = record.years or (UNDATED, UNDATED)
        months = months_of(record.years, record.dates) if record.years else (UNDATED, UNDATED)
        return (
            self.records, self._numbers.get(record.parent_id, NO_PARENT),
            self.collection_number(record.collection_id), LEVELS.index(record.level),
            *years, *months, record.dates_inherited, *_days(record), _mark_kinds(record),
            read_day(record.withheld_until),
        )  # fmt: skip


class Catalog:
    """Records and passages by number or id; safe to read from several threads."""

    def __init__(self, folder: Path) -> None:
        path = folder / "records.sqlite"
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        weakref.finalize(self, self._connection.close)
        self._lock = threading.Lock()
        self._summaries: dict[int, list[CollectionSummary]] = {}
        self.columns: NDArray[np.void] = np.load(folder / "columns.npy", allow_pickle=False)
        found = self._all("SELECT count(*) FROM passages")[0][0]
        if self.columns.dtype != COLUMNS or len(self.columns) != found:
            raise IndexDamaged(
                f"{folder}: expected {found} rows of passages in columns.npy, found {len(self.columns)}; "
                "build the index again"
            )
        self.collection_ids: list[str] = [
            row[0] for row in self._all("SELECT collection_id FROM records GROUP BY 1 ORDER BY min(num)")
        ]

    def record(self, record_id: str) -> Record | None:
        """The record with this id; None when there is none."""
        rows = self._all("SELECT fields FROM records WHERE id = ?", (record_id,))
        return load_record(rows[0][0]) if rows else None

    def records(self, numbers: Iterable[int]) -> dict[int, Record]:
        """Records by number."""
        wanted = sorted(set(numbers))
        marks = ",".join("?" * len(wanted))
        rows = self._all(f"SELECT num, fields FROM records WHERE num IN ({marks})", wanted)
        return {number: load_record(text) for number, text in rows}

    def passages(self, numbers: Iterable[int]) -> dict[int, Passage]:
        """Passages by number."""
        wanted = sorted(set(numbers))
        marks = ",".join("?" * len(wanted))
        rows = self._all(
            "SELECT p.num, p.id, r.id, p.text FROM passages p JOIN records r ON r.num = p.record "
            f"WHERE p.num IN ({marks})",
            wanted,
        )
        return {
            number: Passage(id=passage_id, record_id=record_id, text=text)
            for number, passage_id, record_id, text in rows
        }

    def children(self, record_id: str) -> list[Record]:
        """Direct children, in the order of their source."""
        rows = self._all(
            "SELECT fields FROM records WHERE parent_id = ? AND id <> ? ORDER BY position, num",
            (record_id, record_id),
        )
        return [load_record(row[0]) for row in rows]

    def collections(self, audience: Audience = PUBLIC) -> list[CollectionSummary]:
        """Every collection, in order of appearance; its own record speaks for it, else its first one.

        Records that `audience` may not see do not count, nor do they speak.
        """
        before = _END if audience.staff else audience.day
        if before not in self._summaries:
            kept = {day: found for day, found in self._summaries.items() if day == _END}  # not yesterday's
            self._summaries = {**kept, before: self._summarise_all(before)}
        return list(self._summaries[before])

    def _summarise_all(self, before: int) -> list[CollectionSummary]:
        rows = self._all(
            "SELECT collection_id, count(*), "
            "min(CASE WHEN level = 'collection' THEN num ELSE num + 1000000000000 END) "
            "FROM records WHERE withheld_until < ? GROUP BY collection_id ORDER BY min(num)",
            (before,),
        )
        speakers = self.records(int(row[2]) % _NOT_COLLECTION for row in rows)
        return [_summarise(row[0], row[1], speakers[int(row[2]) % _NOT_COLLECTION]) for row in rows]

    def _all(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()


def dump_record(record: Record) -> str:
    """A record as JSON, fields that hold nothing left out; equal records give equal text."""
    return json.dumps(
        {name: value for name, value in asdict(record).items() if value not in ("", (), None, False, 0)},
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    )  # fmt: skip


def load_record(text: str) -> Record:
    """The record that `dump_record` wrote."""
    values = json.loads(text)
    for name in _TUPLES & values.keys():
        values[name] = tuple(values[name])
    values["spans"] = tuple(Span(**span) for span in values.get("spans", ()))
    values["authorities"] = tuple((name, key) for name, key in values.get("authorities", ()))
    if "bulk" in values:
        values["bulk"] = Span(**values["bulk"])
    return Record(**values)


def _days(record: Record) -> tuple[int, int]:
    """First and last day as proleptic Gregorian ordinals."""
    if not record.spans:
        return UNDATED, UNDATED
    first = min(span.first for span in record.spans)
    return date.fromisoformat(first).toordinal(), date.fromisoformat(
        max(span.last for span in record.spans)
    ).toordinal()


def _mark_kinds(record: Record) -> int:
    """One bit for each kind of material."""
    return sum(1 << KINDS.index(kind) for kind in set(record.kinds))


_TUPLES = {field.name for field in fields(Record) if str(field.type).startswith("tuple")}


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
