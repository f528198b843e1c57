"""Closed material whose description is kept to staff as well, and what must not name it meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from retrieval.records import Record

UNNAMED = "[closed]"
"""Stands for a title that may not be told."""


def withhold_closed(records: Iterable[Record]) -> Iterator[Record]:
    """Records of one source, a parent before its children, each withheld for as long as it is closed.

    A folder may be open in a series that is closed for longer (where years are counted from creation):
    the titles above it that are withheld longer than itself stand in none of its fields.
    """
    above: dict[str, tuple[tuple[str, str], ...]] = {}
    for record in records:
        until = max(record.withheld_until, record.closed_until)
        chain = above.get(record.parent_id, ())
        longer = [title for end, title in chain if end > until and title]
        if until or chain:
            above[record.id] = (*chain, (until, record.title))
        yield _leave_out(replace(record, withheld_until=until), longer)


def _leave_out(record: Record, titles: Iterable[str]) -> Record:
    for title in titles:
        record = replace(
            record,
            breadcrumb=tuple(UNNAMED if part == title else part for part in record.breadcrumb),
            collection=UNNAMED if record.collection == title else record.collection,
            access=record.access.replace(title, UNNAMED),
            access_from=UNNAMED if record.access_from == title else record.access_from,
            preferred_citation=record.preferred_citation.replace(title, UNNAMED),
        )
    return record
