"""The descriptive part of a finding aid in PDF: its title, and what stands under its headings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from retrieval.formats.pdf.pages import Line
from retrieval.formats.plain_text import title_case
from retrieval.formats.prose import drop_full_stop, fold

_FIELDS = {
    "access": "access, access restrictions, restrictions on access, conditions governing access, "
    "restrictions, use of materials, accessibility, availability, access to materials, "
    "access to collection, accessrestrict",
    "use": "copyright, conditions governing use, use restrictions, restrictions on use, rights, "
    "userestrict, permission to publish, publication rights, literary rights, "
    "conditions governing reproduction, ownership and literary rights, copyright information, "
    "copyright status",
    "preferred_citation": "preferred citation, cite as, citation, how to cite, prefercite, "
    "preferred citation form",
    "extent": "extent, quantity, physdesc, size, physical description, volume, linear feet, "
    "physical extent",
    "date": "dates, date, inclusive dates, span dates, date range, dates of materials, "
    "collection dates, unitdate",
    "creator": "creator, creators, author, collector, origination, compiler",
    "language": "language, languages, language of materials, language of the material, langmaterial",
    "call_number": "call number, collection number, unitid, identifier, manuscript number, "
    "collection id, collection identifier, reference code, record group number, mss number, "
    "shelfmark, call no",
    "repository": "repository, held at, location of collection, holding institution, library",
    "collection": "title, collection title, unittitle, collection name, title of collection",
    "": "acquisition information, acquisition, provenance, processing information, processing note, "
    "processed by, custodial history, immediate source of acquisition, accruals, appraisal, sponsor, "
    "encoded by, accession, accession number, processing, table of contents, contents, "
    "container list, box list, inventory, folder list, box and folder list, "
    "detailed description of the collection, collection inventory, box and folder listing, "
    "administrative information, descriptive summary, overview, collection overview, "
    "summary information",
}  # fmt: skip
"""Headings by field; those under "" are for staff, or only head others."""
_FIELD_OF = {heading: name for name, headings in _FIELDS.items() for heading in headings.split(", ")}
_TEXTS = frozenset(
    (
        "abstract, access points, administrative history, arrangement, background, bibliography, "
        "biographical information, biographical note, biographical sketch, biographical/historical note, "
        "biography, chronology, controlled access headings, description, general note, historical note, "
        "historical sketch, history, index terms, introduction, note, notes, organization, "
        "organization and arrangement, other finding aids, physical characteristics, "
        "related collections, related material, related materials, scope, scope and content, "
        "scope and content note, scope and contents, scope note, separated material, "
        "separated materials, series description, series list, subject headings, subjects, summary, "
        "system of arrangement"
    ).split(", ")
)
_GENERAL = frozenset(
    "access, author, background, bibliography, chronology, citation, contents, copyright, creator, date, "
    "dates, description, history, introduction, language, languages, library, note, notes, overview, "
    "size, subjects, summary, title, volume".split(", ")
)
"""Headings that documents of any kind have; they do not make a finding aid."""
_KEY = re.compile(r"^([A-Za-z][A-Za-z /&-]{2,38}?)\s*:\s*(\S.*)$")
_HOLDER = re.compile(
    r"\b(?:librar(?:y|ies)|archives?|museum|university|college|society|institut\w+|department"
    r"|special collections)\b",
    re.IGNORECASE,
)
_OF_TITLE = re.compile(
    r"\b(?:papers|records|collections?|letters|correspondence|diar(?:y|ies)|photographs?|family|fonds"
    r"|manuscripts?|archive of)\b",
    re.IGNORECASE,
)
_GUIDE = re.compile(
    r"^(?:an? |the )?(?:preliminary )?(?:guide|finding aid|inventory|register|description|calendar|index"
    r"|checklist)(?: and \w+)?\s*(?:to|for|of)\s+(?:the\s+)?",
    re.IGNORECASE,
)
_TITLE_WITHIN = 10


@dataclass(slots=True)
class Sections:
    """Fixed values by field, as an inventory's mapping has them; `known` counts headings of finding aids."""

    fields: dict[str, str] = field(default_factory=dict)
    known: int = 0


def read_sections(lines: Sequence[Line], own_title: str) -> Sections:
    """Read the lines that belong to no container. `own_title` is the title of the file itself."""
    found = Sections()
    texts: list[tuple[str, list[str]]] = [("", [])]
    name: str | None = None
    front: list[str] = []
    for line in lines:
        key, value = _key(line.text)
        if key is None:
            if name is None and len(texts) == 1 and len(front) < _TITLE_WITHIN:
                front.append(line.text)
            _add(found, texts, name, line.text)
            continue
        found.known += key.lower() not in _GENERAL
        name = _FIELD_OF.get(key.lower())
        if name is None:
            texts.append((key, []))
        if value:
            _add(found, texts, name, value)
    _entitle(found, front, own_title)
    body = [
        drop_front(_flow(part), front) if not label else _label(label, _flow(part)) for label, part in texts
    ]
    found.fields["description"] = "\n".join(part for part in body if part)
    return found


def _key(text: str) -> tuple[str | None, str]:
    """A heading, and what stands on its line; None for a line that is none."""
    bare = fold(re.sub(r"^(?:[\dIVX]+\.|[A-Z]\.)\s+", "", text)).rstrip(":. ")
    lowered = bare.lower()
    if lowered in _FIELD_OF or lowered in _TEXTS:
        return bare, ""
    match = _KEY.match(text)
    if match and (match[1].lower() in _FIELD_OF or match[1].lower() in _TEXTS):
        return match[1], match[2]
    return None, ""


def _add(found: Sections, texts: list[tuple[str, list[str]]], name: str | None, text: str) -> None:
    if name is None:
        texts[-1][1].append(text)
    elif name:
        found.fields[name] = fold(f"{found.fields.get(name, '')} {text}")


def _flow(lines: Sequence[str]) -> str:
    """Lines as one paragraph; a hyphen at a line's end keeps its word together."""
    return fold("".join(line if line.endswith("-") else f"{line} " for line in lines))


def _label(label: str, text: str) -> str:
    return f"{title_case(label).capitalize() if label.isupper() else label}: {text}" if text else ""


def drop_front(text: str, front: Sequence[str]) -> str:
    """The text before any heading, without the lines of the title page that it begins with."""
    for line in front:
        text = text.removeprefix(fold(line)).lstrip()
    return text


def _entitle(found: Sections, front: Sequence[str], own_title: str) -> None:
    """Title and repository off the first lines: the first that names papers or records, the first holder."""
    named = [line for line in front if _OF_TITLE.search(line) and len(line) < 120]
    plain = [line for line in named if not _HOLDER.search(line)] or named
    title = found.fields.get("collection") or next(iter(plain), "") or own_title
    if title:
        found.fields["collection"] = drop_full_stop(title_case(_GUIDE.sub("", title))) or title
    holder = next((line for line in front if _HOLDER.search(line) and line != title), "")
    if holder and not found.fields.get("repository"):
        found.fields["repository"] = re.sub(r"\s*\[[\w-]{2,10}\]$", "", holder).rstrip(" .,")
