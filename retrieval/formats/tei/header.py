"""What the header of a TEI file says of the material: edition, holder, call number, licence, language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.prose import drop_full_stop, inline, local, paragraphs
from retrieval.formats.rights import split_rights

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_LONGEST_LICENCE = 400
_WEB = ("http://", "https://")
_DAYS = frozenset({"iso-date", "when-iso"})
_ISO_DATE = re.compile(r"\d{4}(?:-\d\d){0,2}")
_NO_SERIES = frozenset({"sub", "subordinate", "alt", "short", "filing", "sort", *_DAYS})
_COUNTED = {
    "blatt": "Blatt", "bl": "Blatt", "seite": "Seiten", "seiten": "Seiten", "leaf": "leaves",
    "leaves": "leaves", "page": "pages", "pages": "pages", "folio": "folios", "folios": "folios",
    "ff": "folios", "sheet": "sheets", "sheets": "sheets", "feuillet": "feuillets", "item": "items",
    "items": "items",
}  # fmt: skip
_ONE = {
    "Seiten": "Seite",
    "leaves": "leaf",
    "pages": "page",
    "folios": "folio",
    "sheets": "sheet",
    "items": "item",
}


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds the original, under what number, and under what conditions."""

    repository: str = ""
    collection: str = ""
    call_number: str = ""
    other_numbers: tuple[str, ...] = ()
    extent: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """Facts of one TEI header, "" where it is silent; `day` is the one that the text is filed under."""

    xml_id: str = ""
    title: str = ""
    day: str = ""
    author: str = ""
    collection: str = ""
    about: str = ""
    access: str = ""
    use: str = ""
    language: str = ""
    abstract: str = ""
    identifiers: tuple[str, ...] = ()
    link: str = ""
    subjects: tuple[str, ...] = ()
    holding: Holding = Holding()


def read_header(tei: _Element) -> Header:
    """Read the `teiHeader` of a `TEI` or `teiCorpus`; an empty Header where there is none."""
    header = next((child for child in tei if local(child) == "teiheader"), None)
    if header is None:
        return Header()
    numbers = list(_numbers(header))
    access, use = split_rights(filter(None, [_availability(header)]))
    web = [value for value in numbers if value.startswith(_WEB)]
    return Header(
        xml_id=tei.get(_XML_ID, ""),
        title=_title(header),
        day=next((inline(node) for node in _within(header, "titlestmt", "title") if _is_day(node)), ""),
        author="; ".join(dict.fromkeys(filter(None, map(inline, _within(header, "titlestmt", "author"))))),
        collection=_collection(header),
        about=_first_text(header, "projectdesc") or _first_text(header, "seriesstmt"),
        access=access,
        use=use,
        language=_language(header),
        abstract=_first_text(header, "abstract"),
        identifiers=tuple(dict.fromkeys(filter(None, [tei.get(_XML_ID, ""), *numbers]))),
        link=web[0] if web else _facsimile(tei),
        subjects=tuple(dict.fromkeys(filter(None, map(inline, _within(header, "textclass", "term"))))),
        holding=read_holding(header),
    )


def read_holding(element: _Element) -> Holding:
    """The first `msIdentifier` inside, with the extent and conditions that stand beside it."""
    identifier = next((node for node in element.iter(etree.Element) if local(node) == "msidentifier"), None)
    if identifier is None:
        return Holding(extent=_extent(element))
    described = identifier.getparent()
    if described is None:
        described = element
    own = {name: inline(node) for node in reversed(identifier) if (name := local(node)) and inline(node)}
    shelfmarks = [node for node in identifier if local(node) == "idno" and inline(node)]
    shelfmarks.sort(key=lambda node: node.get("type") not in {"shelfmark", "signature", "callNumber"})
    numbers = [inline(node) for node in shelfmarks]
    others = [inline(node) for node in identifier.iter(etree.Element) if local(node) == "idno"]
    holder = ". ".join(dict.fromkeys(own[key] for key in ("institution", "repository") if own.get(key)))
    place = own.get("settlement", "")
    return Holding(
        repository=f"{holder}, {place}" if holder and place and place not in holder else holder or place,
        collection=own.get("collection", ""),
        call_number=numbers[0] if numbers else "",
        other_numbers=tuple(dict.fromkeys(value for value in others if value and value not in numbers[:1])),
        extent=_extent(described.getparent() if local(described) == "msdesc" else described),
        access=_access(described),
    )


def children_named(element: _Element, *names: str) -> Iterator[_Element]:
    """Descendants with one of these local names, in document order."""
    return (node for node in element.iter(etree.Element) if local(node) in names)


def _within(header: _Element, outer: str, inner: str) -> Iterator[_Element]:
    for node in children_named(header, outer):
        yield from children_named(node, inner)


def _title(header: _Element) -> str:
    """The title of the text itself: one of article level, else the first that is no series or sort title."""
    titles = [node for node in _within(header, "titlestmt", "title") if inline(node)]
    own = [node for node in titles if node.get("level") == "a"] or [
        node
        for node in titles
        if node.get("level") != "s" and node.get("type") not in _NO_SERIES | {"collection"}
    ]
    return drop_full_stop(inline(own[0])) if own else ""


def _is_day(title: _Element) -> bool:
    return title.get("type") in _DAYS and bool(_ISO_DATE.fullmatch(inline(title)))


def _collection(header: _Element) -> str:
    """The edition or collection that a text is part of."""
    titles = list(_within(header, "titlestmt", "title")) + list(_within(header, "seriesstmt", "title"))
    series = [node for node in titles if node.get("level") == "s"]
    series += [node for node in titles if node.get("type") == "collection"]
    series += [
        node
        for node in _within(header, "seriesstmt", "title")
        if node.get("level") in {None, "s"} and node.get("type") not in _NO_SERIES
    ]
    return next((drop_full_stop(text) for text in map(inline, series) if text), "")


def _availability(header: _Element) -> str:
    """The licence of the edition: its words, or only its address where they go on for a page."""
    for statement in children_named(header, "publicationstmt"):
        for node in children_named(statement, "availability"):
            words = " ".join(paragraphs(node))
            targets = [licence.get("target", "") for licence in children_named(node, "licence")]
            web = [target for target in targets if target.startswith(_WEB)]
            if web and (not words or len(words) > _LONGEST_LICENCE):
                return f"Licence of the edition: {web[0]}"
            return f"{words} ({web[0]})" if web and web[0] not in words else words
    return ""


def _access(described: _Element) -> str:
    """Conditions on the manuscript itself, told in its description; not the licence of the edition."""
    for info in children_named(described, "admininfo"):
        for node in children_named(info, "availability"):
            words = " ".join(paragraphs(node))
            return words or ("Restricted" if node.get("status") == "restricted" else "")
    return ""


def _language(header: _Element) -> str:
    stated = list(_within(header, "langusage", "language"))
    return ", ".join(dict.fromkeys(inline(node) or node.get("ident") or "" for node in stated)).strip(", ")


def _numbers(header: _Element) -> Iterator[str]:
    """Identifiers of the file itself; those of its publisher and of books it cites are none of it."""
    for statement in children_named(header, "publicationstmt"):
        for node in children_named(statement, "idno"):
            if (
                node.get("type")
                and re.search(r"\d", inline(node))
                and node.get("type") not in {"catalogue", "isbn", "ISBN"}
            ):
                yield inline(node)


def _first_text(header: _Element, name: str) -> str:
    return next((text for node in children_named(header, name) if (text := " ".join(paragraphs(node)))), "")


def _facsimile(tei: _Element) -> str:
    for child in tei:
        if local(child) == "facsimile":
            urls = (node.get("url", "") for node in children_named(child, "graphic"))
            return next((url for url in urls if url.startswith(_WEB)), "")
    return ""


def _extent(element: _Element | None) -> str:
    """What kind of object it is and how much of it: "Brief; 1 Blatt, 2 Seiten"."""
    if element is None:
        return ""
    kinds = []
    for node in children_named(element, "objecttype"):
        said = node.get("ana") or node.get("corresp") or node.get("key") or ""
        kinds.append(inline(node) or ("" if re.search(r"[#:/]", said) else said.capitalize()))
    measures = []
    for node in children_named(element, "extent"):
        counted = [text for text in map(_measure, children_named(node, "measure")) if text]
        measures.append(", ".join(counted) or inline(node))
    return "; ".join(dict.fromkeys(part for part in (*kinds, *measures[:1]) if part))


def _measure(node: _Element) -> str:
    unit = _COUNTED.get((node.get("unit") or "").lower().rstrip("."))
    number = node.get("quantity") or ""
    return inline(node) or (
        f"{number} {_ONE.get(unit, unit) if number == '1' else unit}" if unit and number else ""
    )
