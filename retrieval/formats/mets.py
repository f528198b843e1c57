"""METS: a digital object as one record, with a record for each page that has text.

The text lies in ALTO or plain text files beside the METS, which names them; they are read with it. Files
are looked for in its own folder and below, nowhere else, and no address is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import read_dates
from retrieval.errors import SourceError
from retrieval.formats.alto import read_pages
from retrieval.formats.identifiers import make_unique, slug
from retrieval.formats.iso_dates import span_of
from retrieval.formats.mets_description import Description, page_number, read_description
from retrieval.formats.plain_text import read_text, title_from_name
from retrieval.formats.prose import fold, local
from retrieval.formats.xml import parse_xml
from retrieval.records import Kind, Record
from retrieval.spans import Span

_ROOT = re.compile(rb"<(?:[\w.-]+:)?mets[\s>]")
_HEAD = 4096
_HREF = "{http://www.w3.org/1999/xlink}href"
_TEXT_USE = re.compile(r"ocr|alto|fulltext|text", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|html?)(?:$|\?)|/full/", re.IGNORECASE)
_WEB = ("http://", "https://")
_READ_TOGETHER = frozenset({".xml", ".txt", ".pdf"})


@dataclass(frozen=True, slots=True)
class MetsReading:
    """Collection, object and pages; `parts` are the files beside it that were read as its pages."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]
    parts: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _File:
    href: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class _Page:
    label: str
    files: tuple[_File, ...]


def is_mets(path: Path) -> bool:
    """Whether a file is METS, by its first lines: it has to be read before the files that it names."""
    try:
        with path.open("rb") as stream:
            return bool(_ROOT.search(stream.read(_HEAD)))
    except OSError:
        return False


def read_mets(root: _Element, path: Path, source: str) -> MetsReading:
    """Records of a parsed METS file. Pages whose text is missing are left out and reported once."""
    sections = {node.get("ID", ""): node for node in root if local(node) == "dmdsec"}
    files = _read_files(root)
    label = fold(root.get("LABEL"))
    said = read_description(_own_sections(root, sections), label)
    pages = list(_read_pages(root, sections, files))
    problems: list[SourceError] = []
    texts = [_read_page_text(page, path, problems) for page in pages]
    missing = [page for page, text in zip(pages, texts, strict=True) if text is None]
    if missing:
        first = next((file.href for file in missing[0].files if file.is_text), "")
        problem = f"names the text of {len(pages)} pages, of which {len(missing)} are not beside it: {first}"
        problems.append(SourceError(path, problem, remedy="put these files where the METS says they are"))
    parts = {found for file in files.values() if (found := _beside(path, file.href)) is not None}
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


def _read_files(root: _Element) -> dict[str, _File]:
    """Files by id. What holds text is told by its use, the group's use, or its type."""
    found: dict[str, _File] = {}
    for node in root.iter(etree.Element):
        if local(node) != "file":
            continue
        above = node.getparent()
        said = " ".join(filter(None, (node.get("USE"), above.get("USE") if above is not None else "")))
        href = next((child.get(_HREF, "") for child in node if local(child) == "flocat"), "")
        kind = (node.get("MIMETYPE") or "").lower()
        texts = href.lower().endswith((".xml", ".txt")) or kind in {
            "text/xml",
            "application/xml",
            "text/plain",
        }
        named = bool(_TEXT_USE.search(f"{said} {node.get('ID') or ''}")) or "alto" in href.lower()
        found[node.get("ID", "")] = _File(href.strip(), texts and named)
    return found


def _read_pages(root: _Element, sections: dict[str, _Element], files: dict[str, _File]) -> Iterator[_Page]:
    """Pages in their order: those of the physical structure, else of whichever names pages."""
    structures = [node for node in root if local(node) == "structmap"]
    structures.sort(key=lambda node: (node.get("TYPE") or "").upper() != "PHYSICAL")
    for structure in structures:
        divisions = [node for node in structure.iter(etree.Element) if local(node) == "div"]
        pages = [node for node in divisions if "page" in (node.get("TYPE") or "").lower().split(":")[-1]]
        pages = pages or [node for node in divisions if any(local(child) == "fptr" for child in node)]
        if pages:
            pages.sort(
                key=lambda node: int(node.get("ORDER") or 0) if (node.get("ORDER") or "").isdigit() else 0
            )
            for number, node in enumerate(pages, start=1):
                pointers = (part.get("FILEID") or "" for part in node.iter(etree.Element))
                named = tuple(dict.fromkeys(files[key] for key in pointers if key in files))
                yield _Page(_label(node, sections, number), named)
            return


def _label(page: _Element, sections: dict[str, _Element], number: int) -> str:
    """What a page is called: its printed number, else its own label, else which image it is."""
    printed = fold(page.get("ORDERLABEL"))
    if not re.search(r"\w", printed):
        numbers = (page_number(sections[key]) for key in (page.get("DMDID") or "").split() if key in sections)
        printed = next((text for text in numbers if text), "")
    if printed:
        return (
            f"page {printed}"
            if re.match(r"^[\[(]?[\divxlc]+[rv]?[\])]?$", printed, re.IGNORECASE)
            else printed
        )
    own = fold(page.get("LABEL"))
    return own if re.search(r"\w", own) else f"image {number}"


def _read_page_text(page: _Page, path: Path, problems: list[SourceError]) -> str | None:
    """The words of a page, "" where none are named or found; None where the file is missing."""
    named = [file for file in page.files if file.is_text]
    for file in named:
        beside = _beside(path, file.href)
        if beside is None:
            continue
        try:
            if beside.suffix.lower() == ".txt":
                return fold(read_text(beside)[0].replace("-\n", ""))
            return "\n".join(part.text for part in read_pages(parse_xml(beside).root) if part.text)
        except SourceError as error:
            problems.append(error)
            return ""
    return None if named else ""


def _beside(path: Path, href: str) -> Path | None:
    """The file that is meant, where it lies in the folder of the METS or below it."""
    plain = unquote(href.removeprefix("file:").lstrip("/") if href.startswith("file:") else href)
    if not plain or "://" in plain or "\x00" in plain or Path(plain).suffix.lower() not in _READ_TOGETHER:
        return None
    folder = path.resolve().parent
    wanted = (folder / plain).resolve()
    if not wanted.is_relative_to(folder) or wanted == path.resolve() or not wanted.is_file():
        return None
    return path.parent / wanted.relative_to(folder)


def _make_records(
    root: _Element, path: Path, source: str, said: Description, pages: Sequence[_Page], texts: Sequence[str]
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


def _make_pages(own: Record, title: str, pages: Sequence[_Page], texts: Sequence[str]) -> Iterator[Record]:
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
            link=_page_link(page),
            source=own.source,
        )


def _page_link(page: _Page) -> str:
    """An address at which the page can be seen, where the METS gives one."""
    web = [file.href for file in page.files if file.href.startswith(_WEB) and not file.is_text]
    return next((href for href in web if _PICTURE.search(href)), web[0] if web else "")


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
