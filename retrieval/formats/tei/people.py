"""People, bodies and places that TEI names, with their identifiers in authority files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.prose import inline, local

_XML_ID = "{http://www.w3.org/XML/1998/namespace}id"
_PERSONS = frozenset({"persname", "name", "rs", "persongrp"})
_BODIES = frozenset({"orgname"})
_PARTIES = frozenset({"sender", "addressee", "recipient"})
_PLACES = frozenset({"placename", "settlement", "geogname", "origplace"})
_KNOWN = frozenset({"person", "org", "place", "persongrp"})
_AUTHORITIES = tuple("gnd d-nb viaf lccn id.loc.gov isni snac ulan wikidata geonames http".split())
"""What an identifier may name, the best first; any address is better than none."""
_WEB = re.compile(r"^(?:https?://|urn:|[a-z]{2,10}:\S)", re.IGNORECASE)
_LIFE = re.compile(r"^(?:(?:b|d|fl|ca)?\.?\s*)?\d{3,4}\??\s*(?:[-–]\s*(?:\d{3,4}\??)?)?$")
_PARTICLES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"})

Register = Mapping[str, _Element]
"""Persons, bodies and places that a file describes, by their xml:id."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name as written, and its identifier in an authority file or in this file's register ("" for none)."""

    name: str
    id: str = ""


def read_register(root: _Element) -> Register:
    """Everybody and every place that the file's own lists describe."""
    return {
        node.get(_XML_ID, ""): node
        for node in root.iter(etree.Element)
        if local(node) in _KNOWN and node.get(_XML_ID)
    }


def read_parties(action: _Element, register: Register) -> list[Named]:
    """Those who acted in a `correspAction`: persons, or bodies where no person is named.

    A post office beside the sender forwards a letter and has not written it. A `sender` or `addressee` may
    be words alone.
    """
    persons = list(_read(action, _PERSONS, register))
    written = inline(action) if local(action) in _PARTIES and not len(action) else ""
    return persons or list(_read(action, _BODIES, register)) or [Named(written)] * bool(written)


def read_places(element: _Element, register: Register) -> list[Named]:
    """Places named in an element, outermost elements only."""
    return list(_read(element, _PLACES, register))


def read_mentions(element: _Element, register: Register) -> list[Named]:
    """Persons that a text refers to, by the names under which the file's register has them."""
    found: dict[Named, None] = {}
    for node in element.iter(etree.Element):
        if local(node) in {"persname", "rs", "name"} and node.get("type", "person") in {"person", ""}:
            for reference in (node.get("ref") or "").split():
                known = register.get(reference.lstrip("#"))
                if known is not None and local(known) == "person":
                    found[Named(_name_of(known), _identify(reference, register))] = None
    return [named for named in found if named.name]


def write_direct(name: str) -> str:
    """An inverted name in direct order and without life dates: "Kraus, Karl, 1874-1936" → "Karl Kraus"."""
    parts = [part.strip() for part in name.split(",") if part.strip()]
    parts = [part for part in parts if not _LIFE.match(part)]
    if len(parts) < 2 or len(parts) > 3:
        return ", ".join(parts) or name
    if len(parts) == 3:
        return f"{parts[1]} {parts[0]}, {parts[2]}" if parts[2].lower() in _PARTICLES else ", ".join(parts)
    return ", ".join(parts) if parts[1].lower() in _PARTICLES else f"{parts[1]} {parts[0]}"


def join_names(names: Iterable[str]) -> str:
    """ "A", "A and B", "A, B and C"."""
    given = list(dict.fromkeys(names))
    return given[0] if len(given) == 1 else f"{', '.join(given[:-1])} and {given[-1]}" if given else ""


def _read(element: _Element, kinds: frozenset[str], register: Register) -> Iterator[Named]:
    seen: set[Named] = set()
    walker = etree.iterwalk(element, events=("start",))
    for _, node in walker:
        if node is element or local(node) not in kinds:
            if local(node) in {"note", "certainty"}:
                walker.skip_subtree()
            continue
        walker.skip_subtree()
        reference = (node.get("ref") or node.get("key") or node.get("sameAs") or "").split()
        known = register.get(reference[0].lstrip("#")) if reference else None
        name = _name_of(node) or (_name_of(known) if known is not None else "")
        named = Named(name, _identify(reference[0], register) if reference else "")
        if name and named not in seen:
            seen.add(named)
            yield named


def _name_of(node: _Element) -> str:
    """A name; one in parts is inverted, as headings are."""
    names = [child for child in node if local(child) in {"persname", "orgname", "placename"}]
    if local(node) in _KNOWN and names:
        node = names[0]
    parts = {local(child): inline(child) for child in reversed(node)}
    if parts.get("surname") and parts.get("forename"):
        forenames = " ".join(inline(child) for child in node if local(child) == "forename")
        return f"{parts['surname']}, {forenames}"
    return inline(node).rstrip(" ,;")


def _identify(reference: str, register: Register) -> str:
    """The identifier that a reference means: an address as it is, else the best that the register gives."""
    if _WEB.match(reference):
        return reference.rstrip("/")
    known = register.get(reference.lstrip("#"))
    found: dict[str, str] = {}
    for node in [] if known is None else known.iter(etree.Element):
        if local(node) == "idno":
            kind = f"{node.get('type') or ''} {node.get('subtype') or ''}".lower()
            value = inline(node).rstrip("/")
            for authority in _AUTHORITIES:
                if authority in kind or authority in value.lower():
                    found.setdefault(authority, value)
    return next((found[name] for name in _AUTHORITIES if name in found), reference.lstrip("#"))
