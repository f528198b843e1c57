"""EAD 2002 and EAD3 finding aids to records, one mapper for both.

Components are visited in document order with a stack, never by recursion. Each takes from above
what archival description means it to take (ISAD(G) 2.3: information is given once, at the highest
level it holds for), which a lone record has to carry itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import date_in_title, read_dates
from retrieval.errors import SourceError
from retrieval.formats.containers import Container
from retrieval.formats.ead.component import Component, read_component, read_level
from retrieval.formats.ead.fields import read_header_title
from retrieval.formats.ead.identifiers import read_identifier, slug_of
from retrieval.formats.ead.records import FindingAid, describe, describe_collection
from retrieval.formats.ead.titles import tidy_title
from retrieval.formats.identifiers import make_unique, slug
from retrieval.formats.prose import local
from retrieval.formats.xml import is_internal
from retrieval.records import Record

_MOST_REMARKS = 20
_CORRECT_DATE = "correct whichever is wrong"


@dataclass(frozen=True, slots=True)
class EadReading:
    """What one finding aid gave: its records, in document order, and what an archivist should look at."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


def find_aids(root: _Element) -> list[_Element]:
    """The finding aids that lie in another document, outermost first: in a METS, in a list of several."""
    return [
        node
        for node in root.iter(etree.Element)
        if local(node) == "ead" and any(local(child) == "archdesc" for child in node)
    ]


def read_aids(
    aids: Sequence[_Element],
    path: Path,
    source: str,
    *,
    carry_containers: bool = False,
    link_template: str = "",
) -> EadReading:
    """Records of several finding aids in one file; of two with one identifier the second is renumbered."""
    taken: set[str] = set()
    readings = [
        read_ead(
            aid, path, source, carry_containers=carry_containers, link_template=link_template, taken=taken
        )
        for aid in aids
    ]
    return EadReading(
        tuple(record for reading in readings for record in reading.records),
        tuple(problem for reading in readings for problem in reading.problems),
    )


def read_ead(
    root: _Element,
    path: Path,
    source: str,
    *,
    carry_containers: bool = False,
    link_template: str = "",
    taken: set[str] | None = None,
) -> EadReading:
    """Records of a parsed finding aid: first the collection, then each component in order.

    `taken` are the ids of the collections that the file has given before, to which this one's is added.
    Raises SourceError when there is no description at all in it.
    """
    archdesc = next((node for node in root.iter(etree.Element) if local(node) == "archdesc"), None)
    if archdesc is None:
        raise SourceError(path, "has no <archdesc>, so it describes nothing", remedy="export it again")
    own = read_component(archdesc)
    eadid, url = read_identifier(root)
    _entitle(own, root, path)
    aid = FindingAid(
        collection_id=make_unique(
            slug_of(eadid) or slug(own.unit_id) or slug(path.stem) or "collection",
            set() if taken is None else taken,
        ),
        title=own.title,
        call_number=own.unit_id,
        repository=own.repository,
        source=source,
        eadid=eadid,
        url=url,
        link_template=link_template,
        carry=carry_containers,
    )
    problems = [_internal(path, archdesc)] if is_internal(archdesc) or is_internal(root) else []
    contradictions: list[tuple[int | None, str]] = []
    _note_contradiction(archdesc, own, contradictions)
    records = tuple(_walk(own, aid, contradictions))
    return EadReading(records, (*problems, *_report(path, contradictions)))


def _walk(top: Component, aid: FindingAid, contradictions: list[tuple[int | None, str]]) -> Iterator[Record]:
    """Records in document order; the container in force is carried along for those that state none."""
    taken: set[str] = set()
    place = describe_collection(top, aid, taken)
    yield place.record
    stack = [(element, place) for element in reversed(top.components)]
    carried: tuple[Container, ...] = ()
    position = 0
    while stack:
        element, above = stack.pop()
        own = read_component(element)
        _note_contradiction(element, own, contradictions)
        level = read_level(element, own)
        position += 1
        if level == "series" and above.record.level == "collection":
            carried = ()
        usable = carried if aid.carry and level != "series" and not own.components else ()
        place = describe(element, own, level, above, aid, position, usable, taken)
        if own.containers:
            carried = place.holders
        yield place.record
        stack += [(child, place) for child in reversed(own.components)]


def _entitle(own: Component, root: _Element, path: Path) -> None:
    """Make sure the collection has a title, and that its date is beside it rather than in it."""
    title = own.title or read_header_title(root) or own.dates or path.stem
    dated = None if own.dates else date_in_title(title)
    if dated:
        own.dates, own.dated = dated[0], read_dates(dated[0])
        title = tidy_title(title.removesuffix(dated[0])) or title
    own.title = title


def _note_contradiction(element: _Element, own: Component, found: list[tuple[int | None, str]]) -> None:
    if own.dated.remark:
        found.append((element.sourceline, own.dated.remark))


def _report(path: Path, contradictions: list[tuple[int | None, str]]) -> Iterator[SourceError]:
    """Dates that say two things, the first of them one by one."""
    for line, remark in contradictions[:_MOST_REMARKS]:
        yield SourceError(path, f"{remark}; the words were taken", line=line, remedy=_CORRECT_DATE)
    more = len(contradictions) - _MOST_REMARKS
    if more > 0:
        yield SourceError(path, f"{more} more dates differ from their machine form", remedy=_CORRECT_DATE)


def _internal(path: Path, archdesc: _Element) -> SourceError:
    return SourceError(
        path,
        'is marked audience="internal" as a whole and was read all the same',
        line=archdesc.sourceline,
        remedy="take the file out of the folder if it is not for the public",
    )
