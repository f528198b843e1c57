"""Records of a finding aid's components, each with what comes down to it from above."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lxml.etree import _Element

from retrieval.formats import access, containers
from retrieval.formats.access import AccessNote
from retrieval.formats.containers import Container
from retrieval.formats.ead.component import Component
from retrieval.formats.ead.identifiers import address_of, fill_template, name_aid, name_component, slug_of
from retrieval.formats.ead.inheritance import (
    Place,
    find_date,
    find_title,
    find_year,
    hold,
    path_step,
    restrict,
)
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.names import names_in_title
from retrieval.records import Level, Record


@dataclass(frozen=True, slots=True)
class FindingAid:
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


def describe_collection(own: Component, aid: FindingAid, taken: set[str]) -> Place:
    """The record of the collection itself, and its place for those below it."""
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
    return Place(record, (), holders, notes, access.render(notes), Counter())


def describe(
    element: _Element,
    own: Component,
    level: Level,
    place: Place,
    aid: FindingAid,
    position: int,
    carried: tuple[Container, ...],
    taken: set[str],
) -> Place:
    """The record of a component under `place`, and its own place for those below it."""
    above = place.record
    title = find_title(own, above)
    find_date(own, title)
    find_year(own, above)
    holders, origin = hold(own, title, place, carried)
    same = bool(holders) and holders is place.holders
    container = above.container if same else containers.render(holders)
    notes, access_below = restrict(own, title, container, place)
    own_access = access.render(notes, level) if notes is not place.notes else access_below
    call_number = _call_number(own.unit_id, aid.call_number)
    xml_id = slug(element.get("id") or "")
    path = (*place.path, path_step(title, own.dates, place.ordinals))
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
    return Place(record, path, holders, notes, access_below, Counter())


def _call_number(unit_id: str, of_collection: str) -> str:
    """The component's own reference code where it begins with the collection's, else the collection's."""
    return unit_id if of_collection and unit_id.startswith(of_collection) else of_collection


def _link(aid: FindingAid, xml_id: str, uri: str) -> str:
    """Address by the template of the source; else the one that the component gives as its own."""
    values = {"eadid": slug_of(aid.eadid), "id": xml_id, "url": aid.url, "uri": uri}
    return fill_template(aid.link_template, values) or address_of(uri, "")


def _unique(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values)) if values else ()
