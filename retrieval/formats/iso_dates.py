"""Dates as machines write them (ISO 8601: 1894, 1894-11, 1894-11-08), as days."""

from __future__ import annotations

import re
from calendar import monthrange

from retrieval.spans import Span

_ISO = re.compile(r"^\s*(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?(?=$|[T\s])")
_MONTHS = "January February March April May June July August September October November December".split()


def span_of(first: str, last: str = "") -> Span | None:
    """What one or two machine dates cover; None for what is none. A day that does not exist is its month."""
    low, high = _day(first or last, last=False), _day(last or first, last=True)
    return Span(low, high) if low and high and low <= high else None


def write_date(iso: str) -> str:
    """A machine date as archivists write it (DACS 2.4): "1894 November 8"; "" for what is none."""
    match = _ISO.match(iso)
    if not match:
        return ""
    if not match[2] or not 1 <= int(match[2]) <= 12:
        return match[1]
    day = f" {int(match[3])}" if match[3] else ""
    return f"{match[1]} {_MONTHS[int(match[2]) - 1]}{day}"


def _day(iso: str, *, last: bool) -> str:
    match = _ISO.match(iso)
    if not match or int(match[1]) < 1:
        return ""
    year, month, day = match[1], match[2], match[3]
    if not month or not 1 <= int(month) <= 12:
        return f"{year}-12-31" if last else f"{year}-01-01"
    length = monthrange(int(year), int(month))[1]
    if day and 1 <= int(day) <= length:
        return f"{year}-{month}-{day}"
    return f"{year}-{month}-{length if last else 1:02}"
