"""MODS, as digital collections export it. Elements: https://www.loc.gov/standards/mods/userguide/."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import find_address, strip_heading
from retrieval.formats.catalogue.xml import Values, attribute, find
from retrieval.formats.languages import name_languages
from retrieval.formats.mods import holding, parts, rights
from retrieval.formats.prose import local

_NOTE_LABELS = {
    "biographical/historical": "Biography or history", "bibliography": "Bibliography",
    "arrangement": "Arrangement", "organization": "Arrangement",
    "statement of responsibility": "Responsibility", "performers": "Performers",
    "venue": "Date and place of event", "handwritten": "Handwritten", "exhibitions": "Exhibitions",
    "source note": "Source", "additional physical form": "Other forms available", "ownership": "",
    "language": "Language", "publications": "Publications about it", "funding": "",
}  # fmt: skip
_NOT_FOR_PATRONS = frozenset(
    {"acquisition", "action", "admin", "internal", "staff", "processing", "digitization", "leader"}
    | {"agencyresponsible", "aboutreproduction", "version"}
)
_CITATION = frozenset(
    {"preferred citation", "preferredcitation", "citation/reference", "citation", "cite as"}
)
_LONGEST_OWNER = 160
"""What is longer tells of former owners."""
_OWNERS = frozenset({"ownership", "owner", "repository"})
_NUMBERS = (
    "call number",
    "callnumber",
    "shelfmark",
    "local",
    "accession number",
    "accession",
    "reference",
    "",
)
_EXACT = re.compile(r"^(?:https?:|oai:|urn:|ark:|hdl:|doi:)", re.IGNORECASE)
_POOR_LINK = re.compile(r"preview|raw|thumb|manifest", re.IGNORECASE)


def find_mods(root: _Element) -> Iterator[_Element]:
    """The `mods` elements of a document, in order."""
    return (node for node in root.iter(etree.Element) if local(node) == "mods")


def read_mods(element: _Element) -> tuple[Entry, bool]:
    """The entry of one `mods`, and whether some of its text had been encoded twice."""
    values = Values()
    entry = Entry()
    _read_texts(element, values, entry)
    _read_titles(element, values, entry)
    _read_physical(element, values, entry)
    parts.read_origin(element, values, entry)
    parts.read_names(element, values, entry)
    parts.read_subjects(element, values, entry)
    _read_identifiers(element, values, entry)
    holding.read_location(element, values, entry)
    holding.read_related(element, values, entry)
    rights.read_rights(element, values, entry)
    if entry.level == "collection":
        entry.host = ""
    numbers = {kind: text for kind, text in reversed(_typed_identifiers(element, values))}
    entry.call_number = entry.call_number or next((numbers[kind] for kind in _NUMBERS if kind in numbers), "")
    languages = [
        text
        for node in find(element, "language")
        for term in find(node, "languageterm")
        if (text := values.text(term))
    ]
    entry.language = name_languages(languages)
    return entry, values.repaired


def _read_titles(element: _Element, values: Values, entry: Entry) -> None:
    others: list[str] = []
    for node in find(element, "titleinfo"):
        title = parts.join_title(node, values)
        if title and not entry.title and not node.get("type"):
            entry.title = title
        elif title:
            others.append(title)
    entry.title = entry.title or (others.pop(0) if others else "")
    entry.texts += [("Other title", title) for title in others]


def _read_texts(element: _Element, values: Values, entry: Entry) -> None:
    entry.texts += [("Abstract", text) for text in values.texts(element, "abstract")]
    entry.texts += [("Contents", text) for text in values.texts(element, "tableofcontents")]
    for node in find(element, "note"):
        kind = (node.get("type") or node.get("displayLabel") or "").strip().lower()
        text = values.text(node)
        if len(text) < 3 or any(word in kind for word in _NOT_FOR_PATRONS):
            continue
        if kind in _CITATION:
            entry.preferred_citation = entry.preferred_citation or text
        elif kind in _OWNERS and len(text) <= _LONGEST_OWNER:
            entry.repository = entry.repository or strip_heading(text)
        elif kind.startswith("source") and not entry.host and parts.names_collection(text):
            entry.host = strip_heading(text)
        else:
            label = node.get("displayLabel") or _NOTE_LABELS.get(kind, "")
            entry.texts.append((label, text))


def _read_physical(element: _Element, values: Values, entry: Entry) -> None:
    extents: list[str] = []
    for node in find(element, "physicaldescription"):
        extents += values.texts(node, "extent")
        entry.subjects += [strip_heading(text) for text in values.texts(node, "form")]
        entry.texts += [("Material", text) for text in values.texts(node, "note")]
    entry.extent = "; ".join(dict.fromkeys(extents))


def _typed_identifiers(element: _Element, values: Values) -> list[tuple[str, str]]:
    found = [
        ((node.get("type") or "").strip().lower(), values.text(node))
        for node in find(element, "identifier")
        if node.get("invalid") != "yes"
    ]
    return [(kind, text) for kind, text in found if text and not _EXACT.match(text)]


def _read_identifiers(element: _Element, values: Values, entry: Entry) -> None:
    given = [text for node in find(element, "identifier") if (text := values.text(node))]
    given += [text for info in find(element, "recordinfo") for text in values.texts(info, "recordidentifier")]
    entry.identifiers = given
    plain = [text for text in given if not find_address(text) and not text.startswith("oai:")]
    entry.id = next(iter([*plain, *given]), "")
    links: list[tuple[int, str]] = []
    for node in find(element, "location"):
        for url in find(node, "url"):
            address = find_address(values.text(url))
            said = " ".join(attribute(url, name) for name in ("access", "note", "displayLabel"))
            if address:
                rank = (
                    0
                    if (url.get("usage") or "").startswith("primary")
                    else 3
                    if _POOR_LINK.search(said)
                    else 1
                )
                links.append((rank, address))
    links += [(2, address) for text in given if (address := find_address(text))]
    entry.link = min(links, default=(0, ""), key=lambda link: link[0])[1]
