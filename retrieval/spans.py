"""Spans of days: what a date as written covers at least and at most, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Years = tuple[int, int]
"""First and last year, inclusive."""

Certainty = Literal["certain", "approximate", "uncertain", "supplied"]
"""As EDTF has it: approximate is "circa", uncertain is "1905?"; supplied is "[1905]", an archivist's own."""

WITHOUT_END = "9999-12-31"
"""Stands for "for good" where a day is wanted."""


@dataclass(frozen=True, slots=True)
class Span:
    """First and last day, inclusive, as ISO 8601 (`1905-05-22`), of the calendar as written."""

    first: str
    last: str
    certainty: Certainty = "certain"


def of_years(years: Years | None) -> tuple[Span, ...]:
    """Whole years as spans; none for None."""
    return (Span(f"{years[0]:04}-01-01", f"{years[1]:04}-12-31"),) if years else ()


def cover(spans: Sequence[Span]) -> Years | None:
    """First and last year of all of them; None for none."""
    if not spans:
        return None
    return min(int(span.first[:4]) for span in spans), max(int(span.last[:4]) for span in spans)
