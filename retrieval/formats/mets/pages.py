"""The pages that a METS file lists, and the words of each, from the files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.mets.alto import read_pages
from retrieval.formats.mets.description import page_number
from retrieval.formats.plain_text import read_text
from retrieval.formats.prose import fold, local
from retrieval.formats.xml import parse_xml

_HREF = "{http://www.w3.org/1999/xlink}href"
_TEXT_USE = re.compile(r"ocr|alto|fulltext|text", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|webp|html?)(?:$|\?)|/full/", re.IGNORECASE)
_WEB = ("http://", "https://")
_READ_TOGETHER = frozenset({".xml", ".txt", ".pdf"})


@dataclass(frozen=True, slots=True)
class PageFile:
    href: str
    is_text: bool


@dataclass(frozen=True, slots=True)
class Page:
    label: str
    files: tuple[PageFile, ...]


def read_files(root: _Element) -> dict[str, PageFile]:
    """Files by id. What holds text is told by its use, the group's use, or its type."""
    found: dict[str, PageFile] = {}
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
        found[node.get("ID", "")] = PageFile(href.strip(), texts and named)
    return found


def list_pages(root: _Element, sections: dict[str, _Element], files: dict[str, PageFile]) -> Iterator[Page]:
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
                yield Page(_label(node, sections, number), named)
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


def read_page_text(page: Page, path: Path, problems: list[SourceError]) -> str | None:
    """The words of a page, "" where none are named or found; None where the file is missing."""
    named = [file for file in page.files if file.is_text]
    for file in named:
        beside = find_beside(path, file.href)
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


def find_beside(path: Path, href: str) -> Path | None:
    """The file that is meant, where it lies in the folder of the METS or below it."""
    plain = unquote(href.removeprefix("file:").lstrip("/") if href.startswith("file:") else href)
    if not plain or "://" in plain or "\x00" in plain or Path(plain).suffix.lower() not in _READ_TOGETHER:
        return None
    folder = path.resolve().parent
    wanted = (folder / plain).resolve()
    if not wanted.is_relative_to(folder) or wanted == path.resolve() or not wanted.is_file():
        return None
    return path.parent / wanted.relative_to(folder)


def link_of(page: Page) -> str:
    """An address at which the page can be seen, where the METS gives one."""
    web = [file.href for file in page.files if file.href.startswith(_WEB) and not file.is_text]
    return next((href for href in web if _PICTURE.search(href)), web[0] if web else "")
