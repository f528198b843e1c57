"""Spans of days out of points: what each leaves to its neighbours is filled in, ranges are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from retrieval.dates.calendar import LAST_YEAR, cut_part, days_in, move_month, move_year
from retrieval.dates.points import Point
from retrieval.dates.tokens import complete_year
from retrieval.dates.words import WINTER
from retrieval.spans import Certainty, Span

CIRCA_YEARS, CIRCA_MONTHS, CIRCA_DAYS, CIRCA_SEASON = 1, 1, 1, timedelta(weeks=12)
"""How far "circa" reaches on either side of a year, a month, a day, a season. ISO 8601-2 (EDTF) leaves
it open; these are the defaults of the `edtf` package (PADDING_*_PRECISION), which others interpret by."""

OPEN_YEARS = 10
"""How far "before", "after" and an open end reach: `edtf`'s DELTA_IF_UNKNOWN."""

_MOST_SPANS = 32
_FURTHEST_ENDING = 40


@dataclass(frozen=True, slots=True)
class Extent:
    """What one expression covers, at least (`core`, as written) and at most (`span`)."""

    core: tuple[date, date]
    span: Span
    bulk: bool


def to_extents(points: Sequence[Point]) -> list[Extent]:
    """Extents in the order they are written; points that name no year, even with help, give none."""
    ranges = _fill(_pair(points))
    found = [extent for start, end in ranges for extent in _extents_of(start, end)]
    return found[:_MOST_SPANS]


def _pair(points: Sequence[Point]) -> list[tuple[Point, Point | None]]:
    """Points as (start, end) of a range, or (point, None)."""
    pairs: list[tuple[Point, Point | None]] = []
    for point in points:
        if point.joint == "-" and pairs and pairs[-1][1] is None:
            pairs[-1] = _complete_range(pairs[-1][0], point)
        else:
            pairs.append((point, None))
    return pairs


def _complete_range(start: Point, end: Point) -> tuple[Point, Point | None]:
    """Let either end of a range take from the other what it does not say itself."""
    if end.ending:
        return _read_ending(start, end)
    if start.ending and not start.month:
        if end.month and end.day:
            start = replace(start, day=int(start.ending), ending="", month=end.month)
            if int(start.day) > end.day and not start.years:
                return end, None
        else:
            return end, None  # "2[-] December": a day that cannot be read
    if start.years is None and end.years is not None and not start.days:
        years = end.years
        if (
            start.month
            and end.month
            and (start.month, start.day) > (end.month, end.day or 31)
            and not end.wide
        ):
            years = (years[0] - 1, years[1] - 1)  # "December-February 1905"
        start = replace(start, years=years, wide=end.wide, dual=end.dual)
    elif end.years is None and start.years is not None and not end.days:
        end = _follow(start, end)
    if start.season == WINTER and not start.dual and end.is_bare_year and _is_next(start, end):
        return replace(start, years=(start.years[0], end.years[1]), dual=True), None  # type: ignore[index]
    return start, end


def _follow(start: Point, end: Point) -> Point:
    """The end of a range that names no year: of the same, or of the next where it would come before."""
    years = start.years
    if (
        years
        and end.month
        and not start.wide
        and (start.month or 1, start.day or 1) > (end.month, end.day or 31)
    ):
        return replace(end, years=(years[0] + 1, years[1] + 1), uncertain=True)
    return replace(end, years=years, wide=start.wide)


def _read_ending(start: Point, end: Point) -> tuple[Point, Point | None]:
    """ "1974-75", "Winter 1918-19", "April 27-29, 1990", "1849 December 22-26", "1918-04"."""
    number = int(end.ending)
    if start.month and (start.day or start.years is None):
        if not 1 <= number <= 31:
            return start, None
        month = start.month if not start.day or number >= start.day else start.month % 12 + 1
        years = end.years or start.years
        return (
            replace(start, years=start.years or years),
            replace(end, ending="", day=number, month=month, years=years),
        )
    if start.ending and end.years is None:
        return start, None
    if start.years is None or start.wide:
        return start, None
    year = complete_year(start.years[1], end.ending)
    if year > start.years[1]:
        if start.season == WINTER:
            return replace(start, years=(start.years[0], year), dual=True), None
        return start, replace(end, ending="", years=(year, year), season=start.season)
    if len(end.ending) == 2 and 1 <= number <= 12 and start.is_bare_year:
        return replace(start, month=number), None
    return start, None


def _is_next(start: Point, end: Point) -> bool:
    return bool(start.years and end.years) and end.years[0] - start.years[0] == 1  # type: ignore[index]


def _fill(pairs: list[tuple[Point, Point | None]]) -> list[tuple[Point, Point | None]]:
    """Give years and months to those that leave them to a neighbour in a list."""
    filled: list[tuple[Point, Point | None]] = []
    for place, (start, end) in enumerate(pairs):
        if start.ending and start.years is None and not start.month:
            start, end = _fill_ending(start, end, filled, pairs[place + 1 :])
            if start.is_empty:
                continue
        elif start.ending and filled and filled[-1][0].month:
            start = replace(start, month=filled[-1][0].month, day=int(start.ending), ending="")
        if start.years is None and not start.days:
            start, end = _fill_year(start, end, filled, pairs[place + 1 :])
        filled.append((start, end))
    return filled


def _fill_ending(
    start: Point,
    end: Point | None,
    before: list[tuple[Point, Point | None]],
    after: list[tuple[Point, Point | None]],
) -> tuple[Point, Point | None]:
    """ "February 7, 20, 1917", "25 & 26 May 1785", "1865 or 6", "1855, 56"."""
    number = int(start.ending)
    following = next((point for point, _ in after if point.month), None)
    if following and following.day and following.joint in {",", "and"} and 1 <= number <= 31:
        if all(point.ending or point is following for point, _ in after[: 1 + _place(after, following)]):
            return replace(start, month=following.month, day=number, ending="", years=following.years), end
    if start.joint in {"", "|", ";"} or not before:
        return Point(), None
    last = before[-1][1] or before[-1][0]
    if last.month and last.day and 1 <= number <= 31:
        return replace(start, month=last.month, day=number, ending="", years=last.years), end
    if last.is_bare_year and last.years:
        year = complete_year(last.years[1], start.ending)
        if 0 < year - last.years[1] <= _FURTHEST_ENDING and (
            start.joint in {"and", "/"} or len(start.ending) == 2
        ):
            return replace(start, years=(year, year), ending=""), end
    return Point(), None


def _place(pairs: list[tuple[Point, Point | None]], wanted: Point) -> int:
    return next(place for place, (point, _) in enumerate(pairs) if point is wanted)


def _fill_year(
    start: Point,
    end: Point | None,
    before: list[tuple[Point, Point | None]],
    after: list[tuple[Point, Point | None]],
) -> tuple[Point, Point | None]:
    """A year from the bare year just before ("1905, July-December"), else from after, else from before."""
    last = before[-1] if before and start.joint != "|" else None
    if last and last[1] is None and last[0].is_bare_year and start.joint != "and":
        before.pop()
        return _with_year(start, end, last[0])
    for following, to in after:
        if following.joint in {"|", ";"}:
            break
        source = following if following.years else to
        if source and source.years and not source.wide and (following.month or following.ending):
            return _with_year(start, end, source)
        if source and source.years:
            break
    if last:
        source = last[1] or last[0]
        if source.years and not source.wide:
            return _with_year(start, end, source)
    return start, end


def _with_year(start: Point, end: Point | None, source: Point) -> tuple[Point, Point | None]:
    start = replace(
        start,
        years=source.years,
        dual=source.dual,
        approximate=start.approximate or (source.approximate and source.is_bare_year),
        uncertain=start.uncertain or (source.uncertain and source.is_bare_year),
        supplied=start.supplied or source.supplied,
        bulk=source.bulk or start.bulk,
        bound=start.bound or (source.bound if source.is_bare_year else ""),
    )
    return (start, _follow(start, end)) if end and end.years is None and not end.days else (start, end)


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
    """ "early", "mid" and "late" have no edges."""
    return point.part is not None and point.part[1] == 3


def _is_impossible(point: Point) -> bool:
    """Whether it names a day that its month does not have: "30 February"."""
    if not (point.years and point.month and point.day):
        return False
    return point.day > max(days_in(year, point.month) for year in point.years)


def _widen(point: Point, days: tuple[date, date]) -> tuple[date, date]:
    """As far as "circa" reaches, by how finely the point is written."""
    first, last = days
    if not point.approximate:
        return days
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
        return [_season(point, first, last)]
    if point.month:
        years = dict.fromkeys((first, last))
        return [_month_bounds(point, year) for year in years]
    if point.part and not point.dual:
        low, high = cut_part(12, point.part)
        return [(date(first, low + 1, 1), date(first, high + 1, days_in(first, high + 1)))]
    return [(date(first, 1, 1), date(last, 12, 31))]


def _season(point: Point, first: int, last: int) -> tuple[date, date]:
    if point.season == WINTER and last == first + 1:
        return date(first, 12, 1), date(last, 2, days_in(last, 2))
    (month, day), (to_month, to_day) = point.season or WINTER
    return date(first, month, day), date(last, to_month, to_day)


def _month_bounds(point: Point, year: int) -> tuple[date, date]:
    length = days_in(year, point.month)
    if 1 <= point.day <= length:
        return date(year, point.month, point.day), date(year, point.month, point.day)
    low, high = cut_part(30, point.part) if point.part and not point.day else (0, length - 1)
    if point.part and high == 29:
        high = length - 1
    return date(year, point.month, low + 1), date(year, point.month, high + 1)
