"""What a single EAD element says: extents, names, languages, links. EAD 2002 and EAD3 alike.

Elements are matched by local name, since half of all files declare no namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.languages import find_languages, name_languages
from retrieval.formats.prose import drop_full_stop, fold, inline, join_items, local, paragraphs
from retrieval.formats.xml import is_internal

_GROUPS = frozenset({"descgrp", "admininfo", "add"})
_BLOCKS = frozenset({"p", "list", "table", "chronlist", "blockquote"})
_NAMES = frozenset({"persname", "corpname", "famname", "name"})
_SUBJECTS = frozenset({"subject", "geogname", "genreform", "function", "occupation"})
_PLACEHOLDERS = frozenset({"personal name", "corporate name", "family name", "name", "creator"})
"""What a template says where nobody has filled it in."""
_COUNTED = re.compile(r"(?:around |about |approximately |circa |ca\. ?)?[.\d]")
_SUBFIELD = re.compile(r"\s*[|‡]([a-z])\s+")
"""A MARC subfield that was copied into a heading with its sign: "Building trades |x Employees"."""
_REPOSITORY_CODE = re.compile(r"\s*\[[a-z]{2,8}\]\.?$")


@dataclass(frozen=True, slots=True)
class Headings:
    """What is named or spoken of: names with their identifiers, subjects of all kinds, places among them."""

    names: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    authorities: list[tuple[str, str]] = field(default_factory=list)


def children(element: _Element) -> Iterable[tuple[str, _Element]]:
    """Public child elements with their local names, those inside grouping elements included.

    Text that stands right in such a group, with no element that says what it is, counts as `odd`.
    """
    for child in element:
        if child.get("audience") == "internal":
            continue
        name = local(child)
        if name in _GROUPS:
            for inner, node in children(child):
                yield "odd" if inner in _BLOCKS else inner, node
        else:
            yield name, child


def read_extent(elements: Iterable[_Element]) -> str:
    """Extent as one text; EAD3's structured extents count like the plain ones."""
    return join_items(dict.fromkeys(text for text in map(_one_extent, elements) if text))


def _one_extent(element: _Element) -> str:
    if local(element) == "physdescset":
        return join_items(text for text in map(_one_extent, element) if text)
    if local(element) == "physdescstructured":
        return " ".join(inline(child) for child in element if inline(child))
    parts = [inline(child) for child in element if local(child) == "extent"]
    told = inline(element)
    for before, after in pairwise(parts):
        if before[-1:].isalpha() and _COUNTED.match(after):
            told = told.replace(f"{before} {after}", f"{before}; {after}")
    return told.rstrip(" ;,")


def read_repository(element: _Element) -> str:
    """Name of the holding institution, its address left out."""
    parts: list[str] = []
    own = fold(element.text)
    if own:
        parts.append(own)
    for name, child in children(element):
        if name == "address":
            continue
        parts.append(read_name(child))
        parts.append(fold(child.tail).strip(", "))
    return drop_full_stop(_REPOSITORY_CODE.sub("", ", ".join(part for part in parts if part)).rstrip(" ,"))


def read_name(element: _Element) -> str:
    """A name or heading; the `part`s of EAD3 are joined as a catalogue would print them."""
    parts = [inline(child) for child in element if local(child) == "part"] if len(element) else []
    if not parts:
        name = drop_full_stop(_join_subfields(inline(element)).rstrip(" ,;"))
        return "" if name.lower() in _PLACEHOLDERS else name
    corporate = local(element) == "corpname"
    topical = local(element) in _SUBJECTS
    joined = ""
    for part in parts:
        if not part:
            continue
        if not joined or joined.endswith(("-", ",", ".", ";", ":")) or part.startswith(("-", "(", "[")):
            joined = f"{joined} {part}".strip()
        else:
            joined += (". " if corporate else " -- " if topical else ", ") + part
    return drop_full_stop(joined.rstrip(" ,;"))


def _join_subfields(heading: str) -> str:
    if not _SUBFIELD.search(heading):
        return heading
    divided = _SUBFIELD.sub(lambda sign: " -- " if sign[1] in "vxyz" else " ", heading)
    return re.sub(r"\.?\s*[|‡]$", "", divided).strip()


def read_headings(element: _Element) -> Headings:
    """Names, subjects and places of a `controlaccess` or the like, nested ones included."""
    found = Headings()
    for node in element.iter(etree.Element):
        kind = local(node)
        heading = _public(node) if kind in _NAMES or kind in _SUBJECTS else ""
        if not heading:
            continue
        if kind in _SUBJECTS:
            found.subjects.append(heading)
            if kind == "geogname":
                found.places.append(heading.partition("--")[0].rstrip(" .,"))
            continue
        found.names.append(heading)
        identifier = _identify(node)
        if identifier:
            found.authorities.append((heading, identifier))
    return found


def _identify(name: _Element) -> str:
    """A name's identifier in an authority file, with the file before it: "(naf)n79058487"."""
    identifier = fold(name.get("authfilenumber") or name.get("valueuri") or name.get("identifier"))
    file = fold(name.get("source"))
    plain = identifier and file and not any(sign in identifier for sign in "(:/")
    return f"({file}){identifier}" if plain else identifier


def _public(element: _Element) -> str:
    if is_internal(element) or is_internal(element.getparent()):
        return ""
    return read_name(element)


def read_creator(elements: Iterable[_Element]) -> str:
    """Creators as written, several joined by semicolons."""
    found: list[str] = []
    for element in elements:
        named = [child for child in element if local(child) in _NAMES]
        found += [_public(child) for child in named] or [inline(element).rstrip(" ,;")]
    return "; ".join(dict.fromkeys(name for name in found if name))


def read_languages(elements: Iterable[_Element]) -> str:
    """Names of the languages; where they are told in a sentence, or that names more of them, the sentence."""
    names: dict[str, None] = {}
    sentences: dict[str, None] = {}
    for element in elements:
        codes = [node for node in element.iter(etree.Element) if local(node) == "language"]
        found = [inline(node) or name_languages([node.get("langcode") or ""]) for node in codes]
        found = [name for name in found if name]
        names.update(dict.fromkeys(found))
        if not found and inline(element):
            sentences[inline(element)] = None
    told = [text for text in sentences if not names or find_languages(text) - set(names)]
    return " ".join([", ".join(names), *told]).strip()


def read_link(element: _Element) -> str:
    """Address of a digital object: an http(s) address on it or just inside it; else ""."""
    for node in element.iter(etree.Element):
        if is_internal(node):
            continue
        for key, value in node.attrib.items():
            if key.rpartition("}")[2] in {"href", "identifier"} and value.strip().lower().startswith(
                ("http://", "https://")
            ):
                return str(value).strip()
    return ""


def note_text(element: _Element) -> str:
    """A note on one line, its heading left out."""
    return " ".join(paragraphs(element))


def read_header_title(root: _Element) -> str:
    """Title of the finding aid itself, where the description has none."""
    titles = (node for node in root.iter(etree.Element) if local(node) == "titleproper")
    return next((inline(node) for node in titles if node.get("type") != "filing"), "")
