"""Dates as archivists write them: to spans of days, to years, and found in titles."""

from __future__ import annotations

from retrieval.dates.calendar import FIRST_YEAR, LAST_YEAR
from retrieval.dates.reading import Dates, join_dates, parse_years, read_dates
from retrieval.dates.titles import date_in_title
from retrieval.spans import Years

__all__ = [
    "FIRST_YEAR",
    "LAST_YEAR",
    "Dates",
    "Years",
    "date_in_title",
    "join_dates",
    "parse_years",
    "read_dates",
    "span",
]


def span(years: list[Years]) -> Years | None:
    """The years that cover all of them; None for none."""
    if not years:
        return None
    return min(first for first, _ in years), max(last for _, last in years)
