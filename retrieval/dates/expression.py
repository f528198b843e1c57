"""Spans of days out of points and ranges: from which day to which they run, at least and at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from retrieval.dates.calendar import LAST_YEAR, cut_part, days_in, move_month, move_year
from retrieval.dates.points import Point
from retrieval.dates.ranges import fill, pair
from retrieval.dates.words import WINTER
from retrieval.spans import Certainty, Span

CIRCA_YEARS, CIRCA_MONTHS, CIRCA_DAYS, CIRCA_SEASON = 1, 1, 1, timedelta(weeks=12)
"""How far "circa" reaches on either side of a year, a month, a day, a season. ISO 8601-2 (EDTF) leaves
it open; these are the defaults of the `edtf` package (PADDING_*_PRECISION), which others interpret by."""

OPEN_YEARS = 10
"""How far "before", "after" and an open end reach: `edtf`'s DELTA_IF_UNKNOWN."""

_MOST_SPANS = 32


@dataclass(frozen=True, slots=True)
class Extent:
    """What one expression covers, at least (`core`, as written) and at most (`span`)."""

    core: tuple[date, date]
    span: Span
    bulk: bool


def to_extents(points: Sequence[Point]) -> list[Extent]:
    """Extents in the order they are written; points that name no year, even with help, give none."""
    ranges = fill(pair(points))
    found = [extent for start, end in ranges for extent in _extents_of(start, end)]
    return found[:_MOST_SPANS]


def _extents_of(start: Point, end: Point | None) -> list[Extent]:
    if end is None:
        return [extent for days in _bounds(start) for extent in [_single(start, *days)] if extent]
    first, last = _bounds(start), _bounds(end)
    if not first or not last:
        return _extents_of(start if first else end, None) if first or last else []
    mixed = replace(
        start,
        approximate=start.approximate or end.approximate,
        uncertain=start.uncertain or end.uncertain or start.bound != "" or end.bound != "" or end.open,
        supplied=start.supplied or end.supplied,
    )
    low, high = first[0], last[-1]
    if low[0] > high[1] or low[0] > high[0]:  # "1974 February 5-1947 May 22"
        low, high = high, low
        mixed.uncertain = True
        start, end = end, start
    begin, finish = low[0], max(high[1], low[1] if mixed.uncertain else high[1])
    core = (begin, max(begin, finish))
    widest = (_widen(start, low)[0], _widen(end, high)[1])
    if end.open:
        widest = (widest[0], move_year(widest[1], OPEN_YEARS))
    return [_extent(mixed, core, widest, is_vague=_is_vague(start) or _is_vague(end))]


def _single(point: Point, first: date, last: date) -> Extent | None:
    core = (first, last)
    low, high = _widen(point, core)
    if point.bound == "before":
        low, high = move_year(first, -OPEN_YEARS), first - timedelta(days=1)
    elif point.bound == "after":
        low, high = last + timedelta(days=1), move_year(last, OPEN_YEARS)
    elif point.bound == "by":
        low = move_year(first, -OPEN_YEARS)
    elif point.bound == "since" or point.open:
        high = move_year(last, OPEN_YEARS)
    doubted = replace(
        point, uncertain=point.uncertain or bool(point.bound) or point.open or len(point.days) > 1
    )
    return _extent(doubted, core, (low, high), is_vague=_is_vague(point))


def _extent(point: Point, core: tuple[date, date], widest: tuple[date, date], *, is_vague: bool) -> Extent:
    certainty: Certainty = "certain"
    if point.uncertain or _is_impossible(point):
        certainty = "uncertain"
    elif point.approximate or is_vague:
        certainty = "approximate"
    elif point.supplied:
        certainty = "supplied"
    low, high = min(widest[0], core[0]) if not point.bound else widest[0], widest[1]
    low, high = max(low, date(1, 1, 1)), min(high, date(LAST_YEAR + OPEN_YEARS, 12, 31))
    return Extent(core, Span(low.isoformat(), max(low, high).isoformat(), certainty), point.bulk)


def _is_vague(point: Point) -> bool:
    """ "early", "mid", "late" and seasons have no edges."""
    return bool(point.season) or (point.part is not None and point.part[2] == 3)


def _is_impossible(point: Point) -> bool:
    """Whether it names a day that its month does not have: "30 February"."""
    if not (point.years and point.month and point.day):
        return False
    return point.day > max(days_in(year, point.month) for year in point.years)


def _widen(point: Point, days: tuple[date, date]) -> tuple[date, date]:
    """As far as "circa" reaches, by how finely the point is written."""
    first, last = days
    if not point.approximate:
        return _widen_winter(first, last) if point.season == WINTER else days
    if point.season:
        return first - CIRCA_SEASON, last + CIRCA_SEASON
    if point.day and point.month:
        return first - timedelta(days=CIRCA_DAYS), last + timedelta(days=CIRCA_DAYS)
    if point.month and not point.wide:
        return move_month(first, -CIRCA_MONTHS, to_end=False), move_month(last, CIRCA_MONTHS, to_end=True)
    return move_year(first, -CIRCA_YEARS), move_year(last, CIRCA_YEARS)


def _bounds(point: Point) -> list[tuple[date, date]]:
    """First and last day of a point as written; two for a day of "1731/2", none without a year."""
    if point.days:
        return list(point.days)
    if point.years is None:
        return []
    first, last = point.years
    if point.wide:
        low, high = cut_part(last - first + 1, point.part) if point.part else (0, last - first)
        return [(date(first + low, 1, 1), date(first + high, 12, 31))]
    if point.season:
        return _season_bounds(point, first, last)
    if point.month:
        years = dict.fromkeys((first, last))
        return [_month_bounds(point, year) for year in years]
    if point.part and not point.dual:
        low, high = cut_part(12, point.part)
        return [(date(first, low + 1, 1), date(first, high + 1, days_in(first, high + 1)))]
    return [(date(first, 1, 1), date(last, 12, 31))]


def _season_bounds(point: Point, first: int, last: int) -> list[tuple[date, date]]:
    """Days of a season; a winter of one year is its two ends ("1918"), of two it is whole ("1918-19")."""
    (month, day), (to_month, to_day) = point.season or WINTER
    if point.season != WINTER or last == first + 1:
        return [(date(first, month, day), date(last, to_month, to_day))]
    return [
        (date(first, 1, 1), date(first, to_month, to_day)),
        (date(last, month, day), date(last, 12, 31)),
    ]


def _widen_winter(first: date, last: date) -> tuple[date, date]:
    """Either end of a year's winter reaches over New Year into the winter that it is part of."""
    (month, day), (to_month, to_day) = WINTER
    if (first.month, first.day) == (1, 1):
        first = date(first.year - 1, month, day) if first.year > 1 else first
    if (last.month, last.day) == (12, 31):
        last = date(last.year + 1, to_month, to_day)
    return first, last


def _month_bounds(point: Point, year: int) -> tuple[date, date]:
    length = days_in(year, point.month)
    if 1 <= point.day <= length:
        return date(year, point.month, point.day), date(year, point.month, point.day)
    low, high = cut_part(30, point.part) if point.part and not point.day else (0, length - 1)
    if point.part and high == 29:
        high = length - 1
    return date(year, point.month, low + 1), date(year, point.month, high + 1)
