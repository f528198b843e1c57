"""XLSX workbooks, as Excel, LibreOffice and Google Sheets write them, by openpyxl.

Read: the sheets that have headers for question and answer. No formula is computed: a cell that holds one is
refused with its row, as are cells that belong to a merged area. What the file unpacks to is bounded.
Written: one sheet, every cell text (nothing is taken for a formula, whatever it begins with).

Carries all of a pair. Characters that XML has no place for are written as Excel writes them (_x0001_).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from train.pairs.exchange.delimited import unify_lines
from train.pairs.exchange.export import Export
from train.pairs.exchange.headers import list_names
from train.pairs.exchange.reading import Place, Problem, Reading, Unreadable, check_rows
from train.pairs.exchange.table import CELL, COLUMNS, HEADER_WITHIN, Row, find_layout, read_rows, write_table
from train.pairs.pair import Pair

MOST_UNPACKED = 200_000_000
"""Bytes that a workbook may unpack to; one of 10,000 pairs with passages has about 40 million."""
_MOST_PARTS = 2_000
_MOST_COLUMNS = 200
_MOST_EMPTY = 5_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_DAMAGE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, NotImplementedError,
    RuntimeError, SyntaxError, OSError, EOFError, OverflowError, zipfile.BadZipFile, zlib.error,
    InvalidFileException,
)  # fmt: skip
"""What openpyxl and the libraries below it raise for files that are broken in one way or another."""
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_SPOKEN = re.compile(r"_x(00[01][0-9A-Fa-f]|FFF[EF]|fff[ef])_")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
Trouble = dict[int, list[tuple[int, str, str]]]
"""By number of a row: columns (from 1) that cannot be read, each with the problem and its remedy."""
_WIDTHS = {"question": 50, "answer": 70, "passages": 70, "evidence": 30, "history": 30}


def read_workbook(raw: bytes) -> Reading:
    """The pairs of a workbook. Raises Unreadable for what is none, is protected, or has no such sheet."""
    _check_zip(raw)
    reading = Reading()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what openpyxl does not keep, and no pair is in
            _read_sheets(raw, reading)
    except _DAMAGE as error:
        said = " ".join(str(error).split())[:120]
        raise Unreadable(
            f"the file is no workbook that can be read ({type(error).__name__}{f': {said}' if said else ''})",
            "Open it in a spreadsheet program and save it again as .xlsx",
        ) from None
    return reading


def write_workbook(pairs: Sequence[Pair]) -> Export:
    """A workbook of one sheet, with the headers frozen and the columns of whole pairs hidden."""
    rows, notes = write_table(pairs)
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Pairs")
    sheet.freeze_panes = "A2"
    for at, name in enumerate(rows[0], start=1):
        column = sheet.column_dimensions[get_column_letter(at)]
        column.width = _WIDTHS.get(name, 14)
        column.hidden = at > len(COLUMNS)
    for number, row in enumerate(rows):
        sheet.append([_make_cell(sheet, text, header=number == 0) for text in row])
    out = io.BytesIO()
    book.save(out)
    return Export(out.getvalue(), tuple(notes))


def _make_cell(sheet: object, text: str, *, header: bool) -> WriteOnlyCell:
    spoken = _UNSPEAKABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    cell = WriteOnlyCell(sheet, value=spoken[:CELL])
    cell.data_type = "s"  # openpyxl takes what begins with = for a formula, and #N/A for an error
    cell.quotePrefix = True  # so that it stays text when somebody edits the cell
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if header:
        cell.font = Font(bold=True)
    return cell


def _check_zip(raw: bytes) -> None:
    """Raises Unreadable for what cannot be unpacked, or to too much."""
    if raw.startswith(_OLE):
        if _ENCRYPTED in raw:
            raise Unreadable("the workbook is protected by a password", "Save it without one")
        raise Unreadable("the file is an Excel 97 workbook (.xls), whatever its name", "Save it as .xlsx")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Unreadable("the file is no XLSX workbook", "Save it as .xlsx again") from None
    unpacked = sum(member.file_size for member in members)
    if unpacked > MOST_UNPACKED or len(members) > _MOST_PARTS:
        raise Unreadable(
            f"the workbook unpacks to {unpacked / 1e6:,.0f} MB in {len(members):,} parts, more than the "
            f"{MOST_UNPACKED / 1e6:,.0f} MB in {_MOST_PARTS:,} that are read",
            "Copy the rows into a new workbook",
        )
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise Unreadable("the file is a ZIP archive but no XLSX workbook", "Save the table as .xlsx or CSV")


def _read_sheets(raw: bytes, reading: Reading) -> None:
    book = load_workbook(io.BytesIO(raw), read_only=True, data_only=False, keep_vba=False, keep_links=False)
    try:
        unread: list[tuple[str, Unreadable]] = []
        read = 0
        for sheet in book.worksheets:
            problems = len(reading.problems)
            try:
                _read_sheet(raw, sheet, reading)
                read += 1
            except Unreadable as error:
                del reading.problems[problems:]
                if "headers" not in error.problem and "no rows" not in error.problem:
                    raise
                unread.append((sheet.title, error))
        if not read:
            raise next(
                (error for _, error in unread if "headers" in error.problem),
                Unreadable("the workbook has no rows", "Choose another one"),
            )
        if named := [title for title, error in unread if "headers" in error.problem]:
            reading.remark(
                f"sheets without headers for question and answer were left out: {list_names(named)}"
            )
    finally:
        book.close()


def _read_sheet(raw: bytes, sheet: ReadOnlyWorksheet, reading: Reading) -> None:
    """The rows of one sheet. Raises Unreadable where it has no headers that are known."""
    trouble: Trouble = {}
    rows = list(_give_rows(sheet, trouble, reading))
    position, layout = find_layout(rows, reading)
    _find_merged(raw, sheet, trouble)
    used = {at + 1 for positions in layout.fields.values() for at in positions}
    whole: list[Row] = []
    for number, cells in rows[position + 1 :]:
        if found := [each for each in trouble.get(number, ()) if each[0] in used]:
            column, problem, remedy = found[0]
            place, named = Place("Row", number), f"column {get_column_letter(column)}"
            reading.refuse(Problem(problem=problem, remedy=remedy, place=place, column=named))
        else:
            whole.append((number, cells))
    read_rows(whole, layout, reading, _fold, lambda cell: unify_lines(_speak(cell)))


def _give_rows(sheet: ReadOnlyWorksheet, trouble: Trouble, reading: Reading) -> Iterator[Row]:
    """Rows with anything in them as text; `trouble` gets the cells that hold a formula."""
    empty = given = 0
    for number, row in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), start=1):
        cells = [_write(cell) for cell in row]
        for at, cell in enumerate(row, start=1):
            kind = getattr(cell, "data_type", "")
            if kind == "f":
                told = (at, "holds a formula, and none is computed here", "Paste the column as values")
                trouble.setdefault(number, []).append(told)
            if kind == "d" and given:
                remedy = "Format the cells as text if it should read otherwise"
                reading.remark_once("cells with a date were read as year-month-day", remedy)
        while cells and not cells[-1].strip():
            cells.pop()
        if not cells and number not in trouble:
            empty += 1
            if empty > _MOST_EMPTY:
                return
            continue
        empty = 0
        given += 1
        check_rows(given - HEADER_WITHIN)
        yield number, cells


def _write(cell: ReadOnlyCell | EmptyCell) -> str:
    """A cell as text; a formula and an error as nothing."""
    value = cell.value
    if value is None or getattr(cell, "data_type", "") in ("e", "f"):
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _find_merged(raw: bytes, sheet: ReadOnlyWorksheet, trouble: Trouble) -> None:
    """Mark the rows in which a merged area of several rows lies: whose the text is, only people know."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        areas = _MERGED.findall(archive.read(sheet._worksheet_path.lstrip("/")))
    for left, top, _, bottom in areas[:10_000]:
        first, last = int(top), min(int(bottom), int(top) + 1_000)
        area = f"{left.decode()}{first} to row {int(bottom)}"
        for number in range(first, last + 1) if last > first else ():
            told = f"belongs to cells that are merged over rows ({area})"
            remedy = "Unmerge them and write the text into each row"
            trouble.setdefault(number, []).append((column_index_from_string(left.decode()), told, remedy))


def _fold(cell: str) -> str:
    """A cell as compared with what was written, though openpyxl reads escapes in more than one way."""
    with suppress(ValueError):
        cell = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell.replace("x005F_", ""))
    return " ".join(cell.split())


def _speak(cell: str) -> str:
    """The characters behind Excel's escapes of those that XML has no place for."""
    return _SPOKEN.sub(lambda found: chr(int(found[1], 16)), cell)
