"""A large library out of a few finding aids: copies of real descriptions with other names and dates.

Copy n of a finding aid keeps its hierarchy and wording; surnames and given names of its own persons
(the inverted ones in its name fields: "Marsh, Ellen") are exchanged among each other by a permutation
drawn with the seed n, and every year, in texts and in spans, is 20 years earlier for each of eight
copies, then again from 20. So hardly two copies hold the same person in the same year, while titles are
as long and as alike as real ones.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from retrieval.records import Record
from retrieval.spans import Span
from retrieval.store.reading import Reading

_YEARS_BACK, _STEPS = 20, 8
_INVERTED = re.compile(r"^([A-Z][a-z]{2,}), ([A-Z][a-z]{2,})\b")
_CAPITALISED = re.compile(r"\b[A-Z][a-z]{2,}\b")
_YEAR = re.compile(r"\b(1[5-9]\d\d|20[0-2]\d)(s?)\b")
_FINDING_AIDS = ("ead2002", "ead3")


def enlarge(readings: Sequence[Reading], records: int) -> Iterator[Reading]:
    """The readings, then copies of the finding aids among them until there are `records` records or more."""
    given = [reading for reading in readings if reading.records]
    aids = [reading for reading in given if reading.format in _FINDING_AIDS]
    people = gather_people(record for reading in aids for record in reading.records)
    made = 0
    for reading in given:
        made += len(reading.records)
        yield reading
    copy = 0
    while made < records and aids:
        copy += 1
        change = exchange(people, copy)
        for reading in aids:
            if made < records:
                made += len(reading.records)
                copied = tuple(copy_record(record, copy, change) for record in reading.records)
                yield replace(
                    reading, path=Path(f"copy{copy}") / reading.path.name, records=copied, problems=()
                )


def gather_people(records: Iterable[Record]) -> tuple[list[str], list[str]]:
    """Surnames and given names of persons that the records name in inverted order, sorted."""
    found = {
        match.groups() for record in records for name in record.names if (match := _INVERTED.match(name))
    }
    return sorted({surname for surname, _ in found}), sorted({given for _, given in found})


def exchange(people: tuple[list[str], list[str]], copy: int) -> Callable[[str], str]:
    """What changes a text of one copy: names by a permutation, years by 20 for each copy."""
    draw, names = random.Random(copy), dict[str, str]()
    for known in people:
        names |= zip(known, draw.sample(known, len(known)), strict=True)
    back = _back(copy)

    def change(text: str) -> str:
        renamed = _CAPITALISED.sub(lambda found: names.get(found[0], found[0]), text)
        return _YEAR.sub(lambda found: f"{int(found[1]) - back}{found[2]}", renamed)

    return change


def copy_record(record: Record, copy: int, change: Callable[[str], str]) -> Record:
    """One record of copy `copy`."""
    prefix = f"copy{copy}/"
    return replace(
        record,
        id=prefix + record.id,
        collection_id=prefix + record.collection_id,
        parent_id=prefix + record.parent_id if record.parent_id else "",
        source=prefix + record.source,
        identifiers=(),
        title=change(record.title),
        collection=change(record.collection),
        breadcrumb=tuple(change(title) for title in record.breadcrumb),
        dates=change(record.dates),
        spans=tuple(_move(span, copy) for span in record.spans),
        bulk=_move(record.bulk, copy) if record.bulk else None,
        creator=change(record.creator),
        names=tuple(change(name) for name in record.names),
        subjects=tuple(change(subject) for subject in record.subjects),
        text=change(record.text),
    )


def _back(copy: int) -> int:
    return (1 + (copy - 1) % _STEPS) * _YEARS_BACK


def _move(span: Span, copy: int) -> Span:
    return replace(span, first=_move_day(span.first, copy), last=_move_day(span.last, copy))


def _move_day(day: str, copy: int) -> str:
    if day.startswith("9999"):
        return day
    year = max(1, int(day[:4]) - _back(copy))
    try:
        return date(year, int(day[5:7]), int(day[8:10])).isoformat()
    except ValueError:  # the 29th of February of a year that has none
        return date(year, int(day[5:7]), 28).isoformat()
