"""A point in time as far as it is written: what year, month and day it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from retrieval.dates.words import Days

Bound = Literal["", "before", "after", "by", "since"]
Joint = Literal["", ",", ";", "/", "and", "-", "|"]
"""What stands between two points; "|" is words that have nothing to do with dates."""


@dataclass(slots=True)
class Point:
    """One point as far as it is written. `years` are two for "1731/2" (`dual`) and a decade (`wide`).

    `ending` is a number that no month stands beside: a day of the month before it, or the end of a year.
    """

    years: tuple[int, int] | None = None
    dual: bool = False
    wide: bool = False
    month: int = 0
    day: int = 0
    ending: str = ""
    season: Days | None = None
    part: tuple[int, int, int] | None = None
    days: tuple[tuple[date, date], ...] = ()
    approximate: bool = False
    uncertain: bool = False
    supplied: bool = False
    bound: Bound = ""
    joint: Joint = ""
    bulk: bool = False
    open: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing of a date has been read yet."""
        return not (self.years or self.month or self.ending or self.season or self.days)

    @property
    def is_bare_year(self) -> bool:
        """Whether it is one year and no more."""
        return bool(self.years) and not (self.wide or self.month or self.ending or self.season or self.days)
