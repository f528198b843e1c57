"""Dublin Core, plain and qualified, as repositories write it: oai_dc, qualified DC, DSpace's dcvalue, RDF.

Terms: https://www.dublincore.org/specifications/dublin-core/dcmi-terms/. Any element may be missing or
repeated, and several values may stand in one with semicolons between.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import parse_years
from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import find_address, strip_heading
from retrieval.formats.catalogue.xml import Values, children, trust_iso_dates
from retrieval.formats.languages import name_languages
from retrieval.formats.prose import local
from retrieval.formats.rights import split_rights

_NAMESPACES = ("http://purl.org/dc/elements/1.1/", "http://purl.org/dc/terms/")
_WRAPPERS = frozenset({"dc", "qualifieddc", "dcx", "simpledc", "dublin_core", "oai_dc"})
_TERMS = frozenset(
    "title alternative creator contributor publisher subject description abstract tableofcontents date "
    "created issued dateaccepted datesubmitted copyrighted available modified type format extent medium "
    "identifier bibliographiccitation source language relation ispartof haspart isreferencedby references "
    "coverage spatial temporal rights accessrights license rightsholder provenance audience".split()
)
_DATES = ("created", "date", "issued", "copyrighted", "dateaccepted", "available")
"""In this order of preference; `modified` and `datesubmitted` are of the record, not of the material."""
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d")
_MIME = re.compile(r"^(?:image|text|application|audio|video|multipart|model)/[\w.+-]+$", re.IGNORECASE)
_PART_OF = re.compile(r"^\s*(?:is\s*part\s*of|part of|from the|in the|collection)\s*:?\s+", re.IGNORECASE)
_COLLECTION = re.compile(r"\b(?:papers|records|collections?|fonds|archives?|manuscripts)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:papers|records|collection|fonds|archives)$", re.IGNORECASE)
_BULKY = re.compile(
    r"\b(?:linear|lin\.|cubic|cu\.|met(?:re|er)s?|m of|feet|ft|boxes|cartons)\b", re.IGNORECASE
)
_IN_CONTAINER = re.compile(
    r"\b(?:box|folder|carton|reel|volume|drawer|album)\b\.?\s*(?:no\.?\s*)?\w*\d\w*"
    r"(?:[,;:]?\s*(?:box|folder|file|item|page|leaf)\b\.?\s*(?:no\.?\s*)?\w*\d\w*)*",
    re.IGNORECASE,
)
_COORDINATES = re.compile(r"^[-+\d.,;\s°'\"NSEW]+$|(?:north|south|east|west)limit=", re.IGNORECASE)
_EXACT = re.compile(r"^(?:ark:|hdl:|doi:|urn:|isbn|issn|oclc|info:|10\.\d{4,}/)", re.IGNORECASE)
_CITATION = re.compile(r"^(?:cite as|preferred citation|citation)\b", re.IGNORECASE)
_GENERIC_TYPES = frozenset({"text", "collection", "dataset", "interactiveresource", "interactive resource"})
_THUMBNAIL = re.compile(
    r"thumb|preview|download|/iiif/|\.(?:jpe?g|gif|png|tiff?|pdf|mp3|mp4)(?:$|\?)", re.IGNORECASE
)


def is_dublin_core(element: _Element) -> bool:
    """Whether an element is a description in Dublin Core: by its name, or by its children's namespaces."""
    if local(element) in _WRAPPERS and any(True for _ in children(element)):
        return True
    return any(
        child.tag.startswith(tuple(f"{{{name}}}" for name in _NAMESPACES)) for child in children(element)
    )


def find_dublin_core(root: _Element) -> Iterator[_Element]:
    """Descriptions in a document, outermost first; nothing inside one is another."""
    walker = etree.iterwalk(root, events=("start",))
    for _, node in walker:
        if isinstance(node.tag, str) and is_dublin_core(node):
            walker.skip_subtree()
            yield node


def read_dublin_core(element: _Element) -> tuple[Entry, bool]:
    """The entry of one description, and whether some of its text had been encoded twice."""
    values = Values()
    fields: dict[str, list[str]] = {}
    for child in children(element):
        name = _term(child)
        if name in _TERMS and (text := values.text(child, name)):
            fields.setdefault(name, []).append(text)
    fields = {name: list(dict.fromkeys(texts)) for name, texts in fields.items()}
    return _make_entry(fields), values.repaired


def _term(child: _Element) -> str:
    """Name of the term; DSpace writes <dcvalue element="date" qualifier="issued">."""
    name = local(child)
    if name not in {"dcvalue", "field"}:
        return name.partition(".")[2] if name.startswith(("dc.", "dcterms.")) else name
    element, qualifier = child.get("element") or "", (child.get("qualifier") or "").lower()
    return qualifier if qualifier in _TERMS else element.lower()


def _make_entry(fields: dict[str, list[str]]) -> Entry:
    get = fields.get
    entry = Entry()
    titles = get("title", [])
    entry.title = strip_heading(titles[0]) if titles else ""
    entry.texts += [("", text) for name in ("abstract", "description") for text in get(name, [])]
    entry.texts += [("Other title", text) for text in [*titles[1:], *get("alternative", [])]]
    entry.texts += [("Contents", text) for text in get("tableofcontents", [])]
    entry.creators = [strip_heading(text) for text in get("creator", [])]
    others = [strip_heading(part) for text in get("contributor", []) for part in _split(text)]
    entry.names = [*(part for text in entry.creators for part in _split(text)), *others]
    entry.subjects = [strip_heading(part) for text in get("subject", []) for part in _split(text)]
    _read_types(fields, entry)
    _read_dates(fields, entry)
    _read_coverage(fields, entry)
    _read_identifiers(fields, entry)
    _read_relations(fields, entry)
    open_to, use = split_rights([*get("rights", []), *get("license", [])])
    entry.access = " ".join(dict.fromkeys([*get("accessrights", []), *([open_to] if open_to else [])]))
    entry.use = use
    entry.texts += [("Rights holder", text) for text in get("rightsholder", [])]
    entry.language = name_languages(part for text in get("language", []) for part in _split(text))
    entry.texts += [("Publisher", text) for text in get("publisher", [])]
    return entry


def _split(text: str) -> list[str]:
    """Several values in one element: "Mills; Floods; Railways"."""
    return [part for part in (part.strip() for part in re.split(r"\s*;\s*|\s+\|\s+", text)) if part]


def _read_types(fields: dict[str, list[str]], entry: Entry) -> None:
    for text in (part for given in fields.get("type", []) for part in _split(given)):
        name = text.rpartition("/")[2] if text.lower().startswith("http") else text
        if name.lower() == "collection":
            entry.level = "collection"
        if name.lower() not in _GENERIC_TYPES and not text.startswith(("info:", "doc-type:")):
            entry.subjects.append(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    extents = [*fields.get("extent", []), *fields.get("format", [])]
    extents = [text for text in extents if not _MIME.match(text) and not find_address(text)]
    entry.extent = "; ".join(text for text in extents if any(char.isdigit() for char in text))
    kinds = [text for text in extents if not any(char.isdigit() for char in text)]
    entry.texts += [("Medium", text) for text in [*fields.get("medium", []), *kinds]]


def _read_dates(fields: dict[str, list[str]], entry: Entry) -> None:
    given = [text for name in _DATES for text in fields.get(name, [])]
    dates = [text for text in given if not _STAMP.match(text)] or given
    entry.dates = next((text for text in dates if parse_years(text)), dates[0] if dates else "")
    trust_iso_dates(entry)
    entry.texts += [("Other date", text) for text in dates if text != entry.dates and text not in entry.dates]


def _read_coverage(fields: dict[str, list[str]], entry: Entry) -> None:
    entry.places = [strip_heading(part) for text in fields.get("spatial", []) for part in _split(text)]
    entry.texts += [("Period covered", text) for text in fields.get("temporal", [])]
    for text in (part for given in fields.get("coverage", []) for part in _split(given)):
        if parse_years(text):
            entry.texts.append(("Period covered", text))
        else:
            entry.places.append(strip_heading(text))
    entry.places = [text for text in entry.places if not _COORDINATES.search(text) and not find_address(text)]


def _read_identifiers(fields: dict[str, list[str]], entry: Entry) -> None:
    """Addresses give the link; the first other identifier that is no file name is the call number."""
    given = [text for text in fields.get("identifier", []) if not _CITATION.match(text)]
    cited = [text for text in fields.get("identifier", []) if _CITATION.match(text)]
    entry.preferred_citation = " ".join([*fields.get("bibliographiccitation", []), *cited])
    addresses = [text for text in given if text.lower().startswith(("http://", "https://"))]
    pages = [text for text in addresses if not _THUMBNAIL.search(text)]
    entry.link = next(iter([*pages, *addresses]), "")
    entry.identifiers = [text for text in given if text not in addresses or "ark:" in text or "hdl." in text]
    plain = [
        text
        for text in given
        if text not in addresses and not _EXACT.match(text) and not text.startswith("oai:")
    ]
    shelf = next((text for text in plain if _IN_CONTAINER.search(text)), "")
    entry.container = _IN_CONTAINER.search(shelf)[0] if shelf else ""  # type: ignore[index]
    numbers = [text for text in plain if text != shelf and not PurePosixPath(text).suffix[1:].isalpha()]
    entry.call_number = next((text for text in numbers if len(text) <= 60), "")
    entry.id = next(iter([*plain, *entry.identifiers, *addresses]), "")


def _read_relations(fields: dict[str, list[str]], entry: Entry) -> None:
    """The collection a record is part of, where one is named; what else is related goes into the text."""
    for text in fields.get("ispartof", []):
        if not find_address(text) and not entry.host:
            entry.host = strip_heading(_PART_OF.sub("", text))
        else:
            entry.texts.append(("Part of", text))
    for name, label in (("relation", "Related"), ("source", "Source")):
        for text in fields.get(name, []):
            container = _IN_CONTAINER.search(text)
            if container and not entry.container:
                entry.container = container[0]
            named = strip_heading(_PART_OF.sub("", text))
            if container and named.startswith(container[0]):
                named = named[len(container[0]) :].strip(" ,;:-")
            elif container:
                named = named[: named.find(container[0])].strip(" ,;:-")
            is_title = len(named) <= 120 and not find_address(text) and _COLLECTION.search(named)
            if not entry.host and named and (is_title or (_PART_OF.match(text) and not find_address(text))):
                entry.host = named
            elif not (container and not named):
                entry.texts.append((label, text))
    for name, label in (
        ("haspart", "Contains"),
        ("references", "References"),
        ("isreferencedby", "Referenced by"),
    ):
        entry.texts += [(label, text) for text in fields.get(name, [])]
    if _is_collection(entry):
        entry.level, entry.host = "collection", ""


def _is_collection(entry: Entry) -> bool:
    """Whether a record is of a whole collection: it says so, or its title and its extent do."""
    if entry.level == "collection":
        return True
    named = _WHOLE.search(entry.title)
    return bool(named and not entry.host and (named[0].lower() == "fonds" or _BULKY.search(entry.extent)))
