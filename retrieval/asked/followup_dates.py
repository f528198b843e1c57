"""Dates that a follow-up gives by the date before: "later in the year", "the year after", "any earlier"."""

from __future__ import annotations

import re
from datetime import date, timedelta

from retrieval.spans import Span

_UNIT = r"(?:in |during )?(?:the|that|the same) (year|month|decade|week)"
_LATER_WITHIN = re.compile(rf"\blater\b[^?.!]{{0,12}}?\b{_UNIT}\b|\brest of {_UNIT}\b", re.IGNORECASE)
_EARLIER_WITHIN = re.compile(rf"\bearlier\b[^?.!]{{0,12}}?\b{_UNIT}\b", re.IGNORECASE)
_SAME = re.compile(r"\b(?:the same|that) year\b", re.IGNORECASE)
_NEXT = re.compile(r"\b(?:the )?(?:next|following) year\b|\bthe year after\b", re.IGNORECASE)
_LAST = re.compile(r"\b(?:the )?(?:previous|preceding) year\b|\bthe year before\b", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:later|afterwards?|after that|since then)\b", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:earlier|before that|until then)\b", re.IGNORECASE)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip


def move_date(question: str, before: Span) -> str:
    """The date asked for now, in words, by the one asked for before; "" where the question moves none.

    What covers the whole year has nothing later in that year: then the year stays.
    """
    first, last = date.fromisoformat(before.first), date.fromisoformat(before.last)
    if found := _LATER_WITHIN.search(question):
        end = _bounds(last, found[1] or found[2])[1]
        return _between(last + timedelta(days=1), end) if last < end else _between(first, last)
    if found := _EARLIER_WITHIN.search(question):
        start = _bounds(first, found[1])[0]
        return _between(start, first - timedelta(days=1)) if start < first else _between(first, last)
    if _NEXT.search(question):
        return f"in {last.year + 1}"
    if _LAST.search(question):
        return f"in {first.year - 1}"
    if _SAME.search(question):
        return f"in {first.year}" if first.year == last.year else ""
    if _AFTER.search(question):
        return f"after {_say(last)}"
    if _BEFORE.search(question):
        return f"before {_say(first)}"
    return ""


def _bounds(day: date, unit: str) -> tuple[date, date]:
    """First and last day of the year, month, decade or week that a day lies in."""
    if unit.lower() == "month":
        after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return day.replace(day=1), after - timedelta(days=1)
    if unit.lower() == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    years = 10 if unit.lower() == "decade" else 1
    first = day.year - day.year % years
    return date(first, 1, 1), date(first + years - 1, 12, 31)


def _between(first: date, last: date) -> str:
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        return f"in {first.year}" if first.year == last.year else f"from {first.year} to {last.year}"
    return f"from {_say(first)} to {_say(last)}"


def _say(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
