"""EAD 2002 and EAD3 finding aids to records, one mapper for both.

Components are visited in document order with a stack, never by recursion. Each takes from above
what archival description means it to take (ISAD(G) 2.3: information is given once, at the highest
level it holds for), which a lone record has to carry itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import date_in_title, read_dates
from retrieval.errors import SourceError
from retrieval.formats import access, containers
from retrieval.formats.access import AccessNote
from retrieval.formats.containers import Container
from retrieval.formats.ead_component import Component, read_component, read_level
from retrieval.formats.ead_fields import read_header_title
from retrieval.formats.ead_identifiers import (
    address_of,
    fill_template,
    name_aid,
    name_component,
    read_identifier,
    slug_of,
)
from retrieval.formats.ead_titles import shorten, tidy_title, undated_in_title
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.names import names_in_title
from retrieval.formats.prose import local
from retrieval.formats.xml import is_internal
from retrieval.records import ContainerOrigin, Level, Record

_MOST_REMARKS = 20
_MONTH = r"(?:\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?(?: \d{1,2})?"
_MONTHS_ONLY = re.compile(rf"^{_MONTH}(?:\s*[-–]\s*{_MONTH})?$")
_CORRECT_DATE = "correct whichever is wrong"


@dataclass(frozen=True, slots=True)
class EadReading:
    """What one finding aid gave: its records, in document order, and what an archivist should look at."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


@dataclass(frozen=True, slots=True)
class _FindingAid:
    """What is told once for a finding aid and holds for all its records."""

    collection_id: str
    title: str
    call_number: str
    repository: str
    source: str
    eadid: str
    url: str
    link_template: str
    carry: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A described component, as those below it see it."""

    record: Record
    path: tuple[str, ...]
    holders: tuple[Container, ...]
    notes: tuple[AccessNote, ...]
    access_below: tuple[str, str]
    ordinals: Counter[str]


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
    aid = _FindingAid(
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


def _walk(top: Component, aid: _FindingAid, contradictions: list[tuple[int | None, str]]) -> Iterator[Record]:
    """Records in document order; the container in force is carried along for those that state none."""
    taken: set[str] = set()
    place = _describe_collection(top, aid, taken)
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
        place = _describe(element, own, level, above, aid, position, usable, taken)
        if own.containers:
            carried = place.holders
        yield place.record
        stack += [(child, place) for child in reversed(own.components)]


def _describe_collection(own: Component, aid: _FindingAid, taken: set[str]) -> _Place:
    identifiers = [*name_aid(aid.eadid, aid.url), *name_component(own.unit_ids, aid.call_number, "", own.uri)]
    record = Record(
        id=f"{aid.collection_id}/{make_unique('collection', taken)}",
        collection_id=aid.collection_id,
        level="collection",
        title=aid.title,
        collection=aid.title,
        dates=own.dates,
        spans=own.dated.spans,
        bulk=own.dated.bulk,
        call_number=aid.call_number,
        identifiers=_unique(identifiers),
        repository=aid.repository,
        container=containers.render(own.containers),
        container_origin="stated" if own.containers else "",
        creator=own.creator,
        names=_unique(own.names),
        authorities=tuple(dict.fromkeys(own.authorities)),
        places=_unique(own.places),
        subjects=_unique(own.subjects),
        language=own.language,
        extent=own.extent,
        access=own.access,
        access_from=aid.title if own.access else "",
        use=own.use,
        preferred_citation=own.preferred_citation,
        text=own.text(is_collection=True),
        link=own.link or address_of(aid.eadid, aid.url),
        source=aid.source,
    )
    notes = (AccessNote(aid.title, own.access),) if own.access else ()
    # The boxes of a whole collection, listed one after another, are no box of anything in it.
    holders = own.containers if len({container.group for container in own.containers}) < 2 else ()
    return _Place(record, (), holders, notes, access.render(notes), Counter())


def _describe(
    element: _Element,
    own: Component,
    level: Level,
    place: _Place,
    aid: _FindingAid,
    position: int,
    carried: tuple[Container, ...],
    taken: set[str],
) -> _Place:
    """The record of a component under `place`, and its own place for those below it."""
    above = place.record
    title = _find_title(own, above)
    _find_date(own, title)
    _find_year(own, above)
    holders, origin = _hold(own, title, place, carried)
    same = bool(holders) and holders is place.holders
    container = above.container if same else containers.render(holders)
    notes, access_below = _restrict(own, title, container, place)
    own_access = access.render(notes, level) if notes is not place.notes else access_below
    call_number = _call_number(own.unit_id, aid.call_number)
    xml_id = slug(element.get("id") or "")
    path = (*place.path, _path_step(title, own.dates, place.ordinals))
    record = Record(
        id=f"{aid.collection_id}/{make_unique(xml_id or path_hash(path), taken)}",
        collection_id=aid.collection_id,
        level=level,
        title=title,
        collection=aid.title,
        breadcrumb=(*above.breadcrumb, above.title),
        parent_id=above.id,
        position=position,
        dates=own.dates or above.dates,
        spans=own.dated.spans if own.dates else above.spans,
        bulk=own.dated.bulk if own.dates else above.bulk,
        dates_inherited=bool(above.dates and not own.dates),
        call_number=call_number,
        identifiers=name_component(own.unit_ids, call_number, own.link, own.uri),
        repository=aid.repository,
        container=container,
        container_origin=origin,
        creator=own.creator or above.creator,
        names=_unique([*own.names, *names_in_title(title)]),
        authorities=tuple(dict.fromkeys(own.authorities)),
        places=_unique(own.places),
        subjects=_unique(own.subjects),
        language=own.language or above.language,
        extent=own.extent,
        access=own_access[0],
        access_from=own_access[1],
        use=own.use or above.use,
        preferred_citation=own.preferred_citation or above.preferred_citation,
        text=own.text(),
        link=own.link or _link(aid, xml_id, own.uri),
        source=aid.source,
    )
    return _Place(record, path, holders, notes, access_below, Counter())


def _find_title(own: Component, above: Record) -> str:
    """Its title; else its date, number or box; one of several hundred characters is told in the text."""
    title = own.title or own.dates or own.unit_id or containers.render(own.containers)
    short = shorten(title)
    if short != title:
        own.texts.insert(0, ("odd", title))
    return short or f"Untitled ({above.title})"


def _find_date(own: Component, title: str) -> None:
    """Take the date from the title where there is none beside it; a title may also say that it has none."""
    if own.dates:
        return
    dated = date_in_title(title)
    if dated:
        own.dates, own.dated = dated[0], read_dates(dated[0])
    else:
        own.dates = undated_in_title(title)


def _find_year(own: Component, above: Record) -> None:
    """Read "January-March" as of the year that the component above is of, where that is one year."""
    if own.dated.spans or above.years is None or not _MONTHS_ONLY.match(own.dates):
        return
    first, last = above.years
    if first == last:
        found = read_dates(f"{own.dates} {first}").spans
        own.dated = replace(own.dated, spans=tuple(replace(span, certainty="supplied") for span in found))


def _restrict(
    own: Component, title: str, container: str, place: _Place
) -> tuple[tuple[AccessNote, ...], tuple[str, str]]:
    """Access notes that hold for a component, and what they say to those below it."""
    remarks = [text for _, text in own.texts]
    held = container if own.containers else ""
    text = own.access or access.closure_in_passing(own.title, held, remarks)
    if not text:
        return place.notes, place.access_below
    notes = access.add_note(place.notes, AccessNote(title, text))
    return notes, access.render(notes)


def _hold(
    own: Component, title: str, place: _Place, carried: tuple[Container, ...]
) -> tuple[tuple[Container, ...], ContainerOrigin]:
    """Containers of a component, with those of its parent or of the one before it where it names none.

    A folder that only the title names ("Folder 4") counts once a box is known for it.
    """
    mine = own.containers or containers.container_in_title(title)
    from_above = bool(place.holders) or not carried
    held, borrowed = containers.complete(mine, place.holders if from_above else carried)
    if borrowed:
        from_carried = not from_above or place.record.container_origin == "carried"
        return held, ("carried" if from_carried else "inherited") if held else ""
    return (held, "stated") if own.containers else ((), "")


def _path_step(title: str, dates: str, ordinals: Counter[str]) -> str:
    """A component's step in its path: title and dates, and its number among siblings that share them."""
    key = f"{title}\x1e{dates}"
    ordinals[key] += 1
    return f"{key}\x1e{ordinals[key]}"


def _call_number(unit_id: str, of_collection: str) -> str:
    """The component's own reference code where it begins with the collection's, else the collection's."""
    return unit_id if of_collection and unit_id.startswith(of_collection) else of_collection


def _link(aid: _FindingAid, xml_id: str, uri: str) -> str:
    """Address by the template of the source; else the one that the component gives as its own."""
    values = {"eadid": slug_of(aid.eadid), "id": xml_id, "url": aid.url, "uri": uri}
    return fill_template(aid.link_template, values) or address_of(uri, "")


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values)) if values else ()


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
