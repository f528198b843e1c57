"""ALTO: the words that OCR found on a page, in reading order, a block a paragraph.

Words parted at a line's end are put together again: by SUBS_CONTENT where the file says the whole word,
else at a HYP or a hyphen before a small letter (ALTO 2.0 to 4, all namespaces).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.identifiers import slug
from retrieval.formats.plain_text import title_from_name
from retrieval.formats.prose import fold, local
from retrieval.records import Record

_MARGINS = frozenset({"topmargin", "leftmargin", "rightmargin", "bottommargin"})
_PARTED = re.compile(r"[^\W\d_]{2,}[-¬\u00ad]$")


@dataclass(frozen=True, slots=True)
class AltoReading:
    """A collection named after the folder, and one record per page."""

    records: tuple[Record, ...]
    problems: tuple[SourceError, ...]


@dataclass(frozen=True, slots=True)
class AltoPage:
    """A page: its printed number, or else that of its image ("" for neither), its text and its language."""

    number: str
    text: str
    language: str = ""


def read_pages(root: _Element) -> list[AltoPage]:
    """The pages of a parsed ALTO file, usually one."""
    return [_read_page(node) for node in root.iter(etree.Element) if local(node) == "page"]


def read_alto(root: _Element, path: Path, source: str) -> AltoReading:
    """Records of an ALTO file that no METS names. Raises SourceError where there are no words in it."""
    pages = read_pages(root)
    if not any(page.text for page in pages):
        raise SourceError(
            path,
            "is ALTO without any text",
            line=root.sourceline,
            remedy="run the OCR again, or leave it out",
        )
    collection = title_from_name(path.resolve().parent.name)
    collection_id, name = slug(collection) or "pages", slug(path.stem) or "page"
    top = Record(
        id=f"{collection_id}/collection", collection_id=collection_id, level="collection", title=collection,
        collection=collection, source=source,
    )  # fmt: skip
    items = [
        Record(
            id=f"{collection_id}/{name}" + (f"-{number}" if len(pages) > 1 else ""),
            collection_id=collection_id,
            level="item",
            title=f"{title_from_name(path.stem)}, page {page.number or number}"
            if len(pages) > 1
            else title_from_name(path.stem),
            collection=collection,
            breadcrumb=(collection,),
            parent_id=top.id,
            position=number,
            language=page.language,
            text=page.text,
            transcribed=True,
            source=source,
        )
        for number, page in enumerate(pages, start=1)
        if page.text
    ]
    return AltoReading((top, *items), ())


def _read_page(page: _Element) -> AltoPage:
    blocks = [node for node in page.iter(etree.Element) if local(node) == "textblock"]
    inside = [node for node in blocks if not _in_margin(node, page)]
    texts = _read_blocks(inside) or _read_blocks(blocks)
    languages = (node.get("LANG") or node.get("language") or "" for node in (page, *blocks))
    number = fold(page.get("PRINTED_IMG_NR") or page.get("PHYSICAL_IMG_NR"))
    return AltoPage(number, "\n".join(texts), next(filter(None, languages), ""))


def _in_margin(block: _Element, page: _Element) -> bool:
    above = block.getparent()
    while above is not None and above is not page:
        if local(above) in _MARGINS:
            return True
        above = above.getparent()
    return False


def _read_blocks(blocks: Sequence[_Element]) -> list[str]:
    """Texts of blocks; a word parted at the end of one goes on in the next if that begins small."""
    texts: list[str] = []
    goes_on = False
    for block in blocks:
        text, parted = _read_block(block)
        if not text:
            continue
        if goes_on and text[:1].islower():
            texts[-1] += text
        else:
            texts.append(text)
        goes_on = parted
    return texts


def _read_block(block: _Element) -> tuple[str, bool]:
    """Text of a block, and whether its last word is parted."""
    words: list[str] = []
    parted = False
    for line in block.iter(etree.Element):
        if local(line) != "textline":
            continue
        fresh = True
        for word, whole in _words(line):
            broken = parted or bool(words and word[:1].islower() and _PARTED.search(words[-1]))
            if fresh and words and broken and not whole:
                words[-1] = words[-1].rstrip("-¬\u00ad") + word
            else:
                words.append(word)
            fresh = False
        if not fresh:
            last = line[-1] if len(line) else None
            parted = last is not None and local(last) == "hyp" and not _is_whole(line)
    return fold(" ".join(words)), parted


def _words(line: _Element) -> Iterator[tuple[str, bool]]:
    """Words of a line; one that is whole by SUBS_CONTENT stands on the line where it begins."""
    for node in line:
        if local(node) != "string":
            continue
        content, whole = node.get("CONTENT") or "", node.get("SUBS_CONTENT") or ""
        part = (node.get("SUBS_TYPE") or "").lower()
        if whole and part == "hyppart1":
            yield whole, True
        elif content and not (whole and part == "hyppart2"):
            yield content, False


def _is_whole(line: _Element) -> bool:
    """Whether the last word of a line has been written out whole."""
    strings = [node for node in line if local(node) == "string"]
    return bool(strings and strings[-1].get("SUBS_CONTENT"))
