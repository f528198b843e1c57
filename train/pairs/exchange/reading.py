"""What comes of reading a file: pairs, and what is wrong where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from train.pairs.pair import Pair

MOST_BYTES = 40_000_000
"""Bytes of a file; 10,000 pairs with a passage each have about 13 million as CSV."""
MOST_ROWS = 10_000
"""Rows of a file: they are kept in one transaction, which must not keep patrons' feedback waiting."""
MOST_PROBLEMS = 200
"""Problems that are told one by one; the others are counted."""

LEFT_OUT = "system messages were left out: the service has instructions of its own"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: "Row 3" of a table, "Line 3" of a text, "Item 3" of a list."""

    word: str
    number: int

    def __str__(self) -> str:
        return f"{self.word} {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, in plain words. Without a place it holds for the whole file.

    `refused` is false for a remark on something that was read all the same.
    """

    problem: str
    remedy: str = ""
    place: Place | None = None
    column: str = ""
    refused: bool = True

    def __str__(self) -> str:
        where = str(self.place) if self.place else ""
        if self.column:
            where = f"{where}, {self.column}" if where else self.column
        told = f"{self.problem}. {self.remedy}." if self.remedy else f"{self.problem}."
        return f"{where}: {told}" if where else f"{told[:1].upper()}{told[1:]}"


class Misfit(Exception):
    """A value that cannot become a field of a pair: which one, what was expected and found, what to do."""

    def __init__(self, column: str, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.column = column
        self.problem = problem
        self.remedy = remedy

    def at(self, place: Place | None) -> Problem:
        """The same as a problem of one place."""
        return Problem(problem=self.problem, remedy=self.remedy, place=place, column=self.column)


class Unreadable(Exception):
    """A file of which nothing can be read; `str(error)` is a sentence that says what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem[:1].upper()}{problem[1:]}. {remedy}.")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Entry:
    """One pair, and where it stands."""

    pair: Pair
    place: Place


@dataclass(slots=True)
class Reading:
    """What a file holds, filled while it is read. `more` counts the problems that are not told."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    refused: int = 0
    more: int = 0
    _said: set[str] = field(default_factory=set)

    @property
    def pairs(self) -> Sequence[Pair]:
        """The pairs alone, in the order of the file."""
        return [entry.pair for entry in self.entries]

    @property
    def rows(self) -> int:
        """Rows that were pairs, or should have been."""
        return len(self.entries) + self.refused

    def keep(self, pair: Pair, place: Place) -> None:
        """Take a pair in. Raises Unreadable for more than `MOST_ROWS`."""
        self.entries.append(Entry(pair, place))
        check_rows(self.rows)

    def refuse(self, problem: Problem) -> None:
        """Leave a row out, and say why."""
        self.refused += 1
        check_rows(self.rows)
        self._tell(problem)

    def remark(self, problem: str, remedy: str = "", place: Place | None = None, column: str = "") -> None:
        """Say something about a row or the file that is taken in all the same."""
        self._tell(Problem(problem=problem, remedy=remedy, place=place, column=column, refused=False))

    def remark_once(self, problem: str, remedy: str = "", column: str = "") -> None:
        """Say something that holds for many rows a single time."""
        if problem not in self._said:
            self._said.add(problem)
            self.remark(problem, remedy, column=column)

    def _tell(self, problem: Problem) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.more += 1


def check_rows(rows: int) -> None:
    """Raises Unreadable for more rows than are read at once."""
    if rows > MOST_ROWS:
        raise Unreadable(
            f"the file has more than {MOST_ROWS:,} rows, which is as many as are taken in at once",
            "Split it into several files",
        )
