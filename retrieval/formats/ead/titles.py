"""Titles and dates of EAD components: what stands in `unittitle` and `unitdate`, tidied and told apart."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree
from lxml.etree import _Element

from retrieval.dates import Dates, join_dates, read_dates
from retrieval.formats.prose import drop_full_stop, fold, inline, local

_SORT_TITLES = frozenset({"sort", "filing"})
_DATES = frozenset({"unitdate", "unitdatestructured"})
_UNDATED = re.compile(r"(?:^|[\s,;:(\[])(undated|no date|date unknown|[ns]\.\s?d\.)[)\].]*$", re.IGNORECASE)
_BINDING = frozenset({"of", "from", "to", "and", "in", "for", "the"})
"""A date after one of these words is part of the title: "Photocopy of 1928 log"."""


def read_title(elements: Iterable[_Element]) -> str:
    """Title from the `unittitle`s of one `did`: sort forms and repeats left out, dates at its ends too."""
    titles = [
        tidy_title(_text_without_end_dates(element))
        for element in elements
        if element.get("type") not in _SORT_TITLES
    ]
    return "; ".join(dict.fromkeys(title for title in titles if title))


def tidy_title(text: str) -> str:
    """Title without the commas, colons and full stops that cataloguing rules hang around it."""
    title = text.strip().lstrip(".,;:-–—/ ").rstrip(",;:–—/ ")
    return drop_full_stop(title)


def undated_in_title(title: str) -> str:
    """ "undated" where a title ends so; "" for other titles."""
    match = _UNDATED.search(title)
    return match[1] if match else ""


def _text_without_end_dates(element: _Element) -> str:
    """Text of a title, less the `unitdate`s that stand before or after all of it."""
    if not len(element):
        return fold(element.text)
    dates = [child for child in element if local(child) in _DATES]
    if not dates:
        return inline(element)
    told: list[tuple[bool, str]] = [(False, element.text or "")]
    for child in element:
        told += [(local(child) in _DATES, _raw(child)), (False, child.tail or "")]
    parts: list[tuple[bool, str]] = []
    for is_date, text in told:
        if text.strip():
            parts.append((is_date, text))
        elif text and parts:
            parts[-1] = (parts[-1][0], f"{parts[-1][1]} ")
    while parts and parts[-1][0] and not _ends_in_preposition(parts[:-1]):
        parts.pop()
    while len(parts) > 1 and parts[0][0] and parts[1][1].lstrip()[:1] in {".", ",", ";", ":"}:
        parts.pop(0)
    if parts and all(is_date for is_date, _ in parts):
        return ""
    return fold("".join(text for _, text in parts))


def _raw(element: _Element) -> str:
    """Text of an element with the white space at its ends kept, so that words beside it stay apart."""
    if local(element) == "lb":
        return " "
    return "".join(element.itertext()) if len(element) else element.text or ""


def _ends_in_preposition(parts: list[tuple[bool, str]]) -> bool:
    words = parts[-1][1].split() if parts else []
    return bool(words) and not parts[-1][0] and words[-1].lower() in _BINDING


def read_unit_dates(elements: Iterable[_Element]) -> tuple[str, Dates]:
    """Dates of one `did` as text, joined by commas, and what they cover. Bulk never narrows."""
    texts: dict[str, None] = {}
    found: list[Dates] = []
    structured: list[tuple[str, Dates, bool]] = []
    for element in elements:
        is_bulk = (element.get("type") or element.get("unitdatetype") or "") == "bulk"
        if local(element) == "unitdatestructured":
            structured.append((*_read_structured(element, is_bulk), is_bulk))
            continue
        text = tidy_date(inline(element)) or _write_range(element.get("normal") or "")
        found.append(
            _note(texts, text, read_dates(text, element.get("normal") or "", is_bulk=is_bulk), is_bulk)
        )
    plain = {(dates.years, dates.bulk is None) for dates in found}
    for text, dates, is_bulk in structured:
        if dates.years is None or (dates.years, dates.bulk is None) not in plain:
            found.append(_note(texts, text, dates, is_bulk))
    return ", ".join(texts), join_dates(found)


def _note(texts: dict[str, None], text: str, dates: Dates, is_bulk: bool) -> Dates:
    if text:
        texts[f"bulk {text}" if is_bulk and "bulk" not in text.lower() else text] = None
    return dates


def tidy_date(text: str) -> str:
    """Date without the punctuation that joins it to a title: "1917-1955, " and "(bulk 1912-1919)."."""
    date = text.strip().strip(",;: ")
    date = drop_full_stop(date)
    if date.startswith("(") and date.endswith(")") and date.count("(") == 1:
        date = date[1:-1]
    date = date.strip(",;: ")
    return date if date.strip("-–—. ?/") else ""


def _read_structured(element: _Element, is_bulk: bool) -> tuple[str, Dates]:
    """EAD3 dates: singles and ranges in order, their text or else their standard form."""
    texts: list[str] = []
    found: list[Dates] = []
    for node in element.iter(etree.Element):
        name = local(node)
        if name == "datesingle":
            text, machine = inline(node), node.get("standarddate") or ""
            text = text or machine
        elif name == "daterange":
            ends = [child for child in node if local(child) in {"fromdate", "todate"}]
            written = [inline(end) or end.get("standarddate") or "" for end in ends]
            text, machine = _join_ends(written), "/".join(end.get("standarddate") or "" for end in ends)
        else:
            continue
        found.append(read_dates(text, machine, is_bulk=is_bulk))
        if text:
            texts.append(text)
    return ", ".join(texts), join_dates(found)


def _write_range(machine: str) -> str:
    """A machine date in place of words that are not there: "1990/1995" as "1990-1995"."""
    first, _, last = machine.strip().partition("/")
    if last in {"9999", ".."}:
        return f"{first}-"
    return _join_ends([first, last]) if last and last != first else first


def _join_ends(written: list[str]) -> str:
    """The two ends of a range; a dash between days in figures would be read as part of them."""
    return (" - " if any("-" in end for end in written) else "-").join(written)
