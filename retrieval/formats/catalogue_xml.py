"""Catalogue records in XML: their values by local name, tidied, with note of what had been encoded twice."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element

from retrieval.formats.catalogue_text import is_placeholder, tidy
from retrieval.formats.prose import inline, local
from retrieval.formats.xml import is_internal


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


def attribute(element: _Element, *names: str) -> str:
    """The first attribute of those local names that has a value; else ""."""
    for key, value in element.attrib.items():
        if key.rpartition("}")[2] in names and value.strip():
            return str(value).strip()
    return ""
