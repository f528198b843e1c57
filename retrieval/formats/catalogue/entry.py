"""What a catalogue record says, whatever its format, and what reading a file of them gave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats.prose import join_paragraphs
from retrieval.records import AUTHORITY_FILE as AUTHORITY_FILE
from retrieval.records import Level, Record

_MOST_REPORTED = 20
_PLAIN_BELOW = frozenset({"Abstract", "Scope and content", "Summary"})


@dataclass(frozen=True, slots=True)
class CatalogueReading:
    """What one file of catalogue records gave: collections before their parts, and what to look at.

    `deleted` holds the identifiers of records that a harvest says are gone.
    """

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]
    deleted: tuple[str, ...] = ()


@dataclass(slots=True)
class Entry:
    """One catalogue record as it describes itself; empty where it says nothing.

    `host` is the title of the collection it belongs to, `host_id` that collection's own identifier.
    `machine_dates` is what stands coded beside `dates` ("1905/1912"); where that `is_coded_better`, it is
    trusted over what is written. An entry that `is_dateless` is of no time, whatever
    years its title has: a person's are those of a life. `texts` are pairs of a label ("" for none) and a
    note.
    """

    id: str = ""
    level: Level = "item"
    title: str = ""
    host: str = ""
    host_id: str = ""
    series: str = ""
    dates: str = ""
    machine_dates: str = ""
    is_coded_better: bool = False
    is_dateless: bool = False
    call_number: str = ""
    identifiers: list[str] = field(default_factory=list)
    repository: str = ""
    container: str = ""
    creators: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    authorities: list[tuple[str, str]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    language: str = ""
    extent: str = ""
    access: str = ""
    use: str = ""
    preferred_citation: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)
    link: str = ""

    def text(self) -> str:
        """Its notes, a paragraph a line, under labels; plain description below the top has none."""
        top = self.level == "collection"
        return join_paragraphs(
            text if not label or (not top and label in _PLAIN_BELOW) else f"{label}: {text}"
            for label, text in self.texts
        )


def shorten(path: Path, problems: Sequence[SourceError]) -> tuple[SourceError, ...]:
    """At most twenty problems one by one, and the number of the others."""
    more = len(problems) - _MOST_REPORTED
    if more <= 0:
        return tuple(problems)
    rest = SourceError(path, f"has {more:,} more records with such trouble")
    return (*problems[:_MOST_REPORTED], rest)


def report_repairs(path: Path, numbers: Sequence[str]) -> list[SourceError]:
    """One remark for all records whose text had been encoded twice."""
    if not numbers:
        return []
    some = ", ".join(numbers[:5]) + (" ..." if len(numbers) > 5 else "")
    return [
        SourceError(
            path,
            f"has text that was encoded twice, put right here in {len(numbers)} "
            f"record{'s' if len(numbers) > 1 else ''} ({some})",
            remedy="correct it at its source: UTF-8 was read as Windows-1252 and encoded again",
        )
    ]
