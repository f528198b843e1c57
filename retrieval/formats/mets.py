"""METS: a digital object as one record, with a record for each page that has text.

The text lies in ALTO or plain text files beside the METS, which names them; they are read with it. Files
are looked for in its own folder and below, nowhere else, and no address is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import read_dates
from retrieval.errors import SourceError
from retrieval.formats.identifiers import make_unique, slug
from retrieval.formats.iso_dates import span_of
from retrieval.formats.mets_description import Description, read_description
from retrieval.formats.mets_pages import Page, find_beside, link_of, list_pages, read_files, read_page_text
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import fold, local
from retrieval.records import Kind, Record
from retrieval.spans import Span


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
    said = read_description(_own_sections(root, sections), label, rights)
    pages = list(list_pages(root, sections, files))
    problems: list[SourceError] = []
    texts = [read_page_text(page, path, problems) for page in pages]
    missing = [page for page, text in zip(pages, texts, strict=True) if text is None]
    if missing:
        first = next((file.href for file in missing[0].files if file.is_text), "")
        problem = f"names the text of {len(pages)} pages, of which {len(missing)} are not beside it: {first}"
        problems.append(SourceError(path, problem, remedy="put these files where the METS says they are"))
    parts = {found for file in files.values() if (found := find_beside(path, file.href)) is not None}
    records = _make_records(root, path, source, said, pages, [text or "" for text in texts])
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
    root: _Element, path: Path, source: str, said: Description, pages: Sequence[Page], texts: Sequence[str]
) -> Iterator[Record]:
    folder = title_from_name(path.resolve().parent.name)
    collection = said.host or folder
    collection_id = slug(collection) or "objects"
    top = Record(
        id=f"{collection_id}/collection", collection_id=collection_id, level="collection", title=collection,
        collection=collection, source=source,
    )  # fmt: skip
    yield top
    title = ", ".join(filter(None, (said.title or title_from_name(path.stem), said.numbers)))
    own = Record(
        id=f"{collection_id}/{slug(root.get('OBJID') or '') or slug(path.stem) or 'object'}",
        collection_id=collection_id,
        level="file" if "newspaper" in _type(root) else "item",
        title=title,
        collection=collection,
        breadcrumb=(collection,),
        parent_id=top.id,
        position=1,
        dates=said.dates,
        spans=_spans(said),
        call_number=said.call_number,
        identifiers=tuple(dict.fromkeys(filter(None, (fold(root.get("OBJID")), *said.identifiers)))),
        repository=said.repository,
        creator=said.creator,
        names=said.names,
        places=said.places,
        kinds=_kinds(root),
        subjects=said.subjects,
        language=said.language,
        extent=said.extent or (f"{len(pages)} pages" if len(pages) > 1 else ""),
        access=said.access,
        access_from=title if said.access else "",
        use=said.use,
        text="\n".join(filter(None, (said.text, _contents(root, title)))),
        link=said.link,
        source=source,
    )
    yield own
    yield from _make_pages(own, said.title or title, pages, texts)


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


def _spans(said: Description) -> tuple[Span, ...]:
    span = span_of(said.dates) or span_of(said.machine_date)
    return (span,) if span else read_dates(said.dates).spans


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
