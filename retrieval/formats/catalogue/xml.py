"""Catalogue records in XML: their values by local name, tidied, with note of what had been encoded twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import is_placeholder, tidy
from retrieval.formats.prose import inline, local
from retrieval.formats.xml import is_internal

_ISO = r"(\d{4}-(?:0[1-9]|1[0-2])(?:-\d\d)?)"
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d)T\d\d:.*$")
"""A day as a machine writes it, with a time of day that nobody knew."""
_ISO_RANGE = re.compile(rf"^{_ISO}(?:\s*(?:/|\s-\s)\s*{_ISO})?$")


class Values:
    """Reads the elements of one record; `repaired` says whether any text had been encoded twice."""

    def __init__(self) -> None:
        self.repaired = False

    def text(self, element: _Element | None, *labels: str) -> str:
        """All text of an element on one line; "" where nobody filled it in (it says what `labels` say)."""
        if element is None or is_internal(element):
            return ""
        found, repaired = tidy(inline(element))
        self.repaired = self.repaired or repaired
        return "" if is_placeholder(found, local(element), *labels) else found

    def texts(self, element: _Element, *names: str) -> list[str]:
        """Texts of the children of those names that say something, in order."""
        return [text for child in find(element, *names) if (text := self.text(child))]


def children(element: _Element) -> Iterator[_Element]:
    """Public child elements."""
    return (child for child in element.iterchildren(etree.Element) if not is_internal(child))


def find(element: _Element, *names: str) -> Iterator[_Element]:
    """Public child elements of those local names (lower case)."""
    return (child for child in children(element) if local(child) in names)


def trust_iso_dates(entry: Entry) -> None:
    """Read "1905-12" as a month: digital collections follow W3CDTF, where an archivist means 1905 to 1912."""
    entry.dates = _STAMP.sub(r"\1", entry.dates)
    match = _ISO_RANGE.match(entry.dates)
    if match:
        entry.machine_dates = f"{match[1]}/{match[2]}" if match[2] else match[1]
        entry.is_coded_better = True


def attribute(element: _Element, *names: str) -> str:
    """The value of the first of those attributes, by local name, that has one; else ""."""
    given = {key.rpartition("}")[2]: value.strip() for key, value in element.attrib.items()}
    return next((str(given[name]) for name in names if given.get(name)), "")
