"""Days, months and years as the calendar has them: bounds, and what a part of a period covers."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

FIRST_YEAR, LAST_YEAR = 1000, 2099

_REPUBLICAN_NEW_YEARS = (22, 22, 22, 23, 22, 22, 22, 23, 23, 23, 23, 24, 23, 23)
"""Day of September on which each year of the French Republican calendar began, from an I (1792) on."""

_THIRDS = 3


def days_in(year: int, month: int) -> int:
    """Number of days of a month."""
    return monthrange(year, month)[1]


def move_year(day: date, years: int) -> date:
    """The same day some years on; 29 February becomes the 28th where there is none."""
    year = min(max(day.year + years, 1), 9999)
    return date(year, day.month, min(day.day, days_in(year, day.month)))


def move_month(day: date, months: int, *, to_end: bool) -> date:
    """First or last day of the month that is some months on."""
    number = day.year * 12 + day.month - 1 + months
    year, month = min(max(number // 12, 1), 9999), number % 12 + 1
    return date(year, month, days_in(year, month) if to_end else 1)


def cut_part(length: int, part: tuple[int, int, int]) -> tuple[int, int]:
    """First and last unit, from 0, of parts of a period (from which, to which, of how many).

    The early third of 100 years is 0 to 33. Thirds are vague, so they overlap by a year where they do
    not go in evenly.
    """
    first, which, of = part
    overlap = 0 if length % of == 0 or of != _THIRDS else 1
    last = length * (which + 1) // of - 1 + overlap
    return length * first // of, min(last, length - 1)


def republican_days(day: int | None, month: int, year: int) -> tuple[date, date] | None:
    """A day or a month (from 1) of the French Republican calendar; None for a year it did not have."""
    if not 1 <= year <= len(_REPUBLICAN_NEW_YEARS):
        return None
    new_year = date(1791 + year, 9, _REPUBLICAN_NEW_YEARS[year - 1])
    first = new_year + timedelta(days=30 * (month - 1))
    if day and day <= 30:
        return first + timedelta(days=day - 1), first + timedelta(days=day - 1)
    return first, first + timedelta(days=29)
