"""What a METS file says of its object as a whole: the MODS, MARC or Dublin Core in it, and its own labels."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.dublin_core import find_dublin_core, read_dublin_core
from retrieval.formats.marc.files import read_marc_entry
from retrieval.formats.marc.marcxml import is_marc
from retrieval.formats.mods.entry import read_mods
from retrieval.formats.prose import inline, local
from retrieval.formats.rights import name_rights, split_rights

_DATE_IN_LABEL = re.compile(r"[\s,;(\[]+(\d{4}-\d\d(?:-\d\d)?)[)\]]?$")
_SHORT = {"volume": "vol.", "issue": "no.", "number": "no.", "part": "part"}
_RIGHTS = frozenset({"rightsdeclaration", "constraintdescription", "license", "accesscondition"})


def read_description(sections: Sequence[_Element], label: str, rights: Sequence[_Element] = ()) -> Entry:
    """Read the sections that describe the object; a label such as "The Star, 1866-04-30" gives the rest.

    `rights` are the rights sections, which also name the owner. What has no title of its own is a part of
    what the label names.
    """
    entry = _read_sections(sections)
    dated = _DATE_IN_LABEL.search(label)
    bare = label[: dated.start()].strip(" ,;(") if dated else label
    if dated:
        entry.dates = entry.dates or dated[1]
        entry.host = entry.host or ("" if entry.title else bare)
    entry.title = entry.title or bare
    for host in _hosts(sections):
        numbers = (node for name in ("identifier", "recordidentifier") for node in _find(host, name))
        entry.identifiers += filter(None, map(inline, numbers))
    _add_rights(entry, rights)
    return entry


def read_number(sections: Sequence[_Element]) -> str:
    """Volume and number, where the object is a part of something bigger: "vol. 27, no. 4,103"."""
    return next(filter(None, map(_number, _hosts(sections))), "")


def page_number(section: _Element) -> str:
    """The printed number that a page's own section gives ("" for none)."""
    return next((inline(node) for node in _find(section, "start") if inline(node)), "")


def _read_sections(sections: Sequence[_Element]) -> Entry:
    """The first description that is read, MODS before the others."""
    nodes = [node for section in sections for node in section.iter(etree.Element)]
    for node in (node for node in nodes if local(node) == "mods"):
        return read_mods(node)[0]
    for node in filter(is_marc, nodes):
        found, _ = read_marc_entry(node)
        return found or Entry()
    described = (node for section in sections for node in find_dublin_core(section))
    return next((read_dublin_core(node)[0] for node in described), Entry())


def _add_rights(entry: Entry, rights: Sequence[_Element]) -> None:
    """What rights sections (METSRights, DFG Viewer) add to a description that is silent on it."""
    stated = [
        text
        for section in rights
        for node in section.iter(etree.Element)
        if local(node) in _RIGHTS and (text := inline(node))
    ]
    owner = next((inline(node) for section in rights for node in _find(section, "owner") if inline(node)), "")
    access, use = split_rights(map(name_rights, stated))
    entry.repository = entry.repository or owner
    entry.access = "; ".join(dict.fromkeys(filter(None, (entry.access, access))))
    entry.use = entry.use or use


def _find(element: _Element, name: str) -> Iterator[_Element]:
    return (node for node in element.iter(etree.Element) if local(node) == name)


def _hosts(sections: Sequence[_Element]) -> Iterator[_Element]:
    for section in sections:
        for node in _find(section, "relateditem"):
            if node.get("type") in {"host", "series"}:
                yield node


def _number(host: _Element) -> str:
    numbers = [
        (_SHORT[kind], inline(part))
        for node in _find(host, "detail")
        if (kind := (node.get("type") or "").lower()) in _SHORT
        for part in node
        if local(part) == "number" and inline(part)
    ]
    return ", ".join(f"{kind} {number}" for kind, number in numbers)
