"""Dates for machines: `@normal`, `@standarddate` and EDTF at the levels that catalogues use."""

from __future__ import annotations

import re
from datetime import date

from retrieval.dates.calendar import FIRST_YEAR, LAST_YEAR, days_in
from retrieval.spans import Certainty, Span

_SIDE = re.compile(
    r"^(?P<year>\d{4}|\d{3}[ux]|\d{2}[ux]{2})(?:-?(?P<month>\d{2}|[ux]{2})(?:-?(?P<day>\d{2}|[ux]{2}))?)?(?:t.*)?"
    r"(?P<doubt>[?~%]*)$"
)
_SEASONS = {21: (3, 5), 22: (6, 8), 23: (9, 11), 24: (1, 12)}
_WIDEST_YEARS = 600


def read_machine_date(normal: str) -> Span | None:
    """`1917/1955`, `1991-05-09`, `19uu`, `1905/`, `1984~` as one span; None where it says nothing usable.

    Open ends, 0000 and 9999 are left out; a range turned round is put right and is then uncertain.
    """
    sides = [side for part in normal.lower().split("/") if (side := _read_side(part.strip()))]
    if not sides:
        return None
    first, last = min(side[0] for side in sides), max(side[1] for side in sides)
    if last.year - first.year > _WIDEST_YEARS:
        return None
    turned = len(sides) == 2 and sides[0][0] > sides[1][1]
    doubts = "".join(side[2] for side in sides)
    certainty: Certainty = "certain"
    if turned or "?" in doubts or "%" in doubts:
        certainty = "uncertain"
    elif "~" in doubts:
        certainty = "approximate"
    return Span(first.isoformat(), last.isoformat(), certainty)


def _read_side(text: str) -> tuple[date, date, str] | None:
    match = _SIDE.match(text)
    if not match:
        return None
    year = match["year"]
    first, last = int(re.sub("[ux]", "0", year)), int(re.sub("[ux]", "9", year))
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        return None
    month = int(match["month"]) if (match["month"] or "").isdigit() else 0
    if first != last or not (1 <= month <= 12 or month in _SEASONS):
        return date(first, 1, 1), date(last, 12, 31), match["doubt"]
    low, high = _SEASONS.get(month, (month, month))
    day = int(match["day"]) if (match["day"] or "").isdigit() else 0
    if low == high and 1 <= day <= days_in(first, low):
        return date(first, low, day), date(first, low, day), match["doubt"]
    return date(first, low, 1), date(last, high, days_in(last, high)), match["doubt"]
