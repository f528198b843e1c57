"""What one file gave: the form in which records come to be indexed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.records import Record
from retrieval.store.origins import Origin


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file gave. Partial trouble keeps the good records and reports the rest.

    `joins`: the collection, which comes first, may be that of other files too. `parts`: files that were
    read together with this one, as pages of it.
    `origin` is its place in the registry of sources; None for a file that is read by itself.
    `hides_closed`: descriptions of closed material are for staff only.
    """

    path: Path
    format: str
    records: tuple[Record, ...] = ()
    problems: tuple[SourceError, ...] = ()
    joins: bool = False
    parts: tuple[Path, ...] = ()
    origin: Origin | None = None
    hides_closed: bool = False
