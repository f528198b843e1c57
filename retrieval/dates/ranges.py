"""Points joined to ranges, and what each leaves to its neighbours filled in: "April 27-29, 1990"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.dates.points import Point
from retrieval.dates.tokens import complete_year
from retrieval.dates.words import WINTER

_FURTHEST_ENDING = 40


def pair(points: Sequence[Point]) -> list[tuple[Point, Point | None]]:
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


def fill(pairs: list[tuple[Point, Point | None]]) -> list[tuple[Point, Point | None]]:
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
        if (
            source
            and source.years
            and not source.wide
            and (following.month or following.ending or following.season)
        ):
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
