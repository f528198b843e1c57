"""Manuscript descriptions in TEI (msDesc): what is in a volume, how it looks, where it has been.

One record for the manuscript, and one for each part or work in it where there are several. Only the
elements named here are read: the history of the record itself and what others have written about the
manuscript are not about the material.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.prose import fold, inline, join_paragraphs, local
from retrieval.formats.tei.dates import TeiDate, read_dates
from retrieval.formats.tei.header import Holding, children_named, read_holding
from retrieval.formats.tei.people import Named, Register, read_parties, read_places

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_LABELS = {
    "summary": "Summary", "support": "Material", "extent": "Extent", "foliation": "Foliation",
    "collation": "Collation", "condition": "Condition", "layout": "Layout", "handnote": "Hand",
    "scriptnote": "Script", "deconote": "Decoration", "additions": "Additions", "binding": "Binding",
    "seal": "Seal", "accmat": "Accompanying material", "musicnotation": "Music notation", "origin": "Origin",
    "provenance": "Provenance", "acquisition": "Acquisition",
}  # fmt: skip
_ITEM = ("title", "rubric", "incipit", "explicit", "colophon", "finalrubric", "note", "quote")
_ITEM_LABELS = {
    "incipit": "Incipit",
    "explicit": "Explicit",
    "rubric": "Rubric",
    "colophon": "Colophon",
    "finalrubric": "Final rubric",
}
_APART = frozenset({"p", "watermark", "note", "item", "locus", "measure", "term"})
_WORD = re.compile(r"[^\W\d]{2}")


@dataclass(frozen=True, slots=True)
class Part:
    """A work in a manuscript: its title, its author, the leaves it stands on, and what is said of it."""

    id: str
    title: str
    locus: str
    text: str
    authors: tuple[Named, ...] = ()
    dates: TeiDate = TeiDate()


@dataclass(frozen=True, slots=True)
class Manuscript:
    """A manuscript as described, and its parts where there are several."""

    title: str
    text: str
    dates: TeiDate
    places: tuple[Named, ...]
    people: tuple[Named, ...]
    authors: tuple[Named, ...]
    language: str
    extent: str
    holding: Holding
    parts: tuple[Part, ...]


def read_manuscript(described: _Element, register: Register) -> Manuscript:
    """Read one `msDesc`."""
    items = [_read_item(node, register) for node in _top_items(described)]
    history = list(children_named(described, "history"))
    origin = [node for part in history for node in children_named(part, "origin")]
    lines = [f"{_LABELS[local(node)]}: {_phrase(node)}" for node in _labelled(described) if _phrase(node)]
    stated = [inline(node) or node.get("mainLang", "") for node in children_named(described, "textlang")]
    contents = [_describe_item(item) for item in items]
    authors = tuple(dict.fromkeys(author for item in items for author in item.authors))
    return Manuscript(
        title=_title(described, items),
        text=join_paragraphs([*lines[:1], *contents, *lines[1:]]),
        dates=read_dates(node for part in origin for node in children_named(part, "origdate")),
        places=tuple(named for part in origin for named in read_places(part, register)),
        people=tuple(dict.fromkeys(named for part in history for named in read_parties(part, register))),
        authors=authors,
        language=", ".join(dict.fromkeys(filter(None, stated))),
        extent=next((_size(node) for node in children_named(described, "extent") if _size(node)), ""),
        holding=read_holding(described),
        parts=tuple(items) if len(items) > 1 else (),
    )


def _top_items(described: _Element) -> Iterator[_Element]:
    """Works, those inside a work or a part of the volume left to it."""
    for node in children_named(described, "msitem", "msitemstruct"):
        above = node.getparent()
        while above is not None and above is not described and local(above) not in {"msitem", "msitemstruct"}:
            above = above.getparent()
        if above is described:
            yield node


def _labelled(described: _Element) -> Iterator[_Element]:
    """What is described under a heading of its own, once each: the innermost such element."""
    for node in children_named(described, *_LABELS):
        inside = any(other is not node for other in children_named(node, *_LABELS))
        if not inside or local(node) == "summary":
            yield node


def _read_item(item: _Element, register: Register) -> Part:
    titles = [text for text in (inline(node) for node in item if local(node) == "title") if text]
    authors = [
        Named(inline(node), node.get("ref") or node.get("key") or "")
        for node in item
        if local(node) == "author" and inline(node)
    ]
    loci = [inline(node) for node in item if local(node) in {"locus", "locusgrp"}]
    texts = [
        f"{_ITEM_LABELS[name]}: {inline(node)}" if (name := local(node)) in _ITEM_LABELS else inline(node)
        for node in item
        if local(node) in _ITEM and local(node) != "title" and inline(node)
    ]
    below = [_describe_item(_read_item(node, register)) for node in item if local(node) == "msitem"]
    return Part(
        id=item.get(_XML_ID) or item.get("n") or "",
        title="; ".join(titles),
        locus=next((locus for locus in loci if locus), ""),
        text=join_paragraphs([*texts, *below]),
        authors=tuple(authors),
        dates=read_dates(node for node in item if local(node) in {"origdate", "docdate"}),
    )


def _describe_item(item: Part) -> str:
    writers = ", ".join(author.name for author in item.authors)
    head = ": ".join(part for part in (writers, item.title) if part)
    head = f"{head} ({item.locus})" if head and item.locus else head or item.locus
    return f"{head}. {' '.join(item.text.splitlines())}".strip(". ") if item.text else head


def _title(described: _Element, items: list[Part]) -> str:
    """What the manuscript is called: its own heading or title, its summary, or the works in it."""
    for name in ("head", "title", "summary"):
        for node in children_named(described, name):
            above = local(node.getparent()) if node.getparent() is not None else ""
            if above in {"msdesc", "mscontents", "head"} and 0 < len(inline(node)) <= 160:
                return inline(node)
    named = [_describe_item(Part("", item.title, "", "", item.authors)) for item in items if item.title]
    shown = "; ".join(named[:3]) + (f"; and {len(named) - 3} more" if len(named) > 3 else "")
    return shown


def _size(node: _Element) -> str:
    """Extent without the dimensions that hang on it."""
    own = " ".join((node.text or "").split()).rstrip(" .;,")
    return own or inline(node)


def _phrase(node: _Element) -> str:
    """Text of an element without bare numbers, which mean nothing once their labels are gone."""
    parts = [node.text or ""]
    walker = etree.iterwalk(node, events=("start", "end"))
    for event, inner in walker:
        if inner is node:
            continue
        if event == "end":
            parts.append(inner.tail or "")
        elif local(inner) in {"dimensions", "dim"} or (
            local(inner) == "measure" and not _WORD.search(inline(inner))
        ):
            walker.skip_subtree()
        else:
            parts.append(f" {inner.text or ''}" if local(inner) in _APART else inner.text or "")
    return fold("".join(parts))
