"""Where the material of a MODS record is: repository, shelf, container, and the collection it is part of."""

from __future__ import annotations

import re

from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import strip_heading
from retrieval.formats.catalogue.xml import Values, find
from retrieval.formats.containers import Container, render
from retrieval.formats.mods.parts import join_title, read_names

_WITHIN = frozenset({"box", "folder", "carton", "reel", "volume", "drawer", "album", "item", "page"})
_IN_CONTAINER = re.compile(
    r"\b(?:container|box|folder|carton|reel|volume|drawer|album)\b\.?\s*\w*\d", re.IGNORECASE
)
_CODE = re.compile(r"^[A-Za-z]{1,3}[A-Za-z-]{0,8}$")

_ISIL = re.compile(r"^[A-Z]{2,4}-[\w:/-]{1,11}$")
"""A library's code (ISO 15511), "DE-1"."""


def read_location(element: _Element, values: Values, entry: Entry) -> None:
    """Who holds it, where on the shelf, and its container."""
    shelves: list[str] = []
    for node in find(element, "location"):
        for place in find(node, "physicallocation"):
            text = strip_heading(values.text(place))
            is_code = bool(_ISIL.match(text) or (place.get("authority") and _CODE.match(text)))
            text = strip_heading(place.get("displayLabel") or "") if is_code else text
            if (place.get("type") or "").lower() == "container":
                shelves.append(text if _IN_CONTAINER.search(text) else f"Container {text}")
            else:
                entry.repository = entry.repository or text
        shelves += values.texts(node, "shelflocator")
        for simple in find(node, "holdingsimple"):
            for copy in find(simple, "copyinformation"):
                shelves += values.texts(copy, "shelflocator")
                entry.repository = entry.repository or next(iter(values.texts(copy, "sublocation")), "")
    for text in shelves:
        if _IN_CONTAINER.search(text):
            entry.container = entry.container or text
        else:
            entry.call_number = entry.call_number or text
    if not entry.repository:
        sources = [
            text for info in find(element, "recordinfo") for text in values.texts(info, "recordcontentsource")
        ]
        entry.repository = next((text for text in sources if " " in text), "")


def read_related(element: _Element, values: Values, entry: Entry) -> None:
    """The collection (`host`) with its box and folder; series, parts and other related items by title."""
    for node in find(element, "relateditem"):
        kind = (node.get("type") or "").lower()
        title = next((text for info in find(node, "titleinfo") if (text := join_title(info, values))), "")
        if kind == "host" or (node.get("displayLabel") or "").lower() == "collection":
            _read_host(node, title, values, entry)
        elif title and kind == "series":
            entry.texts.append(("Series", title))
        elif title and kind == "constituent":
            entry.texts.append(("Contains", title))
        elif title and title != entry.host:
            entry.texts.append(("Related", title))
    _read_parts(element, values, entry)
    entry.texts = [pair for pair in entry.texts if pair != ("Related", entry.host)]


def _read_host(node: _Element, title: str, values: Values, entry: Entry) -> None:
    """What the record is part of: of hosts within hosts the outermost is the collection."""
    outer = next((item for item in find(node, "relateditem") if item.get("type") == "host"), None)
    read_location(node, values, entry)
    _read_parts(node, values, entry)
    if outer is not None:
        entry.series = entry.series or title
        names = [name for info in find(outer, "titleinfo") if (name := join_title(info, values))]
        _read_host(outer, next(iter(names), ""), values, entry)
        return
    entry.host = entry.host or title
    entry.host_id = entry.host_id or next(iter(values.texts(node, "identifier")), "")
    above = Entry()
    read_names(node, values, above)
    entry.creators = entry.creators or above.creators


def _read_parts(node: _Element, values: Values, entry: Entry) -> None:
    """Box and folder as `part/detail` has them."""
    held: list[Container] = []
    for part in find(node, "part"):
        for detail in find(part, "detail"):
            kind = (detail.get("type") or "").lower()
            number = next(iter(values.texts(detail, "number") or values.texts(detail, "caption")), "")
            if kind in _WITHIN and number:
                held.append(Container(kind, re.sub(rf"^{kind}\s+", "", number, flags=re.IGNORECASE)))
    entry.container = entry.container or render(held)
