"""Sheets of an XLSX workbook as rows of text: dates, merged cells and numbers as people see them.

The file is a ZIP from a stranger: what it unpacks to is bounded before anything is unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

from lxml import etree
from openpyxl import load_workbook
from openpyxl.cell.read_only import EmptyCell, ReadOnlyCell
from openpyxl.utils.cell import range_boundaries
from openpyxl.utils.datetime import from_excel
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from retrieval.errors import SourceError
from retrieval.formats.inventory import columns
from retrieval.formats.inventory.rows import Line
from retrieval.formats.iso_dates import write_date
from retrieval.formats.xml import check_size

MAX_UNPACKED = 400_000_000
"""Bytes that a workbook may unpack to; one of 100,000 rows has about 50 million."""
_MOST_COLUMNS = 200
_MOST_EMPTY = 5_000
_HEADER_WITHIN = 15
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SERIALS = range(1, 80_000)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\"")
_MOST_MERGED = 100_000
_DAMAGE = (
    KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, NotImplementedError,
    RuntimeError, SyntaxError, OSError, EOFError, zipfile.BadZipFile, zlib.error, InvalidFileException,
)  # fmt: skip
"""What openpyxl and the libraries below it raise for files that are broken in one way or another."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that anybody may see: its rows as text, each with its number in the sheet."""

    name: str
    rows: Sequence[Line]


@dataclass(frozen=True, slots=True)
class Workbook:
    """The sheets that can be seen, in order, and what was noticed."""

    sheets: Sequence[Sheet]
    problems: Sequence[SourceError]


def read_workbook(path: Path) -> Workbook:
    """Read all visible sheets. Raises SourceError for what is no workbook or unpacks to too much."""
    check_size(path)
    _check_zip(path)
    problems: list[SourceError] = []
    sheets: list[Sheet] = []
    try:
        workbook = load_workbook(path, read_only=True, data_only=True, keep_vba=False, keep_links=False)
        try:
            merged = _read_merged(path)
            for sheet in workbook.worksheets:
                if sheet.sheet_state != "visible":
                    problems.append(_hidden(path, sheet.title))
                    continue
                rows = list(_read_rows(sheet, workbook.epoch, path, problems))
                sheets.append(Sheet(sheet.title, _fill_down(rows, merged.get(sheet.title, ()))))
        finally:
            workbook.close()
    except SourceError:
        raise
    except _DAMAGE as error:
        said = " ".join(str(error).split())[:120]
        problem = f"is no workbook that can be read: {type(error).__name__}{f': {said}' if said else ''}"
        raise SourceError(
            path, problem, remedy="open it in a spreadsheet program and save it again"
        ) from None
    return Workbook([sheet for sheet in sheets if sheet.rows], problems)


def _hidden(path: Path, title: str) -> SourceError:
    return SourceError(
        path, f"has a hidden sheet {title!r}, which was left out", remedy="unhide it if it is for patrons"
    )


def _check_zip(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(8)
    if head == _OLE:
        raise SourceError(
            path,
            "is an Excel 97 workbook (.xls), or one that is protected by a password",
            remedy="save it as .xlsx without a password",
        )
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise SourceError(path, f"is no XLSX workbook: {error}", remedy="save it as .xlsx again") from None
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED or len(members) > 10_000:
        raise SourceError(
            path,
            f"unpacks to {unpacked / 1e6:,.0f} MB, more than the {MAX_UNPACKED / 1e6:,.0f} MB that are read",
            remedy="split it by sheets",
        )


def _read_rows(
    sheet: ReadOnlyWorksheet, epoch: datetime, path: Path, problems: list[SourceError]
) -> Iterator[Line]:
    """Rows with anything in them. A bare number under a date header is a day (Excel counts them)."""
    dated: set[int] = set()
    empty = serials = 0
    for number, row in enumerate(sheet.iter_rows(max_col=_MOST_COLUMNS), start=1):
        cells = [_write(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            empty += 1
            if empty > _MOST_EMPTY:
                return
            continue
        empty = 0
        if number <= _HEADER_WITHIN:
            dated |= {at for at, text in enumerate(cells) if columns.field_of(text) in {"date", "end_date"}}
        for at in dated:
            if at < len(cells) and re.fullmatch(r"\d{5}", cells[at]) and int(cells[at]) in _SERIALS:
                cells[at] = _write_day(from_excel(int(cells[at]), epoch), "")
                serials += 1
        yield number, cells
    if serials:
        problem = f"sheet {sheet.title!r}: bare day numbers under a date header were read as days: {serials}"
        problems.append(SourceError(path, problem, remedy="format the column as dates or as text"))


def _write(cell: ReadOnlyCell | EmptyCell) -> str:
    """A cell as text on one line."""
    value = cell.value
    if value is None or getattr(cell, "data_type", "") == "e":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime | date):
        return _write_day(value, cell.number_format or "")
    if isinstance(value, time):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).split())


def _write_day(value: object, format_: str) -> str:
    """A day as archivists write it, no closer than its format shows: "1905", "1905 May", "1905 May 22"."""
    if not isinstance(value, date):
        return ""
    shown = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.', "", format_.lower())
    length = (
        4 if "y" in shown and not set("md") & set(shown) else 7 if "y" in shown and "d" not in shown else 10
    )
    return write_date(value.isoformat()[:length])


def _read_merged(path: Path) -> dict[str, list[tuple[int, int, int, int]]]:
    """Merged areas (first column, first row, last column, last row) by title of the sheet."""
    found: dict[str, list[tuple[int, int, int, int]]] = {}
    with zipfile.ZipFile(path) as archive:
        for title, name in _sheet_names(archive):
            areas = [match.decode() for match in _MERGED.findall(archive.read(name))[:_MOST_MERGED]]
            found[title] = [range_boundaries(area) for area in areas]
    return found


def _sheet_names(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """Titles of the sheets, and names of the parts that hold them."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    targets = {node.get("Id"): node.get("Target", "") for node in links}
    book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
    for node in book.iter("{*}sheet"):
        key = next((value for name, value in node.attrib.items() if name.endswith("}id")), "")
        target = targets.get(key, "")
        if "worksheets" in target:
            yield node.get("name", ""), target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _fill_down(rows: list[Line], areas: Sequence[tuple[int, int, int, int]]) -> list[Line]:
    """Rows with a cell that is merged over several rows written out in each: a box that holds ten folders."""
    by_number = dict(rows)
    for left, top, right, bottom in areas:
        above = by_number.get(top)
        if left != right or above is None or len(above) < left or bottom - top > 100_000:
            continue
        for number in range(top + 1, bottom + 1):
            cells = by_number.get(number)
            if cells is not None:
                cells += [""] * (left - len(cells))
                cells[left - 1] = cells[left - 1] or above[left - 1]
    return rows
