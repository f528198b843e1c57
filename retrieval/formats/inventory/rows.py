"""Rows of an inventory by field: delimiter, header row, broken and ragged rows, cells made clean."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats.inventory import columns
from retrieval.formats.inventory.columns import ColumnMap
from retrieval.formats.prose import fold

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_WITHIN = 15
_SNIFFED = 20_000
_MOST_BROKEN = 20
_LONGEST_CELL = 1_000_000
_DITTO = re.compile(r'^(?:ditto|do\.|"|″|〃|”|-\s*"\s*-)\.?$', re.IGNORECASE)
_CONTINUED = re.compile(r"\s*\(?\b(?:cont(?:inue)?d?|cont\.)\)?\.?\s*$", re.IGNORECASE)
_SERIAL = re.compile(r"^\d{5}(?:\.\d+)?$")

Line = tuple[int, list[str]]
"""A row's cells, with the line of the file that it begins on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row by field, with the headings above it that it stands under, outermost first."""

    line: int
    values: Mapping[str, str]
    headings: tuple[str, ...] = ()

    def get(self, name: str) -> str:
        """The value of a field, "" where there is none."""
        return self.values.get(name, "")


@dataclass(slots=True)
class Table:
    """The rows of a file, the title above them and what could not be read."""

    rows: list[Row] = field(default_factory=list)
    title: str = ""
    problems: list[SourceError] = field(default_factory=list)


def read_table(path: Path, text: str, told: Mapping[str, tuple[str, ...]], fixed: Mapping[str, str]) -> Table:
    """Rows by field, under told columns or guessed ones. Raises SourceError for unknown headers."""
    table = Table()
    wanted = {name.strip().lower() for names in told.values() for name in names}
    delimiter = "\t" if path.suffix.lower() == ".tsv" else _sniff(text, wanted)
    return fill_table(path, table, _split(path, text, delimiter, table.problems), told, fixed)


def fill_table(
    path: Path,
    table: Table,
    lines: Sequence[Line],
    told: Mapping[str, tuple[str, ...]],
    fixed: Mapping[str, str],
) -> Table:
    """The table out of lines that are cells already, as a spreadsheet's are. Raises SourceError likewise."""
    wanted = {name.strip().lower() for names in told.values() for name in names}
    header, table.title = _find_header(lines, wanted)
    if header is None:
        raise SourceError(path, "has no rows", remedy="export it again")
    number, headers = lines[header]
    found = (
        columns.place(path, headers, told, fixed, number) if told else columns.guess(path, headers, number)
    )
    table.rows = list(_read_rows(path, lines[header + 1 :], found, table.problems))
    if not table.rows:
        table.problems.append(
            SourceError(path, "has headers but no rows", line=number, remedy="export it again")
        )
    return table


def drop_continued(heading: str) -> str:
    """A heading without the "(cont.)" it has at the top of later pages."""
    return _CONTINUED.sub("", heading).strip()


def _known(cells: Sequence[str], wanted: set[str]) -> int:
    if wanted:
        return sum(cell.strip().lower() in wanted for cell in cells)
    return columns.count_known(cells)


def _sniff(text: str, wanted: set[str]) -> str:
    """The delimiter under which the first lines name most known columns, or else have most columns."""
    head = text[:_SNIFFED].splitlines()[:_HEADER_WITHIN]

    def score(delimiter: str) -> tuple[int, int]:
        rows = csv.reader(head, delimiter=delimiter)
        return max(((_known(row, wanted), len(row)) for row in rows), default=(0, 0))

    return max(_DELIMITERS, key=score)


def _split(path: Path, text: str, delimiter: str, problems: list[SourceError]) -> list[Line]:
    """All rows. One with broken quotes is reported and left out, and reading goes on at the next line."""
    lines = text.split("\n")
    rows: list[Line] = []
    start, broken = 0, 0
    csv.field_size_limit(_LONGEST_CELL)
    while start < len(lines) and broken < _MOST_BROKEN:
        reader = csv.reader((line + "\n" for line in lines[start:]), delimiter=delimiter, strict=True)
        read = 0
        try:
            for row in reader:
                rows.append((start + read + 1, row))
                read = reader.line_num
            return rows
        except csv.Error as error:
            broken += 1
            start += read + 1
            problem = f"row has broken quotes ({error})"
            problems.append(SourceError(path, problem, line=start, remedy="close the quotes, or double them"))
    if broken == _MOST_BROKEN:
        problems.append(
            SourceError(
                path,
                "has too many broken quotes; the rest was left out",
                line=start,
                remedy="export it again",
            )
        )
    return rows


def _find_header(lines: Sequence[Line], wanted: set[str]) -> tuple[int | None, str]:
    """Position of the header row, and the title that stands in a line above it."""
    above = ""
    first: int | None = None
    for position, (_, row) in enumerate(lines[:_HEADER_WITHIN]):
        cells = [cell.strip() for cell in row if cell.strip()]
        if not cells:
            continue
        first = position if first is None else first
        known = _known(cells, wanted)
        if known and known >= min(2, len(cells)):
            return position, above
        if len(cells) == 1 and not above:
            above = fold(cells[0])
    return first, ""


def _read_rows(
    path: Path, lines: Sequence[Line], found: ColumnMap, problems: list[SourceError]
) -> Iterator[Row]:
    """Rows in order; ragged ones are reported and left out, blank ones and repeated headers passed over."""
    width = len(found.headers)
    headers = [header.strip().lower() for header in found.headers]
    previous: dict[str, str] = {}
    headings: tuple[str, ...] = ()
    known: list[str] = []
    for number, row in lines:
        while len(row) > width and not row[-1].strip():
            row = row[:-1]
        if not any(cell.strip() for cell in row) or [cell.strip().lower() for cell in row] == headers:
            continue
        if len(row) != width:
            problem = f"row has {len(row)} cells where the headers have {width}"
            problems.append(
                SourceError(path, problem, line=number, remedy="quote cells that hold the delimiter")
            )
            continue
        values = {name: _join(name, [_clean(row[at]) for at in ats]) for name, ats in found.columns.items()}
        _settle(path, number, values, previous, problems)
        series = tuple(_clean(row[at]) for at in found.columns.get("series", ()))
        headings = _follow(headings, series, known)
        previous = {**previous, **{name: value for name, value in values.items() if value}}
        yield Row(number, values, headings)


def _settle(
    path: Path, number: int, values: dict[str, str], previous: dict[str, str], problems: list[SourceError]
) -> None:
    """Write out "Ditto" in every cell but title and description, and leave out dates that are serials."""
    for name, value in values.items():
        if name not in {"title", "description"} and _DITTO.match(value):
            values[name] = previous.get(name, "")
    if _SERIAL.match(values.get("date", "")):
        problem = f"date {values['date']} is a spreadsheet serial and was left out"
        problems.append(
            SourceError(path, problem, line=number, remedy="format the column as text, export again")
        )
        values["date"] = ""


def _join(name: str, cells: list[str]) -> str:
    cells = list(dict.fromkeys(cell for cell in cells if cell))
    if name == "date":
        return (" - " if any(" " in cell for cell in cells) else "-").join(cells)
    return ("\n" if name == "description" else "; ").join(cells)


def _clean(cell: str) -> str:
    """A cell on one line: literal backslash-n is a space, bars between values are semicolons."""
    return fold(cell.replace("\\r", " ").replace("\\n", " ").replace(" | ", "; "))


def _follow(before: tuple[str, ...], cells: tuple[str, ...], known: list[str]) -> tuple[str, ...]:
    """Headings in force after a row: a new one replaces those below it; "(cont.)" of an old one does not.

    A heading cut short at the top of a page ("GROUP 3.") stands for the whole one seen before.
    """
    now = list(before) + [""] * (len(cells) - len(before))
    for level, cell in enumerate(cells):
        heading = drop_continued(cell)
        heading = next((whole for whole in known if heading and whole.startswith(heading)), heading)
        if (
            not heading
            or heading.isdigit()
            or any(heading.lower() in held.lower() for held in now[: level + 1])
        ):
            continue
        now[level:] = [heading] + [""] * (len(now) - level - 1)
        known.append(heading)
    return tuple(now)
