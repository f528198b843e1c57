"""Points in time out of the tokens of a date, read from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.dates.points import Bound, Joint, Point
from retrieval.dates.tokens import DATED, Token

_COMPLETE = frozenset({"year", "dual", "wide", "day", "days"})
_SHORT_WORD = 3
_NOT = frozenset({"not", "no"})
_TURNED: dict[Bound, Bound] = {"before": "since", "after": "by"}
"""What "not" makes of a bound: "not before 1905"."""
_AND: dict[Bound, Bound] = {"before": "by", "after": "since"}
"""What a bound is behind its date: "1905 and before"."""


class Scanner:
    """Reads tokens from left to right; `points` has what was found."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.points: list[Point] = []
        self._tokens = tokens
        self._now = Point()
        self._joint: Joint = ""
        self._comma = False
        self._between = False
        self._bulk = False
        for place, token in enumerate(tokens):
            self._take(place, token)
        self._flush()
        self._end_open()

    def _take(self, place: int, token: Token) -> None:
        kind = token.kind
        if self._comma and self._now.is_empty and kind in DATED:
            self._joint, self._comma = self._joint or ",", False
        if kind in _COMPLETE:
            self._take_year(place, token)
        elif kind == "month" or kind == "season":
            self._take_month(place, token)
        elif kind == "number":
            self._take_number(place, token)
        elif kind == "part":
            if not (self._now.is_bare_year and self._next(place) == "month"):
                self._flush()
            self._now.part = token.value
        elif kind == "mark":
            self._take_mark(place, token)
        elif kind == "question":
            if self._now.is_empty and place and self._tokens[place - 1].kind in {"day", "days"}:
                self.points[-1].uncertain = True  # "12.3.1905?"
            elif self._now.is_empty:
                self._now.uncertain = self._next(place) in DATED
            else:
                self._now.uncertain = True
        else:
            self._take_break(place, token)

    def _take_break(self, place: int, token: Token) -> None:
        kind = token.kind
        if kind == "comma":
            self._comma = True
        elif kind == "dash":
            self._flush()
            if (
                not self.points
                and self._now.is_empty
                and place
                and self._tokens[place - 1].kind == "question"
            ):
                self._now.bound = "by"  # "?-1945"
            self._join("-")
        elif kind == "slash":
            self._flush()
            self._join("-" if place and self._tokens[place - 1].kind == "day" else "/")
        elif kind == "semicolon" or kind == "open":
            self._flush()
            self._end_open()
            self._bulk = self._bulk and kind == "open"
            self._join(";")
        elif kind == "close":
            self._flush()
            self._end_open()
            self._bulk = False
        elif kind == "undated":
            self._flush()
            self._joint = "|"
        elif not (len(token.value) <= _SHORT_WORD and not self._now.is_empty and self._next(place) in DATED):
            if self._now.ending and not self._now.month:
                self._now = Point()  # "12 boxes"
            self._flush()
            self._joint = "|"

    def _take_year(self, place: int, token: Token) -> None:
        now = self._now
        if not now.is_empty and not self._accepts_year(place):
            self._flush()
            now = self._now
        now.supplied = now.supplied or token.supplied
        if token.kind == "year":
            now.years = (token.value, token.value)
        elif token.kind == "day":
            year, now.month, day = token.value
            now.years, now.day = (year, year), day or 0
            self._flush()
        elif token.kind == "days":
            now.days = token.value
            now.uncertain = now.uncertain or len(now.days) > 1
            self._flush()
        else:
            now.years = token.value
            now.dual, now.wide = token.kind == "dual", token.kind == "wide"

    def _accepts_year(self, place: int) -> bool:
        """Whether the year at `place` completes the month or day before it."""
        now = self._now
        if now.years or now.days or self._tokens[place].kind in {"day", "days"}:
            return False
        if now.ending and not now.month:
            before = self.points[-1] if self.points else Point()
            in_month = before.month > 0 or not before.years
            return in_month and int(now.ending) <= 31 and not (self._comma and self._next(place) == "month")
        return not (self._comma and self._next(place) == "month" and self._has_year_before())

    def _has_year_before(self) -> bool:
        return bool(self.points) and self.points[-1].years is not None

    def _take_month(self, place: int, token: Token) -> None:
        now = self._now
        if token.value == 5 and self._next_word(place) in {"be", "have", "not", "also"}:
            return
        free = not (now.month or now.season or now.wide or now.days)
        if not now.is_empty and (not free or (self._comma and bool(now.years) and not now.ending)):
            self._flush()
            now = self._now
        if now.ending:
            now.day, now.ending = int(now.ending), ""
        if token.kind == "season":
            now.season = token.value
        else:
            now.month = token.value
            now.part = None if now.years else now.part  # "early 1776 probably January"
        now.supplied = now.supplied or token.supplied

    def _take_number(self, place: int, token: Token) -> None:
        now = self._now
        number = int(token.value)
        before_month = self._next(place) == "month"
        if before_month:
            if not (now.is_bare_year and not self._comma) or self._is_whole(place):
                self._flush()
                now = self._now
            now.ending = token.value if 1 <= number <= 31 else ""
        elif now.month and not now.day and not self._comma and 1 <= number <= 31:
            now.day = number
        else:
            self._flush()
            now = self._now
            now.ending = token.value
        now.supplied = now.supplied or token.supplied

    def _is_whole(self, place: int) -> bool:
        """Whether the day at `place` has a month and a year of its own: "1811 2 November 1808"."""
        following = [token for token in self._tokens[place + 1 : place + 5] if token.value != "fill"]
        return len(following) > 1 and following[0].kind == "month" and following[1].kind == "year"

    def _take_mark(self, place: int, token: Token) -> None:
        mark, following = token.value, self._next(place)
        if mark in {"circa", "perhaps"}:
            self._doubt(mark, following)
        elif mark in {"before", "after", "since", "by"}:
            self._take_bound(place, mark, following)
        elif mark == "between":
            self._flush()
            self._between = True
        elif mark == "bulk":
            self._flush()
            self._bulk = True
            self._joint = ";"
        elif mark in {"later", "earlier"}:
            self._extend(place, mark)
        elif mark == "present":
            self._flush()
            if self._joint == "-" and self.points:
                self.points[-1].open, self._joint = True, "|"
        elif mark == "to" or (mark == "maybe_to" and following in DATED and not self._now.is_empty):
            if self._now.is_empty and not self._joint and following in DATED:
                self._now.bound = "by"
            else:
                self._flush()
                self._join("-")
        elif mark == "and":
            self._flush()
            self._join("-" if self._between else "and")
            self._between = False

    def _take_bound(self, place: int, mark: Bound, following: str) -> None:
        before = self._tokens[place - 1].value if place else ""
        if following in DATED or (following == "mark" and self._next_mark(place) in {"circa", "perhaps"}):
            self._flush()
            turned = before in _NOT
            self._now.bound = _TURNED.get(mark, mark) if turned else mark
        elif before == "and" and self.points:
            self.points[-1].bound = _AND.get(mark, mark)

    def _doubt(self, mark: str, following: str) -> None:
        """Circa and the like: of what comes next, or of what was before when nothing comes."""
        now = self._now
        if following in _COMPLETE or following == "part":
            if not now.is_empty and now.years:
                self._flush()
        elif following in DATED:
            if not (now.is_bare_year and not self._comma):
                self._flush()
        elif following != "mark" and now.is_empty and self.points and self._joint in {"", ";"}:
            now = self.points[-1]
            self._set_doubt(now, mark)
            return
        self._set_doubt(self._now, mark)

    def _set_doubt(self, point: Point, mark: str) -> None:
        if mark == "circa":
            point.approximate = True
        else:
            point.uncertain = True

    def _extend(self, place: int, mark: str) -> None:
        """ "1905 or later", "1905 onwards"."""
        before = self._tokens[place - 1] if place else None
        if before and before.value in _NOT:
            self._flush()
            self._now.bound = "by" if mark == "later" else "since"
            return
        if before is None or not (before.kind in {"year", "close"} or before.value == "and"):
            return
        self._flush()
        if self.points:
            self.points[-1].bound = "since" if mark == "later" else "by"
        self._joint = "|"

    def _join(self, joint: Joint) -> None:
        if self._joint in {"", ","} or joint == "-":
            self._joint = joint

    def _flush(self) -> None:
        """Close the point at hand; marks that wait for a date ("circa") wait on."""
        now = self._now
        if not now.is_empty:
            joint: Joint = self._joint or ""
            self.points.append(replace(now, joint=joint, bulk=self._bulk))
            self._now = Point()
            self._joint = "," if self._comma else ""
        elif self._comma and not self._joint:
            self._joint = ","
        self._comma = False

    def _end_open(self) -> None:
        """A dash with nothing after it leaves the date before it open: "1979-", "1978-?"."""
        if self._joint == "-" and self.points:
            self.points[-1].open, self._joint = True, ""

    def _next(self, place: int) -> str:
        """Kind of the next token that is not a filler."""
        for token in self._tokens[place + 1 :]:
            if token.kind != "mark" or token.value != "fill":
                return token.kind
        return ""

    def _next_mark(self, place: int) -> str:
        return str(self._tokens[place + 1].value) if place + 1 < len(self._tokens) else ""

    def _next_word(self, place: int) -> str:
        return self._next_mark(place)
