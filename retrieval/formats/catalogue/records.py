"""Catalogue records of any format as Records: each under the collection it says it belongs to.

A record that describes a collection is one by itself. The others are parts of the collection they
name, described in the same file or not; else what holds them, or the catalogue they came in, stands in
for a collection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from retrieval.dates import Dates, date_in_title, read_dates
from retrieval.formats import access
from retrieval.formats.access import AccessNote
from retrieval.formats.catalogue.entry import AUTHORITY_FILE, Entry
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.prose import shorten_title
from retrieval.records import Record

_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Where records stand that name no collection: the title it is cited by and its id.

    A record that says who holds it stands under that name instead, whatever else is in the file.

    `namespace` goes before the ids of collections that records only name, so that the "Photographs"
    of two repositories stay apart.
    """

    title: str
    id: str
    source: str
    namespace: str = ""


def make_records(entries: Sequence[Entry], catalogue: Catalogue) -> tuple[Record, ...]:
    """Records of all entries: each collection, in the order they turn up, followed by its parts."""
    taken: set[str] = set()
    ids: set[str] = set()
    described: dict[int, Record] = {}
    by_key: dict[str, Record] = {}
    for number, entry in enumerate(entries):
        if entry.level == "collection":
            top = _describe_collection(entry, catalogue, ids, taken)
            described[number] = top
            for key in (top.title.lower(), entry.id, *entry.identifiers):
                if key:
                    by_key.setdefault(key, top)
    grouped: dict[str, list[Record]] = {}
    keepers = _shared_repositories(entries)
    ordinals: Counter[str] = Counter()
    for number, entry in enumerate(entries):
        top = described.get(number) or _find_host(entry, keepers, catalogue, by_key, ids, taken)
        group = grouped.setdefault(top.id, [top])
        if number not in described:
            group.append(_describe(entry, top, len(group), ordinals, taken))
    return tuple(record for group in grouped.values() for record in group)


def _find_host(
    entry: Entry,
    keepers: Mapping[str, str],
    catalogue: Catalogue,
    by_key: dict[str, Record],
    ids: set[str],
    taken: set[str],
) -> Record:
    """The collection of an entry; one that nothing describes is made from its name."""
    host = entry.host or entry.repository
    title = host or catalogue.title
    keys = [key for key in (entry.host_id, title.lower()) if key]
    found = next((by_key[key] for key in keys if key in by_key), None)
    if found:
        return found
    named = slug(host) or path_hash([host])
    own_id = slug(f"{catalogue.namespace}-{named}") if host else slug(catalogue.id)
    collection_id = make_unique(own_id or path_hash([title]), ids)
    made = Record(
        id=make_unique(f"{collection_id}/collection", taken),
        collection_id=collection_id,
        level="collection",
        title=title,
        collection=title,
        repository=keepers.get(host, "") if title != AUTHORITY_FILE else "",
        source=catalogue.source,
    )
    by_key[title.lower()] = made
    return made


def _shared_repositories(entries: Sequence[Entry]) -> dict[str, str]:
    """By host, the repository of all its entries; "" where they name several."""
    named: dict[str, set[str]] = {}
    for entry in entries:
        if entry.level != "collection":
            named.setdefault(entry.host or entry.repository, set()).add(entry.repository)
    return {host: next(iter(found)) if len(found) == 1 else "" for host, found in named.items()}


def _describe_collection(entry: Entry, catalogue: Catalogue, ids: set[str], taken: set[str]) -> Record:
    title = _entitle(entry)
    own = make_local_id(entry.id)
    if own and catalogue.namespace:
        own = f"{catalogue.namespace}-{own}"
    wanted = own or slug(entry.call_number) or slug(title) or path_hash([title])
    collection_id = make_unique(wanted, ids)
    dated = _date(entry)
    return Record(
        id=make_unique(f"{collection_id}/collection", taken),
        collection_id=collection_id,
        level="collection",
        title=title,
        collection=title,
        dates=entry.dates,
        spans=dated.spans,
        bulk=dated.bulk,
        call_number=entry.call_number,
        identifiers=_unique(entry.identifiers),
        repository=entry.repository,
        container=entry.container,
        container_origin="stated" if entry.container else "",
        creator="; ".join(_unique(entry.creators)),
        names=_unique(entry.names),
        authorities=tuple(dict.fromkeys(entry.authorities)),
        places=_unique(entry.places),
        subjects=_unique(entry.subjects),
        language=entry.language,
        extent=entry.extent,
        access=entry.access,
        access_from=title if entry.access else "",
        use=entry.use,
        preferred_citation=entry.preferred_citation,
        text=entry.text(),
        link=entry.link,
        source=catalogue.source,
    )


def _describe(entry: Entry, top: Record, position: int, ordinals: Counter[str], taken: set[str]) -> Record:
    """The record of an entry under its collection, whose conditions hold for it too."""
    title = _entitle(entry)
    dated = _date(entry)
    notes: tuple[AccessNote, ...] = (AccessNote(top.title, top.access),) if top.access else ()
    if entry.access:
        notes = access.add_note(notes, AccessNote(title, entry.access))
    conditions, conditions_from = access.render(notes, entry.level if entry.access else "")
    own = make_local_id(entry.id) or path_hash([title, entry.dates, entry.call_number])
    wanted = f"{top.collection_id}/{own}"
    ordinals[wanted] += 1
    if ordinals[wanted] > 1:
        wanted += f"~{ordinals[wanted]}"
    return Record(
        id=make_unique(wanted, taken),
        collection_id=top.collection_id,
        level=entry.level,
        title=title,
        collection=top.title,
        breadcrumb=tuple(dict.fromkeys(part for part in (top.title, entry.series) if part)),
        parent_id=top.id,
        position=position,
        dates=entry.dates,
        spans=dated.spans,
        bulk=dated.bulk,
        call_number=entry.call_number or top.call_number,
        identifiers=_unique(entry.identifiers),
        repository=entry.repository or top.repository,
        container=entry.container,
        container_origin="stated" if entry.container else "",
        creator="; ".join(_unique(entry.creators)),
        names=_unique(entry.names),
        senders=_unique(entry.senders),
        recipients=_unique(entry.recipients),
        authorities=tuple(dict.fromkeys(entry.authorities)),
        places=_unique(entry.places),
        subjects=_unique(entry.subjects),
        language=entry.language or top.language,
        extent=entry.extent,
        access=conditions,
        access_from=conditions_from,
        use=entry.use or top.use,
        preferred_citation=entry.preferred_citation or top.preferred_citation,
        text=entry.text(),
        link=entry.link,
        source=top.source,
    )


def make_local_id(identifier: str) -> str:
    """An identifier as part of an address; one that had to be cut or respelt keeps apart by a hash."""
    wanted = slug(identifier)
    if len(wanted) < _LONGEST_ID and (wanted or not identifier):
        return wanted
    return f"{wanted[:_LONGEST_ID]}-{path_hash([identifier])}".strip("-")


def _entitle(entry: Entry) -> str:
    """Its title, else what it is known by; one beyond all measure is cut and goes whole into the text."""
    title = entry.title or entry.dates or entry.call_number or entry.id or "Untitled"
    short = shorten_title(title)
    if short != title:
        entry.texts.insert(0, ("Full title", title))
    return short


def _date(entry: Entry) -> Dates:
    """What the entry's dates cover, and their bulk; a date that only the title gives is put beside it."""
    if entry.is_dateless:
        return Dates()
    dated = None if entry.dates or entry.machine_dates else date_in_title(entry.title)
    if dated:
        entry.dates = dated[0]
    if "]" in entry.dates and "[" not in entry.dates:  # its other half stands before the place
        entry.dates = f"[{entry.dates}"
    return read_dates("" if entry.is_coded_better else entry.dates, entry.machine_dates)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
