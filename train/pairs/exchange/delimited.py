"""CSV: rows of text with a delimiter, from Excel, LibreOffice, Google Sheets and programs.

Read: UTF-8 with and without a byte order mark, UTF-16, Windows-1252; comma, semicolon, tab or bar, or what a
first line `sep=` says. Written: UTF-8 with a mark, commas, everything in quotes.

Carries all of a pair. A text that a spreadsheet program would take for a formula, at the beginning of a cell
or behind a sign that some of them end a cell at, has an apostrophe put before it, and read off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from train.pairs.exchange.encoding import decode
from train.pairs.exchange.export import Export
from train.pairs.exchange.reading import Place, Problem, Reading, Unreadable, check_rows
from train.pairs.exchange.table import HEADER_WITHIN, Row, find_layout, read_rows, write_table
from train.pairs.pair import Pair

_DELIMITERS = (",", ";", "\t", "|")
_SEP = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SIGNS = "=+\\-@＝＋－＠"
_LONGEST_CELL = 1_000_000
_MOST_BROKEN = 100
_SNIFFED = 200_000

_START = re.compile(rf"(^|[\n\r\t;,|])('*)(?=[{_SIGNS}])")
_GUARDED = re.compile(rf"(^|[\n\r\t;,|])'('*)(?=[{_SIGNS}])")
_GUARDS = re.compile(rf"(^|[\n\r\t;,|])'+(?=[{_SIGNS}])")
_GUARDED_FIRST = re.compile(rf"^'(?='*[{_SIGNS}])")


def read_delimited(raw: bytes) -> Reading:
    """The pairs of a CSV file. Raises Unreadable where no columns can be told."""
    reading = Reading()
    decoded = decode(raw)
    if decoded.remark:
        reading.remark(decoded.remark, "Save the file as UTF-8 if accents look wrong")
    text = decoded.text if "\n" in decoded.text else decoded.text.replace("\r", "\n")
    rows = _split(text, reading)
    position, layout = find_layout(rows, reading)

    def fold(cell: str) -> str:
        """What is the same before and after a spreadsheet program that writes `decoded.encoding`."""
        written = cell.encode(decoded.encoding, "replace").decode(decoded.encoding)
        return " ".join(_GUARDS.sub(r"\1", written).split())

    clean = _unguard if layout.pieces else _unguard_first
    read_rows(rows[position + 1 :], layout, reading, fold, lambda cell: unify_lines(clean(cell)))
    return reading


def write_delimited(pairs: Sequence[Pair]) -> Export:
    """A CSV file that opens in any spreadsheet program without running anything."""
    rows, notes = write_table(pairs)
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([guard(cell) for cell in row] for row in rows)
    return Export(out.getvalue().encode("utf-8-sig"), tuple(notes))


def guard(cell: str) -> str:
    """A cell that no spreadsheet program takes for a formula (OWASP, "CSV Injection")."""
    return _START.sub(r"\1'\2", cell)


def unify_lines(text: str) -> str:
    """Text with a line feed alone at the end of each line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unguard(cell: str) -> str:
    return _GUARDED.sub(r"\1\2", cell)


def _unguard_first(cell: str) -> str:
    """The apostrophe that says "this is text" where people or other programs put one."""
    return _GUARDED_FIRST.sub("", cell)


def _split(text: str, reading: Reading) -> list[Row]:
    """All rows with anything in them, numbered as a spreadsheet program does. One with broken quotes is left
    out, and reading goes on at the next line."""
    told = _SEP.match(text)
    delimiter = told[1] if told else _sniff(text)
    at = told.end() if told else 0
    rows: list[Row] = []
    number = broken = 0
    csv.field_size_limit(_LONGEST_CELL)

    def give_lines() -> Iterator[str]:
        """The lines from `at` on; the parser takes no more of them than a row needs."""
        nonlocal at
        while at < len(text):
            end = text.find("\n", at) + 1 or len(text)
            line, at = text[at:end], end
            yield line

    while at < len(text):
        begun = at
        try:
            for row in csv.reader(give_lines(), delimiter=delimiter, strict=True):
                number, begun = number + 1, at
                if any(cell and not cell.isspace() for cell in row):
                    rows.append((number, row))
                    check_rows(len(rows) - HEADER_WITHIN)
        except csv.Error as error:
            broken, number = broken + 1, number + 1
            if broken > _MOST_BROKEN:
                problem = f"more than {_MOST_BROKEN} rows have broken quotes"
                raise Unreadable(problem, "Export it again") from None
            place = Place("Line", text.count("\n", 0, begun) + 1)
            said = f"begins a row with broken quotes ({error})"
            reading.refuse(Problem(problem=said, remedy="Close the quotes, or double them", place=place))
            at = text.find("\n", begun) + 1 or len(text)
    return rows


def _sniff(text: str) -> str:
    """The delimiter under which the first rows name most columns, or else have most."""
    head = text[:_SNIFFED]

    def score(delimiter: str) -> tuple[int, int]:
        found = Reading()
        rows: list[Row] = []
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        try:
            for number, row in enumerate(reader):
                rows.append((number, row))
                if number == 10:
                    break
            _, layout = find_layout(rows, found)
        except (csv.Error, Unreadable):
            return 0, max((len(row) for _, row in rows), default=0)
        return len(layout.fields), layout.width

    return max(_DELIMITERS, key=score)
