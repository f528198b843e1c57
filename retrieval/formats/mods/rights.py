"""Conditions of access and use of a MODS record, those of the collection it is part of among them."""

from __future__ import annotations

import re

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import find_address
from retrieval.formats.catalogue.xml import Values, attribute
from retrieval.formats.prose import local
from retrieval.formats.rights import name_rights, split_rights

_CODE = re.compile(r"^\W*\w{0,3}\W*$")
"""What only a viewer understands ("63")."""


def read_rights(element: _Element, values: Values, entry: Entry) -> None:
    """Set `access` and `use`, by type or else by what is said; a host's conditions hold for its parts."""
    access: list[str] = []
    use: list[str] = []
    unsorted: list[str] = []
    for node in _conditions(element):
        kind = (node.get("type") or "").lower()
        address = attribute(node, "href")
        text = name_rights(values.text(node)) or (name_rights(address) if find_address(address) else "")
        if "use" in kind or "reproduc" in kind or "copyright" in kind or "licen" in kind:
            use.append(text)
        elif _CODE.match(text):
            continue
        elif "access" in kind or "restriction" in kind or kind == "status":
            access.append(text)
        else:
            unsorted.append(text)
    said = split_rights(text for text in unsorted if text)
    entry.access = " ".join(dict.fromkeys(text for text in [*access, said[0]] if text))
    entry.use = " ".join(dict.fromkeys(text for text in [*use, said[1]] if text))


def _conditions(element: _Element) -> list[_Element]:
    """Conditions of the record and of its hosts, not those of what is otherwise related."""
    found: list[_Element] = []
    for node in element.iter(etree.Element):
        above = [item for item in node.iterancestors() if local(item) == "relateditem"]
        if local(node) == "accesscondition" and all(item.get("type") == "host" for item in above):
            found.append(node)
    return found
