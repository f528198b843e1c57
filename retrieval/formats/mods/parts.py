"""Parts of a MODS record that take some reading: titles, names and roles, origin, subjects."""

from __future__ import annotations

import re

from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import strip_heading
from retrieval.formats.catalogue.xml import Values, attribute, children, find, trust_iso_dates
from retrieval.formats.marc import fields as marc_fields
from retrieval.formats.prose import local

_DATES = ("datecreated", "dateissued", "copyrightdate", "dateother", "datevalid")
_COLLECTION = re.compile(r"\b(?:papers|records|collections?|fonds|archives?|manuscripts)$", re.IGNORECASE)
_PLACE_PARTS = (
    "citysection",
    "city",
    "county",
    "state",
    "province",
    "territory",
    "region",
    "country",
    "continent",
)
_MOST_PARTS = 4


def names_collection(text: str) -> bool:
    """Whether a short text reads as the title of a collection: "Thomas J. Dodd Papers"."""
    return len(text) <= 120 and bool(_COLLECTION.search(text))


def join_title(node: _Element, values: Values) -> str:
    """A title from its parts, "nonSort title: subTitle. partNumber, partName"."""
    parts = {name: " ".join(values.texts(node, name)) for name in ("nonsort", "title", "subtitle")}
    lead = parts["nonsort"]
    title = f"{lead}{'' if lead.endswith(chr(39)) or not lead else ' '}{parts['title']}".strip()
    if not parts["title"]:
        return ""
    if parts["subtitle"]:
        title = f"{title}: {parts['subtitle']}"
    rest = ", ".join(values.texts(node, "partnumber") + values.texts(node, "partname"))
    return strip_heading(f"{title}. {rest}" if rest else title)


def read_origin(element: _Element, values: Values, entry: Entry) -> None:
    """Dates, the one of creation first, and where and by whom it was published; not who digitised it."""
    dates: dict[str, list[_Element]] = {}
    origins = list(find(element, "origininfo"))
    for origin in [node for node in origins if not _is_digitising(node, values)] or origins:
        for node in children(origin):
            if local(node) in _DATES and values.text(node):
                dates.setdefault(local(node), []).append(node)
        for place in find(origin, "place"):
            entry.places += [
                strip_heading(text)
                for term in find(place, "placeterm")
                if term.get("type") != "code" and (text := values.text(term))
            ]
        entry.texts += [("Publisher", text) for text in values.texts(origin, "publisher")]
        entry.texts += [("Edition", text) for text in values.texts(origin, "edition")]
    chosen = next((dates[name] for name in _DATES if name in dates), [])
    keyed = [node for node in chosen if node.get("keyDate") == "yes"] or chosen
    starts = [node for node in chosen if node.get("point") == "start"]
    ends = [node for node in chosen if node.get("point") == "end"]
    plain = [node for node in chosen if not node.get("point") and node.get("encoding") is None]
    if plain:
        entry.dates = _say_date(plain[0], values)
    elif starts and ends:
        entry.dates = f"{_say_date(starts[0], values)} - {_say_date(ends[0], values)}"
    elif keyed:
        entry.dates = _say_date(keyed[0], values)
    trust_iso_dates(entry)


def _is_digitising(origin: _Element, values: Values) -> bool:
    """Whether this is where and when a digital copy was made."""
    editions = " ".join(values.texts(origin, "edition")).lower()
    return any(True for _ in find(origin, "datecaptured")) or "electronic ed" in editions


def _say_date(node: _Element, values: Values) -> str:
    """A date with its qualifier as archivists write it: "circa 1905", "1905?", "[1905]"."""
    text = strip_heading(values.text(node))
    qualifier = (node.get("qualifier") or "").lower()
    if qualifier == "approximate" and not re.match(r"(?:ca?\.|circa|about)", text, re.IGNORECASE):
        return f"circa {text}"
    if qualifier == "questionable" and "?" not in text:
        return f"{text}?"
    return f"[{text}]" if qualifier == "inferred" and "[" not in text else text


def read_name(node: _Element, values: Values) -> str:
    """A name from its parts: family, given, terms of address, dates; or as it is written in one."""
    roles = " ".join(attribute(node, "type").split())
    parts = {"family": "", "given": "", "termsofaddress": "", "date": ""}
    plain: list[str] = []
    for part in find(node, "namepart"):
        kind = (part.get("type") or "").lower()
        text = values.text(part, roles, *_roles(node, values), "name", "personal name", "corporate name")
        if kind in parts and text:
            parts[kind] = f"{parts[kind]} {text}".strip()
        elif text:
            plain.append(text)
    name = " ".join(plain) if len(plain) < 2 or node.get("type") == "personal" else ". ".join(plain)
    if parts["family"] or parts["given"]:
        name = ", ".join(part for part in (name, parts["family"], parts["given"]) if part)
    for part in (parts["termsofaddress"], parts["date"]):
        name = f"{name.rstrip(',')}, {part}" if part and name else name
    if not name:
        name = next(iter(values.texts(node, "displayform")), "")
    return strip_heading(name)


def _roles(node: _Element, values: Values) -> list[str]:
    return [
        " ".join("".join(term.itertext()).split()).lower()
        for role in find(node, "role")
        for term in find(role, "roleterm")
    ]


def read_names(element: _Element, values: Values, entry: Entry) -> None:
    """Names by role. "Correspondent" counts as a sender only where someone else is the addressee."""
    correspondents: list[str] = []
    unmarked: list[str] = []
    for node in find(element, "name"):
        name, roles = read_name(node, values), set(_roles(node, values))
        if not name:
            continue
        address = attribute(node, "valueURI")
        if address:
            entry.authorities.append((name, address))
        if roles & marc_fields.KEEPERS:
            entry.repository = entry.repository or name
            continue
        entry.names.append(name)
        if roles & marc_fields.RECIPIENTS:
            entry.recipients.append(name)
        elif roles & marc_fields.MAKERS or node.get("usage") == "primary" or "sender" in roles:
            entry.creators.append(name)
        elif roles & marc_fields.CORRESPONDENTS:
            correspondents.append(name)
        elif not roles:
            unmarked.append(name)
    entry.creators = entry.creators or unmarked[:1]
    if entry.recipients:
        entry.senders = list(entry.creators or correspondents)
    if correspondents:
        entry.texts.append(("Correspondents", "; ".join(correspondents)))


def read_subjects(element: _Element, values: Values, entry: Entry) -> None:
    """Subjects, genres and places. Parts of one `subject` make one heading unless they have identifiers."""
    for node in find(element, "subject"):
        parts: list[str] = []
        for part in children(node):
            name = local(part)
            text = ""
            if name == "name":
                text = read_name(part, values)
                entry.names.append(text)
                if text and attribute(part, "valueURI"):
                    entry.authorities.append((text, attribute(part, "valueURI")))
            elif name == "titleinfo":
                text = join_title(part, values)
            elif name == "hierarchicalgeographic":
                text = ", ".join(text for kind in _PLACE_PARTS for text in values.texts(part, kind))
            elif name in {"topic", "geographic", "temporal", "genre", "occupation"}:
                text = strip_heading(values.text(part))
            if text and name in {"geographic", "hierarchicalgeographic"}:
                entry.places.append(text)
            if text and name == "temporal" and len(list(children(node))) == 1:
                entry.texts.append(("Period covered", text))
            elif text and (name != "name" or len(list(children(node))) > 1):
                parts.append(text)
        apart = len(parts) > _MOST_PARTS or any(attribute(part, "valueURI") for part in children(node))
        entry.subjects += parts if apart else [" -- ".join(parts)]
    entry.subjects += [
        strip_heading(text) for text in values.texts(element, "genre") if text.lower() != "text"
    ]
    for node in find(element, "typeofresource"):
        kind = values.text(node)
        if node.get("collection") == "yes":
            entry.level = "collection"
        if kind.lower() not in {"text", "mixed material"}:
            entry.subjects.append(kind)
