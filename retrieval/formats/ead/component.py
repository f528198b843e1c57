"""One EAD component as it describes itself, before anything comes down to it from above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import Dates
from retrieval.formats.containers import Container, read_containers
from retrieval.formats.ead import fields as ead_fields
from retrieval.formats.ead import titles as ead_titles
from retrieval.formats.prose import inline, join_paragraphs, local, paragraphs
from retrieval.records import Level

_COMPONENT = re.compile(r"^c(?:0[1-9]|1[0-2])?$")
_URI_IDS = frozenset({"aspace_uri", "uri", "url", "ark", "handle"})
_SERIES = frozenset("class collection fonds recordgrp series subfonds subgrp subseries".split())
_ITEMS = frozenset({"piece", "document", "photograph"})
_DIGITAL = ("dao", "daogrp", "daoset")
_LABELS = {
    "abstract": "Abstract", "scopecontent": "Scope and content", "bioghist": "Biography or history",
    "arrangement": "Arrangement", "fileplan": "Arrangement", "altformavail": "Other forms available",
    "phystech": "Technical requirements", "otherfindaid": "Other finding aids",
    "relatedmaterial": "Related material", "separatedmaterial": "Separated material",
    "acqinfo": "Acquisition", "custodhist": "Custodial history", "bibliography": "Bibliography",
    "index": "Index", "materialspec": "Material", "physloc": "Location",
    "odd": "", "note": "", "didnote": "",
}  # fmt: skip
"""The elements whose text is read, and no others, with the label their text gets. Appraisal, processing
notes and above all the location of originals are for staff."""
_LAST = frozenset({"acqinfo", "custodhist", "bibliography", "index"})
"""Told after what the material itself is, wherever it stands."""
_UNLABELLED_BELOW = frozenset({"abstract", "scopecontent"})
_WORTH_KNOWING = re.compile(
    r"off-?site|advance|notice|notification|request|restrict|closed|appointment", re.IGNORECASE
)
"""A location is for patrons only where it says what they have to do."""


@dataclass(slots=True)
class Component:
    """What one component says of itself; empty where it says nothing."""

    title: str = ""
    dates: str = ""
    dated: Dates = Dates()
    containers: tuple[Container, ...] = ()
    creator: str = ""
    names: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    authorities: list[tuple[str, str]] = field(default_factory=list)
    language: str = ""
    extent: str = ""
    repository: str = ""
    access: str = ""
    use: str = ""
    preferred_citation: str = ""
    texts: list[tuple[str, str]] = field(default_factory=list)
    link: str = ""
    unit_ids: list[str] = field(default_factory=list)
    uri: str = ""
    components: list[_Element] = field(default_factory=list)

    @property
    def unit_id(self) -> str:
        """The first of its identifiers; "" where it has none."""
        return self.unit_ids[0] if self.unit_ids else ""

    def add_headings(self, headings: ead_fields.Headings) -> None:
        """Take up names, subjects and places."""
        self.names += headings.names
        self.subjects += headings.subjects
        self.places += headings.places
        self.authorities += headings.authorities

    def text(self, *, is_collection: bool = False) -> str:
        """Its notes, a paragraph a line, under labels; plain description below the top has none."""
        lines: list[str] = []
        for kind, text in sorted(self.texts, key=lambda told: told[0] in _LAST):
            label = _LABELS[kind]
            plain = not label or (not is_collection and kind in _UNLABELLED_BELOW)
            lines.append(text if plain else f"{label}: {text}")
        return join_paragraphs(lines)


def read_component(element: _Element) -> Component:
    """Read a `c`, a `c01` or the `archdesc` itself: its `did`, its notes and its index terms."""
    own = Component()
    for name, node in ead_fields.children(element):
        if name == "did":
            _read_did(node, own)
        elif _COMPONENT.match(name):
            own.components.append(node)
        elif name == "dsc":
            own.components += _components_of(node)
        elif name == "accessrestrict":
            own.access = _add(own.access, ead_fields.note_text(node))
        elif name == "userestrict":
            own.use = _add(own.use, ead_fields.note_text(node))
        elif name == "prefercite":
            own.preferred_citation = _add(own.preferred_citation, ead_fields.note_text(node))
        elif name == "controlaccess":
            own.add_headings(ead_fields.read_headings(node))
        elif name in _LABELS:
            _read_note(name, node, own)
        elif name in _DIGITAL:
            own.link = own.link or ead_fields.read_link(node)
    return own


def read_level(element: _Element, own: Component) -> Level:
    """Its level, folded to four; where none is written, what holds components and no box is a series."""
    written = (element.get("level") or "").lower()
    if written in ("otherlevel", ""):
        written = (element.get("otherlevel") or written).lower()
    if written in _SERIES or "series" in written:
        return "series"
    if "item" in written or written in _ITEMS:
        return "item"
    if written == "file":
        return "file"
    return "series" if own.components and not own.containers else "file"


def _components_of(dsc: _Element) -> list[_Element]:
    """Components of a `dsc`, those of one nested in it included.

    Old finding aids list their series twice, as an overview and again with their contents: an
    overview (`analyticover`) beside another `dsc` is passed over.
    """
    if dsc.get("type") == "analyticover" and any(_components_of(other) for other in _siblings(dsc)):
        return []
    found: list[_Element] = []
    for name, node in ead_fields.children(dsc):
        if _COMPONENT.match(name):
            found.append(node)
        elif name == "dsc":
            found += _components_of(node)
    return found


def _siblings(dsc: _Element) -> Iterator[_Element]:
    for other in dsc.getparent():
        if other is not dsc and local(other) == "dsc" and other.get("type") != "analyticover":
            yield other


def _add(before: str, text: str) -> str:
    return f"{before} {text}" if before and text and text not in before else before or text


def _read_note(name: str, node: _Element, own: Component) -> None:
    text = join_paragraphs(paragraphs(node))
    if text:
        own.texts.append((name, text))


def _read_did(did: _Element, own: Component) -> None:
    fields: dict[str, list[_Element]] = {}
    for name, node in ead_fields.children(did):
        fields.setdefault(name, []).append(node)
    get = fields.get
    _read_title(get("unittitle", []), [*get("unitdate", []), *get("unitdatestructured", [])], own)
    if "container" in fields:
        own.containers = read_containers(fields["container"])
    extents = [node for name in ("physdesc", "physdescset", "physdescstructured") for node in get(name, ())]
    own.extent = ead_fields.read_extent(extents) if extents else ""
    if "origination" in fields:
        own.creator = ead_fields.read_creator(fields["origination"])
        for node in fields["origination"]:
            own.add_headings(ead_fields.read_headings(node))
    if "langmaterial" in fields:
        own.language = ead_fields.read_languages(fields["langmaterial"])
    if "repository" in fields:
        own.repository = ead_fields.read_repository(fields["repository"][0])
    for node in get("unitid", ()):
        _read_unit_id(node, own)
    for name in ("abstract", "materialspec", "note", "didnote", "odd"):
        for node in get(name, ()):
            _read_note(name, node, own)
    for node in get("physloc", ()):
        if _WORTH_KNOWING.search(inline(node)):
            _read_note("physloc", node, own)
    for node in (node for name in _DIGITAL for node in get(name, ())):
        own.link = own.link or ead_fields.read_link(node)


def _read_title(titles: list[_Element], dates: list[_Element], own: Component) -> None:
    for title in titles:
        if len(title):
            inside = [node for node in title.iter(etree.Element) if local(node) == "unitdate"]
            dates = inside + dates
            named = ead_fields.read_headings(title)
            own.add_headings(replace(named, subjects=[]))
    own.title = ead_titles.read_title(titles)
    if dates:
        own.dates, own.dated = ead_titles.read_unit_dates(dates)


def _read_unit_id(node: _Element, own: Component) -> None:
    text = inline(node)
    if not text:
        return
    if (node.get("type") or node.get("localtype") or "") in _URI_IDS:
        own.uri = own.uri or text
    else:
        own.unit_ids.append(text)
