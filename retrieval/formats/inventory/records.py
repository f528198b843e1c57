"""Rows of an inventory as records, with what comes down to them from the rows above and from the whole."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from retrieval.dates import date_in_title, read_dates
from retrieval.formats import access, containers
from retrieval.formats.access import AccessNote
from retrieval.formats.containers import Container
from retrieval.formats.identifiers import make_unique, path_hash, slug
from retrieval.formats.inventory.rows import Row
from retrieval.formats.names import names_in_title
from retrieval.formats.prose import drop_full_stop
from retrieval.records import ContainerOrigin, Level, Record

_CAPITALISED = r"[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,3}"
_TWO_PEOPLE = re.compile(rf"^({_CAPITALISED})(?:,(?: [\w. ]+,)?)? to ({_CAPITALISED})$")
_PARTS = re.compile(r"\s*;\s*")
_LEVELS: Mapping[str, Level] = {
    "collection": "series", "fonds": "series", "series": "series", "subseries": "series",
    "file": "file", "folder": "file", "item": "item", "piece": "item",
}  # fmt: skip


@dataclass(slots=True)
class Entry:
    """A row that becomes a record, with its place among the others."""

    row: Row
    title: str
    text: str
    parent: Entry | None = None
    has_children: bool = False
    holders: tuple[Container, ...] = ()
    origin: ContainerOrigin = ""
    id: str = ""


def make_records(
    entries: Sequence[Entry],
    fixed: Mapping[str, str],
    title: str,
    stem: str,
    source: str,
    link_template: str,
) -> Iterator[Record]:
    """The collection, then the rows in order.

    `title` and `stem` name the collection where nothing in the file does. A column that names several
    collections gives each its own.
    """
    named = list(
        dict.fromkeys(entry.row.get("collection") for entry in entries if entry.row.get("collection"))
    )
    if fixed.get("collection") or len(named) < 2:
        named = [fixed.get("collection") or (named[0] if named else title)]
    taken: set[str] = set()
    tops: dict[str, Record] = {}
    for name in named:
        rows = [entry.row for entry in entries if len(named) == 1 or entry.row.get("collection") == name]
        tops[name] = _make_collection(name, rows, fixed, stem if len(named) == 1 else "", source, taken)
        yield tops[name]
    ordinals: Counter[tuple[str, ...]] = Counter()
    for position, entry in enumerate(entries, start=1):
        top = tops.get(entry.row.get("collection")) or tops[named[0]]
        path = (*entry.row.headings, entry.title, entry.row.get("date"))
        ordinals[path] += 1
        own = slug(entry.row.get("identifier")) or path_hash((*path, str(ordinals[path])))
        entry.id = make_unique(f"{top.collection_id}/{own}", taken)
        yield _make_record(entry, top, position, link_template)


def _make_collection(
    title: str, rows: Sequence[Row], fixed: Mapping[str, str], stem: str, source: str, taken: set[str]
) -> Record:
    def shared(name: str) -> str:
        return fixed.get(name, "") or next((row.get(name) for row in rows if row.get(name)), "")

    call_number, conditions, dates = shared("call_number"), fixed.get("access", ""), fixed.get("date", "")
    wanted = (
        slug(fixed.get("identifier", "")) or slug(call_number) or slug(stem) or slug(title) or "inventory"
    )
    collection_id = make_unique(wanted, taken)
    return Record(
        id=make_unique(f"{collection_id}/collection", taken),
        collection_id=collection_id,
        level="collection",
        title=title,
        collection=title,
        dates=dates,
        spans=read_dates(dates).spans,
        bulk=read_dates(dates).bulk,
        call_number=call_number,
        repository=shared("repository"),
        creator=fixed.get("creator", ""),
        language=fixed.get("language", ""),
        extent=fixed.get("extent", ""),
        access=conditions,
        access_from=title if conditions else "",
        use=fixed.get("use", ""),
        preferred_citation=fixed.get("preferred_citation", ""),
        text=fixed.get("description", ""),
        link=_web(fixed.get("url", "")),
        source=source,
    )


def _make_record(entry: Entry, top: Record, position: int, link_template: str) -> Record:
    get = entry.row.get
    dates, inherited = _dates(entry, top)
    default: Level = "series" if entry.has_children else "file"
    level = _LEVELS.get(get("level").lower(), default)
    restrictions = access.render(_notes(entry, top), level if get("access") else "")
    return Record(
        id=entry.id,
        collection_id=top.collection_id,
        level=level,
        title=entry.title,
        collection=top.title,
        breadcrumb=_breadcrumb(entry, top),
        parent_id=entry.parent.id if entry.parent else top.id,
        position=position,
        dates=dates,
        spans=read_dates(dates).spans,
        bulk=read_dates(dates).bulk,
        dates_inherited=inherited,
        call_number=get("call_number") or top.call_number,
        repository=get("repository") or top.repository,
        container=containers.render(entry.holders),
        container_origin=entry.origin,
        creator=get("creator") or get("sender") or top.creator,
        names=_names(entry),
        subjects=tuple(part for part in _PARTS.split(get("subjects")) if part),
        language=get("language") or top.language,
        extent=get("extent"),
        access=restrictions[0],
        access_from=restrictions[1],
        use=get("use") or top.use,
        preferred_citation=get("preferred_citation") or top.preferred_citation,
        text=entry.text,
        link=_web(get("url")) or _link(get("identifier"), top, link_template),
        source=top.source,
    )


def _notes(entry: Entry, top: Record) -> tuple[AccessNote, ...]:
    """Access notes that hold for a row: its own and those of the rows above it and of the whole."""
    chain: list[Entry] = []
    above: Entry | None = entry
    while above:
        chain.insert(0, above)
        above = above.parent
    notes: tuple[AccessNote, ...] = (AccessNote(top.title, top.access),) if top.access else ()
    for each in chain:
        text = each.row.get("access")
        notes = access.add_note(notes, AccessNote(each.title, text)) if text else notes
    return notes


def _web(url: str) -> str:
    return url if url.startswith(("http://", "https://")) else ""


def _link(identifier: str, top: Record, template: str) -> str:
    if not template or "{url}" in template or "{uri}" in template or not identifier:
        return ""
    return template.replace("{id}", slug(identifier)).replace("{eadid}", top.collection_id)


def _dates(entry: Entry, top: Record) -> tuple[str, bool]:
    """Dates of a row, else of its title, else of the nearest row above it that has one."""
    written = _written_dates(entry.row)
    if written:
        return written, False
    dated = date_in_title(entry.title)
    if dated:
        return dated[0], False
    above = entry.parent
    while above:
        written = _written_dates(above.row)
        if written:
            return written, True
        above = above.parent
    return top.dates, bool(top.dates)


def _written_dates(row: Row) -> str:
    first, last = drop_full_stop(row.get("date")), drop_full_stop(row.get("end_date"))
    if first and last and first != last:
        return f"{first}{' - ' if ' ' in first + last else '-'}{last}"
    return first or last


def _breadcrumb(entry: Entry, top: Record) -> tuple[str, ...]:
    chain: list[str] = []
    above = entry.parent
    while above:
        chain.insert(0, above.title)
        above = above.parent
    headings = [heading for heading in entry.row.headings if heading and heading != entry.title]
    if entry.row.get("identifier") and chain:
        headings = headings[:1]
    return tuple(dict.fromkeys((top.title, *headings, *chain)))


def _names(entry: Entry) -> tuple[str, ...]:
    get = entry.row.get
    pair = _TWO_PEOPLE.match(entry.title.replace(" [ditto]", "").split(". ")[0])
    in_title = [pair[1], pair[2]] if pair else names_in_title(entry.title)
    given = [get("sender"), get("recipient"), get("creator"), *_PARTS.split(get("names")), *in_title]
    return tuple(dict.fromkeys(name for name in given if name))
