"""Record: one described component of a collection, with everything it inherits already in it.

A reader of any format yields records and nothing else; what comes after (passages, citations, the
record page) never looks at the source format again. Text is plain, with white space folded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from retrieval.explanation import Explanation
from retrieval.spans import Span, Years, cover

AUTHORITY_FILE = "People, families and organisations"
"""What stands in for a collection where authority records are: they describe who made and is in the
material, and hold none."""

Level = Literal["collection", "series", "file", "item"]
"""Level of description, folded to the four that patrons tell apart (subseries → series, ...)."""

Kind = Literal[
    "letter",
    "diary",
    "photograph",
    "map",
    "drawing",
    "print",
    "film",
    "sound",
    "interview",
    "minutes",
    "account",
    "legal",
    "newspaper",
    "clipping",
    "scrapbook",
    "programme",
    "poster",
    "music",
    "literary",
    "report",
    "speech",
    "book",
    "object",
]
"""Kinds of material that patrons ask for by name, each a family of words (`retrieval.implied.kinds`)."""

ContainerOrigin = Literal["stated", "inherited", "carried", ""]
"""On the component itself, from an ancestor, or carried forward from the sibling before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A component of archival description, lone enough to be cited.

    `dates` is verbatim and `spans` what it covers, of the component itself or else of the nearest
    ancestor that has a date (`dates_inherited` is then true); `bulk` narrows nothing. `breadcrumb` runs
    from the collection down to the parent, titles only. `names` are as written, `senders` and
    `recipients` those of them who wrote and were written to; `authorities` pairs a name with its
    identifier in an authority file. `identifiers` are exact ones besides the call number: ARK, handle,
    the component's own unit id.

    `transcribed` says that `text` is the material's own words, not a description of it.

    `access` is verbatim, and `access_from` the title of the component it was written on. `closed_until`
    is the last day on which the material is closed, WITHOUT_END for good, "" where it is open or its
    conditions close nothing. `withheld_until` is the same for this record itself, which until then only
    staff may see: the text of closed material, or a source that is kept to staff.
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
    spans: tuple[Span, ...] = ()
    bulk: Span | None = None
    dates_inherited: bool = False
    call_number: str = ""
    identifiers: tuple[str, ...] = ()
    repository: str = ""
    container: str = ""
    container_origin: ContainerOrigin = ""
    creator: str = ""
    names: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    authorities: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    subjects: tuple[str, ...] = ()
    language: str = ""
    extent: str = ""
    access: str = ""
    access_from: str = ""
    closed_until: str = ""
    withheld_until: str = ""
    use: str = ""
    preferred_citation: str = ""
    text: str = ""
    transcribed: bool = False
    link: str = ""
    source: str = ""

    @property
    def years(self) -> Years | None:
        """First and last year, inclusive; None where it is undated."""
        return cover(self.spans)

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
    """A passage found for a question, with the record it belongs to and its fused score (0 to 1).

    `why` says how the score came about; `also` are records of the same item in another format or
    another file, which this one stands for. `fits` says that the record satisfies all that was read from
    the question and kept.
    """

    record: Record
    passage: Passage
    score: float
    why: Explanation | None = None
    also: tuple[Record, ...] = ()
    fits: bool = False
