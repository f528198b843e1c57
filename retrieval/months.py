"""Dates to the month, as far as the words say: "1905, October-December" covers November 1905.

Only ranking uses this; a filter works on years. Months are counted from year 0, so that
1905 is (22860, 22871).
"""

from __future__ import annotations

import re

from retrieval.dates import Years

Months = tuple[int, int]
"""First and last month, inclusive."""

_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"\b(?:(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
    r"|(?:(?<=\d )|(?<=\d, )|(?<=[-–] )|(?<=[-–]))(may)\b|(may)(?=\s*[-–]|,?\s+\d))",
    re.IGNORECASE,
)
_PARTS = {
    "early": (0, 3), "mid": (4, 7), "late": (8, 11), "spring": (2, 4), "summer": (5, 7), "autumn": (8, 10),
    "fall": (8, 10),
}  # fmt: skip
_PART = re.compile(
    r"\b(early|mid|late|spring|summer|autumn|fall)[\s,-]+(?:of\s+|in\s+)?(?=\d{4}\b(?!\s*s))", re.IGNORECASE
)


def months_of(years: Years, text: str) -> Months:
    """The months that a date covers: its years, narrowed where `text` names months that can be placed.

    Months can be placed when there is one year, or a first and a last month for a span of years.
    """
    first, last = years[0] * 12, years[1] * 12 + 11
    found = [_number(match) for match in _MONTH.finditer(text)]
    if found and (years[0] == years[1] or len(found) > 1):
        narrowed = (years[0] * 12 + found[0], years[1] * 12 + found[-1])
        return narrowed if narrowed[0] <= narrowed[1] else (first, last)
    part = _PART.search(text)
    if part and years[0] == years[1]:
        low, high = _PARTS[part[1].lower()]
        return first + low, first + high
    return first, last


def _number(match: re.Match[str]) -> int:
    return _NAMES.index(match[0].lower()[:3])
