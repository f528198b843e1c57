"""What stands whole before a fault: a list of records that breaks off gives the records that came through."""

from __future__ import annotations

from pathlib import Path

from lxml import etree
from lxml.etree import _Element

_LISTS = frozenset({"oai-pmh", "listrecords", "collection", "records", "modscollection"})
"""Roots that hold records which say all about themselves. In a finding aid the conditions of access may
stand after the fault, so nothing of one that breaks off is shown."""
_RECORDS = frozenset({"record", "mods", "dc"})
_CHUNK = 1 << 16


def read_before_fault(path: Path, parser: etree.XMLPullParser) -> tuple[_Element, int] | None:
    """The root of a list with the records before the fault, and how many; None where it is no such list.

    `parser` reports "start" and "end" of elements.
    """
    open_elements: list[_Element] = []
    root: _Element | None = None
    whole = 0
    for event, element in _feed(path, parser):
        name = etree.QName(element).localname.lower()
        if root is None:
            root = element
            if name not in _LISTS:
                return None
        if event == "start":
            open_elements.append(element)
        else:
            open_elements.pop()
            whole += name in _RECORDS and _outermost(open_elements) is None
    broken = _outermost(open_elements)
    if broken is not None and broken.getparent() is not None:
        broken.getparent().remove(broken)
    return (root, whole) if root is not None and whole else None


def _feed(path: Path, parser: etree.XMLPullParser) -> list[tuple[str, _Element]]:
    events: list[tuple[str, _Element]] = []
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                parser.feed(chunk)
                events += parser.read_events()
        parser.close()
    except etree.XMLSyntaxError:
        pass
    events += parser.read_events()
    return events


def _outermost(open_elements: list[_Element]) -> _Element | None:
    """The record that is open, the outermost where one wraps another (MARC in a reply)."""
    return next((node for node in open_elements if etree.QName(node).localname.lower() in _RECORDS), None)
