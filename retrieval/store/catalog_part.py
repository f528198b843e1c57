"""One part of a catalog, opened: records and passages by number or id, in one read-only SQLite file."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import IndexDamaged
from retrieval.store.origins import Origin, load_origin
from retrieval.store.stored import COLUMNS

_MOST_MARKS = 5000
"""Values that one statement asks for at most."""


class CatalogPart:
    """What one part holds, whether or not a later part or a deletion has made it void.

    Safe to read from several threads.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / "records.sqlite"
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        weakref.finalize(self, self._connection.close)
        self._lock = threading.Lock()
        self.columns: NDArray[np.void] = np.load(folder / "columns.npy", mmap_mode="r", allow_pickle=False)
        first, last = self.all("SELECT min(num), max(num) FROM passages")[0]
        found = 0 if first is None else last - first + 1
        if self.columns.dtype != COLUMNS or len(self.columns) != found:
            raise IndexDamaged(
                f"{folder}: expected {found} rows of passages in columns.npy, found {len(self.columns)}; "
                "build the index again"
            )
        self.collection_ids: list[str] = [
            row[0] for row in self.all("SELECT id FROM collections ORDER BY num")
        ]

    def find_record(self, record_id: str) -> tuple[int, str] | None:
        """Number and stored fields of a record by id."""
        rows = self.all("SELECT num, fields FROM records WHERE id = ?", (record_id,))
        return rows[0] if rows else None

    def find_children(self, record_id: str) -> list[tuple[int, int, str, str]]:
        """(number, position, source, stored fields) of direct children."""
        return self.all(
            "SELECT num, position, source, fields FROM records WHERE parent_id = ? AND id <> ?",
            (record_id, record_id),
        )

    def records(self, numbers: Sequence[int]) -> list[tuple[int, str]]:
        """(number, stored fields) of the records with these numbers that are here."""
        return self._pick("SELECT num, fields FROM records WHERE num IN ({})", numbers)

    def passages(self, numbers: Sequence[int]) -> list[tuple[int, str, str, str]]:
        """(number, passage id, record id, text) of the passages with these numbers that are here."""
        return self._pick(
            "SELECT p.num, p.id, r.id, p.text FROM passages p JOIN records r ON r.num = p.record "
            "WHERE p.num IN ({})",
            numbers,
        )

    def passages_of(self, record: int) -> list[int]:
        """Numbers of a record's passages, in order."""
        return [
            row[0] for row in self.all("SELECT num FROM passages WHERE record = ? ORDER BY num", (record,))
        ]

    def records_of(self, origin: tuple[str, str]) -> list[tuple[int, str]]:
        """(number, id) of the records that came from a file."""
        return self.all(
            "SELECT r.num, r.id FROM origins o JOIN records r ON r.origin = o.num "
            "WHERE o.source = ? AND o.name = ?",
            origin,
        )

    def origin_of(self, record: int) -> tuple[str, str]:
        """Source and name of the file that a record came from."""
        rows = self.all(
            "SELECT o.source, o.name FROM records r JOIN origins o ON o.num = r.origin WHERE r.num = ?",
            (record,),
        )
        return rows[0][0], rows[0][1]

    def sources_of_records(self) -> list[tuple[int, str]]:
        """(number, source) of every record here."""
        return self.all("SELECT r.num, o.source FROM records r JOIN origins o ON o.num = r.origin")

    def origins(self, source: str | None = None) -> Iterator[tuple[Origin, bool]]:
        """Files noted here, of one source or of all, each with whether it is gone."""
        where, values = ("", ()) if source is None else (" WHERE source = ?", (source,))
        for row in self.all(f"SELECT source, name, state, gone FROM origins{where}", values):
            yield load_origin(row[0], row[1], json.loads(row[2])), bool(row[3])

    def stream(self) -> Iterator[tuple[int, str, str, str]]:
        """(number, source and name of its file, stored fields) of every record, by number."""
        last = -1
        while rows := self.all(
            "SELECT r.num, o.source, o.name, r.fields FROM records r JOIN origins o ON o.num = r.origin "
            "WHERE r.num > ? ORDER BY r.num LIMIT 1000",
            (last,),
        ):
            yield from rows
            last = rows[-1][0]

    def all(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """Every row of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def _pick(self, sql: str, numbers: Sequence[int]) -> list[Any]:
        rows: list[Any] = []
        for start in range(0, len(numbers), _MOST_MARKS):
            some = numbers[start : start + _MOST_MARKS]
            rows += self.all(sql.format(",".join("?" * len(some))), some)
        return rows
