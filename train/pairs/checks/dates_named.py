"""Dates in prose, in words and in figures, as days, months, years, decades and centuries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.asked.not_dates import fold_chars
from retrieval.dates.words import MONTHS
from train.pairs.checks.claim import hold_spaces

_YEAR = r"(?:1[0-9]|20)\d\d"
_MONTH = "|".join(sorted({month for month in MONTHS if len(month) > 2}, key=len, reverse=True))
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|o|º|\.)?"
_OF = r"(?:\s*,\s*|\s+(?:of|de|del|des|d['’]|the|den|år)?\s*)"
_FORMS = (
    rf"(?P<d1>{_DAY})\s*{_OF}?(?P<m1>{_MONTH})\b\.?(?:{_OF}?\s*(?P<y1>{_YEAR})\b)?",
    rf"(?P<y2>{_YEAR})[,\s]+(?P<m2>{_MONTH})\b\.?(?:\s+(?P<d2>{_DAY})(?![\d/]))?",
    rf"(?<![\w])(?P<m3>{_MONTH})\b\.?\s+(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\d)(?:\s*,?\s*(?P<y3>{_YEAR})\b)?",
    rf"(?<![\w])(?P<m4>{_MONTH})\b\.?{_OF}?\s*(?P<y4>{_YEAR})\b",
    rf"\b(?P<y5>{_YEAR})-(?P<n5>0[1-9]|1[0-2])(?:-(?P<d5>0[1-9]|[12]\d|3[01]))?\b(?![-/]\d)",
    rf"(?<![\d./])(?P<a6>\d{{1,2}})[./]\s?(?P<b6>\d{{1,2}})[./]\s?(?P<y6>{_YEAR})\b",
    rf"(?<![\d./])(?P<d8>\d{{1,2}})\.\s?(?P<r8>[ivx]{{1,4}})\.\s?(?P<y8>{_YEAR})\b",
    r"\b(?P<decade>(?:1[0-9]|20)\d0)(?:['’]?s|er)\b",
    r"\b(?P<century>1[0-9]|20|21)(?:th|st|\.)?\s*(?:-\s*)?(?:centur(?:y|ies)|jahrhunderts?|jh\.?)(?!\w)",
    rf"(?<![\d#.,/$£€-])(?P<first>{_YEAR})\s?[-–—/]\s?(?P<short>\d\d)(?!\d|[-/]\d)",
    rf"(?<![\w.,/$£€#])(?P<year>{_YEAR})(?![\w%]|[.,]\d)",
)
_ANY = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)
_ROMAN = {
    name: number for number, name in enumerate("i ii iii iv v vi vii viii ix x xi xii".split(), start=1)
}


@dataclass(frozen=True, slots=True)
class NamedDate:
    """A date and where it stands. `readings` are (year, month, day), 0 where it has none; several where
    figures can be read in two ways. `years` are first and last of a decade, a century or "1905-07".
    """

    start: int
    end: int
    readings: tuple[tuple[int, int, int], ...] = ()
    years: tuple[int, int] | None = None


def read_named_dates(text: str) -> list[NamedDate]:
    """All dates of a text, in order. Days without a year count; a bare month does not."""
    return [date for match in _ANY.finditer(fold_chars(hold_spaces(text))) if (date := _read(match))]


def _read(match: re.Match[str]) -> NamedDate | None:
    found = {name: value for name, value in match.groupdict().items() if value}
    start, end = match.span()
    if "decade" in found:
        return NamedDate(start, end, years=(int(found["decade"]), int(found["decade"]) + 9))
    if "century" in found:
        first = (int(found["century"]) - 1) * 100
        return NamedDate(start, end, years=(first, first + 100))
    if "short" in found:
        return _read_short(found["first"], found["short"], start, end)
    readings = tuple(reading for reading in _read_parts(found) if reading[1] <= 12 and reading[2] <= 31)
    return NamedDate(start, end, readings) if readings else None


def _read_short(first: str, short: str, start: int, end: int) -> NamedDate | None:
    """ "1905-07" are years, and may be a month; "1905/04" is a month or a year."""
    last = int(first[:2] + short)
    if last <= int(first):
        return NamedDate(start, start + 4, ((int(first), 0, 0),))
    return NamedDate(start, end, ((int(first), 0, 0), (last, 0, 0)), (int(first), last))


def _read_parts(found: dict[str, str]) -> Iterator[tuple[int, int, int]]:
    if "year" in found:
        yield int(found["year"]), 0, 0
    elif "a6" in found:
        one, other, year = int(found["a6"]), int(found["b6"]), int(found["y6"])
        yield from {(year, other, one), (year, one, other)} - {(year, 0, one), (year, 0, other)}
    elif "r8" in found:
        yield int(found["y8"]), _ROMAN.get(found["r8"].lower(), 13), int(found["d8"])
    else:
        parts = {name[0]: value for name, value in found.items()}
        month = MONTHS[parts["m"]] if "m" in parts else int(parts["n"])
        day = int(re.sub(r"\D", "", parts.get("d", "0")) or 0)
        yield int(parts.get("y", "0")), month, day
