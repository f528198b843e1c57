"""Dates as TEI has them: words for people, attributes for machines (att.datable, and its -iso forms)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml.etree import _Element

from retrieval import dates as written_dates
from retrieval.dates import date_in_title
from retrieval.formats.iso_dates import span_of, write_date
from retrieval.formats.prose import inline
from retrieval.spans import Certainty, Span, cover


@dataclass(frozen=True, slots=True)
class TeiDate:
    """A date as written and what it covers; `contradicts`: its words and attributes name different years."""

    text: str = ""
    spans: tuple[Span, ...] = ()
    contradicts: str = ""
    line: int | None = None


def read_dates(elements: Iterable[_Element]) -> TeiDate:
    """Several dates of one thing as one, joined by commas."""
    dates = [read_date(element) for element in elements]
    return TeiDate(
        ", ".join(dict.fromkeys(date.text for date in dates if date.text)),
        tuple(dict.fromkeys(span for date in dates for span in date.spans)),
        next((date.contradicts for date in dates if date.contradicts), ""),
        next((date.line for date in dates if date.contradicts), None),
    )


def read_date(element: _Element) -> TeiDate:
    """One `date` or `origDate`. Where words and attributes name different years, both are kept."""
    written = inline(element)
    first, last = _ends(element)
    read = written_dates.read_dates(written)
    if not first and not last:
        return TeiDate(written, read.spans)
    span = span_of(first, last)
    if span is None:
        return TeiDate(written, read.spans)
    spans: tuple[Span, ...] = (_sure(element, written, span),)
    text = written or _write(first, last, element)
    years, covered = read.years, cover(spans)
    if years and covered and (years[1] < covered[0] or years[0] > covered[1]):
        stated = first if first == last else f"{first}/{last}"
        return TeiDate(text, (*spans, *read.spans), f"{written!r} beside {stated}", element.sourceline)
    return TeiDate(text, spans)


def read_filed_date(title: str, day: str) -> TeiDate:
    """The date in the title of a text that has no date element; else the day that it is filed under."""
    dated = date_in_title(title)
    spans = written_dates.read_dates(dated[0]).spans if dated else ()
    if dated and spans:
        return TeiDate(dated[0], spans)
    span = span_of(day)
    return TeiDate(write_date(day), (span,)) if span else TeiDate()


def _ends(element: _Element) -> tuple[str, str]:
    def get(*names: str) -> str:
        found = (element.get(f"{name}{form}") for name in names for form in ("", "-iso"))
        return next((value.strip() for value in found if value and value.strip()), "")

    when = get("when")
    return (when, when) if when else (get("from", "notBefore"), get("to", "notAfter"))


def _sure(element: _Element, written: str, span: Span) -> Span:
    certainty: Certainty = "certain"
    if "?" in written or element.get("cert") in {"low", "medium"} or element.get("evidence") == "conjecture":
        certainty = "uncertain"
    elif written.startswith("["):
        certainty = "supplied"
    elif element.get("notBefore") or element.get("notAfter") or element.get("precision") in {"low", "medium"}:
        certainty = "approximate"
    return Span(span.first, span.last, certainty)


def _write(first: str, last: str, element: _Element) -> str:
    """Attributes as archivists write a date (DACS 2.4): "1894 November 8", "between 1894 and 1896"."""
    begin, end = write_date(first), write_date(last)
    if not begin or not end:
        within = "after" if element.get("notBefore") else "before" if element.get("notAfter") else ""
        return " ".join(part for part in (within, begin or end) if part)
    if begin == end:
        return begin
    return f"between {begin} and {end}" if element.get("notBefore") else f"{begin}-{end}"
