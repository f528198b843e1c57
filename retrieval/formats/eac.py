"""EAC-CPF: people, families and corporate bodies, with their names, lives and relations.

They describe who made the material, not the material: each becomes an item of the authority file, its
text the biography. Both editions are read, 1.x (`eac-cpf`) and 2.0 (`eac`).
"""

from __future__ import annotations

import re
from pathlib import Path

from lxml import etree
from lxml.etree import _Element

from retrieval.errors import SourceError
from retrieval.formats.catalogue.entry import AUTHORITY_FILE, CatalogueReading, Entry, report_repairs
from retrieval.formats.catalogue.records import Catalogue, make_records
from retrieval.formats.catalogue.text import find_address, is_placeholder, strip_heading
from retrieval.formats.catalogue.xml import Values, attribute, children, find
from retrieval.formats.identifiers import slug
from retrieval.formats.prose import local, paragraphs

_PREFERRED = frozenset({"authorizedform", "preferredform"})
_TERMS = {
    "occupation": "Occupation", "function": "Function", "legalstatus": "Legal status", "mandate": "Mandate",
}  # fmt: skip
_PROSE = {
    "bioghist": "Biography or history", "structureorgenealogy": "Structure or genealogy",
    "generalcontext": "Context",
}  # fmt: skip
_KINDS = {"person": "Person", "family": "Family", "corporatebody": "Organisation"}
_RUN_TOGETHER = re.compile(r"([^\W\d]|[.)]),?(?:(\d{4}\s*-)|(?<!\s)\()")
"""Parts that a merged heading lost the space between: "Fejnman, R. P.1918-1988"."""
_DATE_PARTS = re.compile(r"^(?:b\.?|d\.?|fl\.?|active|approximately|ca\.)?\s*\d{3,4}")


def read_eac(root: _Element, path: Path, source: str) -> CatalogueReading:
    """The record of one EAC-CPF file, under the authority file. Raises SourceError when it names nobody."""
    values = Values()
    entry = Entry(level="item", host=AUTHORITY_FILE, is_dateless=True)
    names = _read_identity(root, values, entry)
    if not names:
        raise SourceError(
            path, "names nobody: it has no <nameEntry>", line=root.sourceline, remedy="export it again"
        )
    entry.title = names[0]
    entry.names = names
    _read_control(root, values, entry)
    if names[1:]:
        entry.texts.append(("Also known as", "; ".join(names[1:])))
    for description in _all(root, "description"):
        _read_description(description, values, entry)
    for relations in _all(root, "relations"):
        _read_relations(relations, values, entry)
    entry.id = entry.id or path.stem
    catalogue = Catalogue(AUTHORITY_FILE, slug(AUTHORITY_FILE), source)
    problems = report_repairs(path, ["its text"] if values.repaired else [])
    return CatalogueReading(make_records([entry], catalogue), tuple(problems))


def _all(root: _Element, name: str) -> list[_Element]:
    return [node for node in root.iter(etree.Element) if local(node) == name]


def _read_identity(root: _Element, values: Values, entry: Entry) -> list[str]:
    """All names, the authorised forms first; what kind of entity it is; its identifiers."""
    ranked: list[tuple[int, str]] = []
    for identity in _all(root, "identity"):
        kind = next(
            (node.get("value") or values.text(node) for node in find(identity, "entitytype")), ""
        ).lower()
        if kind in _KINDS:
            entry.texts.append(("", f"{_KINDS[kind]}."))
        entry.identifiers += [
            text for text in values.texts(identity, "entityid") if any(c.isdigit() for c in text)
        ]
        for node in identity.iter(etree.Element):
            if local(node) == "nameentry" and (name := _read_name(node, values)):
                preferred = any(local(child) in _PREFERRED for child in node)
                preferred = (
                    preferred or node.get("preferredForm") == "true" or node.get("status") == "authorized"
                )
                ranked.append((0 if preferred else 1, name))
    ordered = [name for _, name in sorted(ranked, key=lambda pair: pair[0])]
    seen: dict[str, str] = {}
    for name in ordered:
        seen.setdefault(re.sub(r"[\W_]+", "", name).lower(), name)
    return list(seen.values())


def _read_name(node: _Element, values: Values) -> str:
    """A name entry's parts in order, dates set off by a comma, forename after surname likewise."""
    name = ""
    for part in find(node, "part"):
        text = values.text(part, "name", "personal name", "family name", "corporate name")
        kind = (part.get("localType") or "").lower()
        comma = "forename" in kind or "given" in kind or "date" in kind or _DATE_PARTS.match(text)
        name = f"{name.rstrip(',')}{', ' if comma else ' '}{text}" if name and text else name or text
    return strip_heading(
        _RUN_TOGETHER.sub(lambda run: f"{run[1]}, {run[2]}" if run[2] else f"{run[1]} (", name)
    )


def _read_control(root: _Element, values: Values, entry: Entry) -> None:
    for control in _all(root, "control")[:1]:
        own = values.texts(control, "recordid")
        entry.id = next(iter(own), "")
        entry.identifiers = [*own, *values.texts(control, "otherrecordid"), *entry.identifiers]
        for agency in find(control, "maintenanceagency"):
            entry.repository = next(iter(values.texts(agency, "agencyname")), "")
        sources = [node for node in control.iter(etree.Element) if local(node) in {"source", "otherrecordid"}]
        for node in sources:
            number = attribute(node, "href") or values.text(node)
            if re.match(r"^(?:VIAF|LCNAF|LCCN|ULAN|ISNI|GND|WIKIDATA|SNAC)\b", number, re.IGNORECASE) or (
                find_address(number) and re.search(r"viaf|id\.loc|d-nb|wikidata|isni|snac", number)
            ):
                entry.authorities.append((entry.title, number))
    entry.authorities += [(entry.title, number) for number in entry.identifiers[:1]]


def _read_description(description: _Element, values: Values, entry: Entry) -> None:
    """Dates, places, occupations and functions, then the biography and its chronology."""
    walker = etree.iterwalk(description, events=("start",))
    prose: list[tuple[str, str]] = []
    for _, node in walker:
        name = local(node)
        if name == "existdates":
            text = _say_dates(node, values)
            if text:
                entry.texts.append(("Dates of existence", text))
            walker.skip_subtree()
        elif name == "place" and local(node.getparent()) in {"places", "description", "place"}:
            _read_place(node, values, entry)
            walker.skip_subtree()
        elif name in _TERMS:
            term = strip_heading(" ".join(values.texts(node, "term") or _first_text(node, values)))
            dates = "; ".join(_say_dates(child, values) for child in children(node) if _has_dates(child))
            if term:
                entry.texts.append((_TERMS[name], f"{term} ({dates})" if dates else term))
                entry.subjects += [term] if name != "legalstatus" else []
            walker.skip_subtree()
        elif name == "localdescription":
            kind = (node.get("localType") or "").lower()
            if "subject" in kind:
                entry.subjects += [strip_heading(text) for text in values.texts(node, "term")]
            walker.skip_subtree()
        elif name in _PROSE:
            prose += [
                (_PROSE[name] if not number else "", text) for number, text in enumerate(_paragraphs(node))
            ]
            walker.skip_subtree()
    entry.texts += prose


def _paragraphs(node: _Element) -> list[str]:
    """Paragraphs of a note, entries without a date in a chronology included."""
    return [text.removeprefix(": ") for text in paragraphs(node) if text.strip(" :")]


def _first_text(node: _Element, values: Values) -> list[str]:
    return [values.text(node)] if not len(node) else []


def _has_dates(node: _Element) -> bool:
    return local(node) in {"daterange", "date", "dateset", "existdates"}


def _say_dates(node: _Element, values: Values) -> str:
    """ "1850-1927" for a range, the texts of several with semicolons."""
    if local(node) == "daterange":
        ends = [next(iter(values.texts(node, name)), "") for name in ("fromdate", "todate")]
        return "-".join(ends) if any(ends) else ""
    if local(node) in {"date", "fromdate", "todate"}:
        return values.text(node)
    return "; ".join(text for child in children(node) if (text := _say_dates(child, values)))


def _read_place(node: _Element, values: Values, entry: Entry) -> None:
    role = next(iter(values.texts(node, "placerole")), "") or "Place"
    dates = "; ".join(
        text for child in children(node) if _has_dates(child) and (text := _say_dates(child, values))
    )
    for text in values.texts(node, "placeentry", "placename"):
        entry.texts.append((role, f"{text} ({dates})" if dates else text))
        entry.places.append(text)


def _read_relations(relations: _Element, values: Values, entry: Entry) -> None:
    """People and bodies it was connected with, and the material by or about it, each told once."""
    told: set[tuple[str, str]] = set()
    for node in children(relations):
        kind = local(node)
        named = values.texts(node, "relationentry") or [
            values.text(part) for target in find(node, "targetentity") for part in find(target, "part")
        ]
        name = strip_heading(" ".join(named))
        if not name or is_placeholder(name):
            continue
        role = attribute(node, "arcrole", "cpfRelationType", "resourceRelationType").rpartition("#")[2]
        target = next((attribute(t, "targetType") for t in find(node, "targetentity")), "")
        is_material = kind == "resourcerelation" or target == "resource"
        label = ("Created" if role == "creatorOf" else "Material about") if is_material else "Related"
        if (label, name) in told:
            continue
        told.add((label, name))
        said = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", role).lower() if not is_material else ""
        entry.texts.append((label, f"{name} ({said})" if said and said != "associated with" else name))
