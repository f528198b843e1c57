"""Record: one described component of a collection, with everything it inherits already in it.

A reader of any format yields records and nothing else; what comes after (passages, citations, the
record page) never looks at the source format again. Text is plain, with white space folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["collection", "series", "file", "item"]
"""Level of description, folded to the four that patrons tell apart (subseries → series, ...)."""

ContainerOrigin = Literal["stated", "inherited", "carried", ""]
"""On the component itself, from an ancestor, or carried forward from the sibling before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A component of archival description, lone enough to be cited.

    `years` is inclusive, (first, last), of the component itself or else of the nearest ancestor
    that has a date (`dates_inherited` is then true). `breadcrumb` runs from the collection down to
    the parent, titles only. `access` is verbatim, and `access_from` the title of the component it
    was written on.
    """

    id: str
    collection_id: str
    level: Level
    title: str
    collection: str
    breadcrumb: tuple[str, ...] = ()
    parent_id: str = ""
    position: int = 0
    dates: str = ""
    years: tuple[int, int] | None = None
    dates_inherited: bool = False
    call_number: str = ""
    repository: str = ""
    container: str = ""
    container_origin: ContainerOrigin = ""
    creator: str = ""
    names: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    language: str = ""
    extent: str = ""
    access: str = ""
    access_from: str = ""
    use: str = ""
    preferred_citation: str = ""
    text: str = ""
    link: str = ""
    source: str = ""

    @property
    def heading(self) -> str:
        """Title, then dates unless the title already ends with them: the line an answer quotes."""
        if self.dates and not self.dates_inherited and self.dates not in self.title:
            return f"{self.title}, {self.dates}"
        return self.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What is indexed and shown to a model: a cut of one record's text, never two records' text."""

    id: str
    record_id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A passage found for a question, with the record it belongs to and its fused score (0 to 1)."""

    record: Record
    passage: Passage
    score: float
