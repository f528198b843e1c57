"""How a record is stored: as JSON by itself, and as a row of columns that search reads of every passage."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import date
from typing import get_args

import numpy as np
import orjson

from retrieval.audience import read_day
from retrieval.records import Kind, Level, Record
from retrieval.spans import Span

LEVELS: tuple[Level, ...] = get_args(Level)
KINDS: tuple[Kind, ...] = get_args(Kind)
UNDATED = NO_PARENT = -1
GONE = -1
"""Record, collection and level of a passage that is in no answer any more."""
COLUMNS = np.dtype(
    [
        ("record", np.int32),
        ("parent", np.int32),
        ("collection", np.int32),
        ("level", np.int8),
        ("first_year", np.int16),
        ("last_year", np.int16),
        ("dates_inherited", np.bool_),
        ("first_day", np.int32),
        ("last_day", np.int32),
        ("kinds", np.uint32),
        ("withheld_until", np.int32),
    ]
)
ROW_OF_NOTHING = (
    GONE, NO_PARENT, GONE, GONE, UNDATED, UNDATED, False, UNDATED, UNDATED, 0, 0,
)  # fmt: skip


def make_row(record: Record, *, number: int, parent: int, collection: int) -> tuple[int | bool, ...]:
    """The columns of a record's passages, in the order of COLUMNS."""
    years = record.years or (UNDATED, UNDATED)
    return (
        number, parent, collection, LEVELS.index(record.level), *years, record.dates_inherited,
        *_days(record), _mark_kinds(record), read_day(record.withheld_until),
    )  # fmt: skip


def dump_record(record: Record) -> str:
    """A record as JSON, fields that hold nothing left out; equal records give equal text."""
    held = {name: value for name in _SORTED if (value := getattr(record, name)) or name in _REQUIRED}
    return orjson.dumps(held, asdict, orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_SORT_KEYS).decode()


def load_record(text: str) -> Record:
    """The record that `dump_record` wrote."""
    values = orjson.loads(text)
    for name in _TUPLES & values.keys():
        values[name] = tuple(values[name])
    values["spans"] = tuple(Span(**span) for span in values.get("spans", ()))
    values["authorities"] = tuple((name, key) for name, key in values.get("authorities", ()))
    if "bulk" in values:
        values["bulk"] = Span(**values["bulk"])
    return Record(**values)


_REQUIRED = frozenset({"id", "collection_id", "level", "title", "collection"})
"""Fields that a record cannot be made without, empty or not."""
_SORTED = tuple(sorted(field.name for field in fields(Record)))
_TUPLES = {field.name for field in fields(Record) if str(field.type).startswith("tuple")}


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
