"""METS: a digital object as one record, with a record for each page that has text.

The text lies in ALTO or plain text files beside the METS, which names them; they are read with it. Files
are looked for in its own folder and below, nowhere else, and no address is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.records import Catalogue, make_records
from retrieval.formats.identifiers import make_unique, slug
from retrieval.formats.mets.description import read_description, read_number
from retrieval.formats.mets.pages import Page, find_beside, link_of, list_pages, read_files, read_page_text
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import fold, local
from retrieval.records import Kind, Record


@dataclass(frozen=True, slots=True)
class MetsReading:
    """Collection, object and pages; `parts` are the files beside it that were read as its pages."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]
    parts: tuple[Path, ...]


def read_mets(root: _Element, path: Path, source: str) -> MetsReading:
    """Records of a parsed METS file. Pages whose text is missing are left out and reported once."""
    sections = {node.get("ID", ""): node for node in root if local(node) == "dmdsec"}
    files = read_files(root)
    label = fold(root.get("LABEL"))
    rights = [node for node in root.iter(etree.Element) if local(node) == "rightsmd"]
    own = _own_sections(root, sections)
    entry, number = read_description(own, label, rights), read_number(own)
    pages = list(list_pages(root, sections, files))
    problems: list[SourceError] = []
    texts = [read_page_text(page, path, problems) for page in pages]
    missing = [page for page, text in zip(pages, texts, strict=True) if text is None]
    if missing:
        first = next((file.href for file in missing[0].files if file.is_text), "")
        problem = f"names the text of {len(pages)} pages, of which {len(missing)} are not beside it: {first}"
        problems.append(SourceError(path, problem, remedy="put these files where the METS says they are"))
    parts = {found for file in files.values() if (found := find_beside(path, file.href)) is not None}
    records = _make_records(root, path, source, entry, number, pages, [text or "" for text in texts])
    return MetsReading(tuple(records), tuple(problems), tuple(sorted(parts)))


def _own_sections(root: _Element, sections: dict[str, _Element]) -> list[_Element]:
    """Sections that the outermost division of a structure names; else the first one."""
    for structure in root:
        if local(structure) == "structmap" and (structure.get("TYPE") or "").upper() != "PHYSICAL":
            for division in structure.iter(etree.Element):
                named = [sections[key] for key in (division.get("DMDID") or "").split() if key in sections]
                if named:
                    return named
    return list(sections.values())[:1]


def _make_records(
    root: _Element,
    path: Path,
    source: str,
    entry: Entry,
    number: str,
    pages: Sequence[Page],
    texts: Sequence[str],
) -> Iterator[Record]:
    """The collection, the object as its description has it with what METS adds, and its pages."""
    folder = title_from_name(path.resolve().parent.name)
    name = fold(root.get("OBJID"))
    title = entry.title or title_from_name(path.stem)
    entry.title = ", ".join(filter(None, (title, number)))
    entry.level = "file" if "newspaper" in _type(root) else "item"
    entry.host = entry.host or dict(entry.texts).get("Series", "") or folder or "Objects"
    entry.container = "" if number else entry.container  # the volume of a newspaper is no holder
    entry.id = slug(name) or slug(path.stem) or "object"
    entry.identifiers = [*filter(None, [name]), *entry.identifiers]
    entry.extent = entry.extent or (f"{len(pages)} pages" if len(pages) > 1 else "")
    top, described = make_records([entry], Catalogue(folder, slug(folder) or "objects", source))
    text = "\n".join(filter(None, (described.text, _contents(root, described.title))))
    own = replace(described, kinds=_kinds(root), text=text)
    yield top
    yield own
    yield from _make_pages(own, title, pages, texts)


def _make_pages(own: Record, title: str, pages: Sequence[Page], texts: Sequence[str]) -> Iterator[Record]:
    """A record for each page that has text, with what holds for the whole object."""
    taken: set[str] = set()
    for number, (page, text) in enumerate(zip(pages, texts, strict=True), start=1):
        if not text:
            continue
        yield Record(
            id=f"{own.id}-{make_unique(slug(page.label) or f'page-{number}', taken)}",
            collection_id=own.collection_id,
            level="item",
            title=f"{title}, {page.label}",
            collection=own.collection,
            breadcrumb=(*own.breadcrumb, own.title),
            parent_id=own.id,
            position=number + 1,
            dates=own.dates,
            spans=own.spans,
            call_number=own.call_number,
            repository=own.repository,
            kinds=own.kinds,
            language=own.language,
            access=own.access,
            access_from=own.access_from,
            use=own.use,
            text=text,
            transcribed=True,
            link=link_of(page),
            source=own.source,
        )


def _type(root: _Element) -> str:
    types = [root.get("TYPE") or ""]
    types += [node.get("TYPE") or "" for node in root.iter(etree.Element) if local(node) == "div"][:3]
    return " ".join(types).lower()


def _kinds(root: _Element) -> tuple[Kind, ...]:
    return ("newspaper",) if "newspaper" in _type(root) else ()


def _contents(root: _Element, title: str) -> str:
    """The labels of the parts of the logical structure, as a table of contents."""
    labels: dict[str, None] = {}
    for structure in root:
        if local(structure) == "structmap" and (structure.get("TYPE") or "").upper() != "PHYSICAL":
            for node in structure.iter(etree.Element):
                label = fold(node.get("LABEL"))
                if (
                    local(node) == "div"
                    and label
                    and label.rstrip(" /") != title
                    and re.search(r"[^\W\d]{2}", label)
                ):
                    labels[label] = None
    return f"Contents: {'; '.join(labels)}" if labels else ""
