"""Inventories in CSV or TSV, as people keep them: a record for each row, under the headings above it.

A reference that begins another (3/2 and 3/2/19) makes the one the parent of the other. "Ditto"
stands for what the row before begins with, and is written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats import containers
from retrieval.formats.containers import Container
from retrieval.formats.inventory import columns
from retrieval.formats.inventory.records import Entry, make_records
from retrieval.formats.inventory.rows import Row, Table, drop_continued, read_table
from retrieval.formats.plain_text import read_text, title_from_name
from retrieval.formats.prose import drop_full_stop
from retrieval.records import Record

_MOST_REPORTED = 20
_LONGEST_TITLE = 120
_DITTO = re.compile(r'^(?:ditto|do\.|"|″|〃|”|-\s*"\s*-)(?=$|[\s.,;:])', re.IGNORECASE)
_LEAD = re.compile(r"^(.{3,}?(?:[^\W\d]{4,}|\b\d{2,}))[.;:](?=\s|$)")


@dataclass(frozen=True, slots=True)
class InventoryReading:
    """Records of one inventory, the collection first, and the rows that could not be read."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


def read_inventory(
    path: Path, source: str, *, carry_containers: bool = False, mapping: str = "", link_template: str = ""
) -> InventoryReading:
    """Records of a CSV or TSV file. Raises SourceError when the headers cannot be understood."""
    text, note = read_text(path)
    told, fixed = load_columns(path, mapping)
    table = read_table(path, text, told, fixed)
    if note:
        table.problems.insert(0, note)
    return describe_table(
        path, table, fixed, source, carry_containers=carry_containers, link_template=link_template
    )


def load_columns(path: Path, mapping: str) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Told columns and fixed values of an inventory; both empty where no mapping lies beside it."""
    mapping_file = columns.find_mapping(path, mapping)
    return columns.load(path, mapping_file) if mapping_file else ({}, {})


def describe_table(
    path: Path,
    table: Table,
    fixed: Mapping[str, str],
    source: str,
    *,
    carry_containers: bool = False,
    link_template: str = "",
) -> InventoryReading:
    """Records of a table that has been read: the collection, then its rows."""
    entries = _arrange(table.rows)
    _hold_all(table.rows, entries, carry_containers)
    records = make_records(
        entries, fixed, table.title or title_from_name(path.stem), path.stem, source, link_template
    )
    return InventoryReading(tuple(records), tuple(_shorten(path, table.problems)))


def _arrange(rows: Sequence[Row]) -> list[Entry]:
    """Entries with titles and parents; rows that repeat a heading at the top of a page count once."""
    kept: list[Entry] = []
    by_id: dict[str, Entry] = {}
    by_heading: dict[tuple[str, ...], Entry] = {}
    seen: set[tuple[str, ...]] = set()
    lead = ""
    for row in rows:
        title, text, lead = _entitle(row, lead)
        identifier, bare = row.get("identifier"), drop_continued(title)
        first = by_id.get(identifier) if identifier else None
        key = (identifier, bare.lower(), *(row.get(kind) for kind in ("container", "box", "folder")))
        repeats = key in seen and bool(identifier or not row.get("date"))
        repeats = repeats or bool(first and first.title.lower().startswith(bare.lower()))
        if repeats or not (title or text) or _heads_page(row, bare):
            continue
        seen.add(key)
        entry = Entry(row, bare, text, _parent(identifier, by_id) or by_heading.get(row.headings))
        if entry.parent:
            entry.parent.has_children = True
        if identifier:
            by_id.setdefault(identifier, entry)
        if bare in row.headings:
            by_heading.setdefault(row.headings, entry)
        kept.append(entry)
    return kept


def _heads_page(row: Row, title: str) -> bool:
    """Whether a row only repeats, in part, a heading that is in force: "GROUP 2." at the top of a page."""
    if row.get("identifier") or row.get("date") or row.get("folder"):
        return False
    return any(title != heading and title.lower() in heading.lower() for heading in row.headings)


def _entitle(row: Row, lead: str) -> tuple[str, str, str]:
    """Title and text of a row, and the lead that a "Ditto" in the next row will stand for."""
    title, description = row.get("title") or _letter_title(row), row.get("description")
    main = title or description
    ditto = _DITTO.match(main)
    if ditto and lead:
        main = f"{lead} [ditto]{main[ditto.end() :]}"
    title, description = (main, description) if title else ("", main)
    own_lead = None if main in row.headings else _LEAD.match(main)
    if not title or (len(title) > _LONGEST_TITLE and not description):
        description = description or title
        title = own_lead[1] if own_lead and len(own_lead[1]) <= _LONGEST_TITLE else _cut(description)
    title = drop_full_stop(title.rstrip(" ,;:"))
    text = "" if drop_full_stop(description) == title else description
    is_heading = title != drop_continued(title) or any(heading.startswith(title) for heading in row.headings)
    if is_heading:
        return title, text, lead
    return title, text, (own_lead[1] if own_lead else title).split(" [ditto]")[0] or lead


def _letter_title(row: Row) -> str:
    sender, recipient = row.get("sender"), row.get("recipient")
    if not sender and not recipient:
        return ""
    parts = ("Letter", sender and f"from {sender}", recipient and f"to {recipient}")
    return " ".join(part for part in parts if part)


def _cut(text: str) -> str:
    if len(text) <= _LONGEST_TITLE:
        return text
    return text[:_LONGEST_TITLE].rsplit(" ", 1)[0].rstrip(",;:. ") + " ..."


def _parent(identifier: str, by_id: Mapping[str, Entry]) -> Entry | None:
    """The entry whose reference begins this one's, the longest first: 3/2 for 3/2/19."""
    while True:
        cut = max(identifier.rfind(sign) for sign in "/.-")
        if cut <= 0:
            return None
        identifier = identifier[:cut]
        if identifier in by_id:
            return by_id[identifier]


def _hold_all(rows: Sequence[Row], entries: Sequence[Entry], carry: bool) -> None:
    """Set containers, row by row: one stated on a page heading holds for the rows below it when carried."""
    by_line = {entry.row.line: entry for entry in entries}
    before: tuple[Container, ...] = ()
    for row in rows:
        own = tuple(
            Container(*_holder(kind, row.get(kind)))
            for kind in ("container", "box", "folder")
            if row.get(kind)
        )
        held, borrowed = containers.complete(own, before if carry else ())
        entry = by_line.get(row.line)
        if own or (entry and not entry.has_children):
            before = held
        if entry and (own or not entry.has_children):
            entry.holders = held
            entry.origin = "" if not held else "carried" if borrowed and carry and before else "stated"


def _holder(kind: str, text: str) -> tuple[str, str]:
    """A container as kind and text: a bare "3" under Box is Box 3, "Unit 9" says itself what it is."""
    if kind == "container":
        return "", text if re.search(r"[A-Za-z]{2}", text) else f"Container {text}"
    return kind, re.sub(rf"^{kind}(?:es|s)?\.?\s+(?=\d)", "", text, flags=re.IGNORECASE)


def _shorten(path: Path, problems: Sequence[SourceError]) -> Sequence[SourceError]:
    """At most twenty problems one by one, and the number of the others."""
    more = len(problems) - _MOST_REPORTED
    if more <= 0:
        return problems
    return [*problems[:_MOST_REPORTED], SourceError(path, f"has {more} more rows with such trouble")]
