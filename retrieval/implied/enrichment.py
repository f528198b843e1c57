"""What a record says between the lines, put into its fields: correspondents, kinds, until when it is closed.

Readers of formats give what their format states. What can be read from titles, notes and the
components above is the same work for every format, and done here, once, before indexing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from retrieval.implied.conditions import find_closure
from retrieval.implied.correspondents import find_correspondents, read_initials
from retrieval.implied.kinds import find_kinds
from retrieval.records import AUTHORITY_FILE, Kind, Record


def enrich_all(records: Iterable[Record]) -> Iterator[Record]:
    """The records of one source, in its order (a parent before its children), each with what it implies.

    What a reader has stated is kept. Names of those who wrote and were written to are added to the
    names. The text of closed material is withheld where it is the material's own words; what
    describes it is not.
    """
    initials: dict[str, dict[str, str]] = {}
    for record in records:
        if record.level == "collection":
            initials[record.collection_id] = read_initials(record.text)
        yield _enrich(record, initials.get(record.collection_id, {}))


def _enrich(record: Record, initials: Mapping[str, str]) -> Record:
    describes_somebody = record.collection == AUTHORITY_FILE  # and is no letter of theirs
    senders, recipients = record.senders, record.recipients
    if not senders and not recipients and not describes_somebody:
        found = find_correspondents(record, initials)
        senders, recipients = found.senders, found.recipients
    closed = record.closed_until or find_closure(record)
    return replace(
        record,
        senders=senders,
        recipients=recipients,
        names=tuple(dict.fromkeys((*record.names, *senders, *recipients))),
        kinds=() if describes_somebody else _kinds(record, is_letter=bool(senders or recipients)),
        closed_until=closed,
        withheld_until=_withhold(record, closed),
    )


def _kinds(record: Record, *, is_letter: bool) -> tuple[Kind, ...]:
    """As stated, and as found; what was written by one to another is a letter if it is nothing else."""
    kinds = tuple(dict.fromkeys((*record.kinds, *find_kinds(record))))
    return kinds or (("letter",) if is_letter else ())


def _withhold(record: Record, closed_until: str) -> str:
    return max(record.withheld_until, closed_until if record.transcribed else "")
