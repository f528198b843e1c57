"""Dates as archivists write them, to spans of days: "circa 1905", "[19]07 February 25", "1931/2".

The text wins over the machine date beside it, since where the two differ the machine date is the one
nobody reads; that they differ is remarked for the staff. Rules follow DACS 2.4 and what real finding
aids hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache

from retrieval.dates.expression import Extent, to_extents
from retrieval.dates.machine import read_machine_date
from retrieval.dates.scanner import Scanner
from retrieval.dates.tokens import cut_tokens
from retrieval.spans import Certainty, Span, Years, cover

_SERIAL = re.compile(r"\s*(\d{5})(?:\.0*)?\s*")
_SERIALS = (10_959, 54_787)
"""Days since the end of 1899, as spreadsheets count, from 1930 to 2049."""
_LONGEST = 600
"""How much of a date is read: what is longer is a note, not a date."""
_BC = re.compile(r"\d\s*(?:b\.?\s?c\.?(?:e\.?)?|v\.\s?chr\.?|av\.\s?j\.-c\.)(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dates:
    """What one date covers: spans in the order written, the bulk apart, and a remark for the staff.

    `spans` are empty where it names no year. `bulk` narrows nothing; where only the bulk is given, it is
    in `spans` too. `remark` is "" unless text and machine date contradict each other.
    """

    spans: tuple[Span, ...] = ()
    bulk: Span | None = None
    remark: str = ""

    @property
    def years(self) -> Years | None:
        """First and last year of all spans; None for none."""
        return cover(self.spans)


def read_dates(text: str, normal: str = "", *, is_bulk: bool = False) -> Dates:
    """Read a date as written, or its machine form where the text has none. Never raises.

    `is_bulk` says that all of it is of the bulk (`unitdate type="bulk"`).
    """
    dates = _read(text[:_LONGEST], normal)
    if not is_bulk or dates.bulk:
        return dates
    return replace(dates, bulk=_hull(dates.spans))


def join_dates(parts: Sequence[Dates]) -> Dates:
    """Several dates of one description as one: spans of the inclusive ones, else of the bulk."""
    inclusive = [part for part in parts if part.bulk is None or (part.bulk,) != part.spans]
    spans = dict.fromkeys(span for part in inclusive or parts for span in part.spans)
    bulk = next((part.bulk for part in parts if part.bulk), None)
    remark = "; ".join(dict.fromkeys(part.remark for part in parts if part.remark))
    return Dates(tuple(spans), bulk, remark)


def parse_years(text: str, normal: str = "") -> Years | None:
    """First and last year as written ("circa" and "before" reach no further), else of the machine form.

    None for "undated", for a spreadsheet serial such as 29640, and for a text without a year.
    """
    if _SERIAL.fullmatch(text):
        return None
    extents = _extents(text[:_LONGEST])
    chosen = [extent for extent in extents if not extent.bulk] or extents
    if chosen:
        return min(extent.core[0].year for extent in chosen), max(extent.core[1].year for extent in chosen)
    machine = read_machine_date(normal)
    return cover([machine]) if machine else None


@lru_cache(maxsize=65536)
def _read(text: str, normal: str) -> Dates:
    serial = _SERIAL.fullmatch(text)
    machine = read_machine_date(normal) if normal else None
    if serial:
        return _read_serial(int(serial[1]), machine)
    extents = _extents(text)
    if not extents:
        return Dates((replace(machine, certainty=_supplied(machine, text)),) if machine else ())
    inclusive = tuple(dict.fromkeys(extent.span for extent in extents if not extent.bulk))
    most = [extent.span for extent in extents if extent.bulk]
    whole = next((span for span in most if span == _hull(most)), None)
    if not inclusive and len(most) > 1 and whole:  # "bulk 1950-1955, 1901-1980"
        inclusive, most = (whole,), [span for span in most if span != whole]
    bulk = _hull(most)
    spans = inclusive or ((bulk,) if bulk else ())
    remark = ""
    if machine and not any(_overlap(span, machine) for span in spans):
        remark = f'the date reads "{text}" but its machine form "{normal}"'
    return Dates(spans, bulk, remark)


@lru_cache(maxsize=65536)
def _extents(text: str) -> tuple[Extent, ...]:
    if not text or _BC.search(text):
        return ()
    return tuple(to_extents(Scanner(cut_tokens(text)).points))


def _supplied(machine: Span, text: str) -> Certainty:
    """A machine date beside "undated" is an archivist's own; beside no text at all it is the date."""
    return "supplied" if text.strip() and machine.certainty == "certain" else machine.certainty


def _read_serial(days: int, machine: Span | None) -> Dates:
    """29640 is 23 February 1981 as a spreadsheet counts; sure only where the machine date agrees."""
    low, high = _SERIALS
    if not low <= days <= high:
        return Dates((machine,) if machine else ())
    day = (date(1899, 12, 30) + timedelta(days=days)).isoformat()
    if machine and not machine.first <= day <= machine.last:
        return Dates((machine,))
    return Dates((Span(day, day, "certain" if machine else "uncertain"),))


def _overlap(one: Span, other: Span) -> bool:
    return one.first <= other.last and other.first <= one.last


def _hull(spans: Sequence[Span]) -> Span | None:
    """One span over all of them; None for none."""
    if not spans:
        return None
    first, last = min(span.first for span in spans), max(span.last for span in spans)
    same = {span.certainty for span in spans}
    return Span(first, last, same.pop() if len(same) == 1 else "approximate")
