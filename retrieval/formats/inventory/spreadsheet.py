"""Inventories in XLSX workbooks: every sheet with known headers, read as a CSV of the same columns is.

Macros are never run and formulas never computed: the values that the program last stored are read. Hidden
sheets are for staff and left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats.inventory import columns
from retrieval.formats.inventory.files import InventoryReading, describe_table, load_columns
from retrieval.formats.inventory.rows import Line, Table, fill_table
from retrieval.formats.inventory.workbook import Sheet, read_workbook
from retrieval.formats.prose import fold

_HEADER_WITHIN = 15
_HOLDERS = frozenset({"identifier", "box", "folder", "container", "date", "end_date", "extent", "level"})


def read_spreadsheet(
    path: Path, source: str, *, carry_containers: bool = False, mapping: str = "", link_template: str = ""
) -> InventoryReading:
    """Records of a workbook, one collection. Raises SourceError when no sheet can be understood."""
    told, fixed = load_columns(path, mapping)
    workbook = read_workbook(path)
    whole = Table(problems=list(workbook.problems))
    trouble: list[SourceError] = []
    read: list[tuple[Sheet, Table]] = []
    for sheet in workbook.sheets:
        try:
            read.append((sheet, _read_sheet(path, sheet, told, fixed)))
        except SourceError as error:
            trouble.append(_name_sheet(error, sheet, len(workbook.sheets)))
    if not read:
        raise trouble[0] if trouble else SourceError(path, "has no rows", remedy="export it again")
    offset = 0
    for sheet, table in read:
        whole.title = whole.title or table.title
        for row in table.rows:
            headings = (sheet.name, *row.headings) if len(read) > 1 else row.headings
            whole.rows.append(replace(row, line=row.line + offset, headings=headings))
        whole.problems += [_name_sheet(error, sheet, len(read)) for error in table.problems]
        offset += sheet.rows[-1][0] if sheet.rows else 0
    whole.problems += trouble
    return describe_table(
        path, whole, fixed, source, carry_containers=carry_containers, link_template=link_template
    )


def _read_sheet(
    path: Path, sheet: Sheet, told: Mapping[str, tuple[str, ...]], fixed: Mapping[str, str]
) -> Table:
    wanted = {name.strip().lower() for names in told.values() for name in names}
    lines = _set_headings_apart(sheet.rows, wanted)
    width = max((len(cells) for _, cells in lines), default=0)
    padded = [(number, cells + [""] * (width - len(cells))) for number, cells in lines]
    return fill_table(path, Table(), padded, told, fixed)


def _name_sheet(error: SourceError, sheet: Sheet, sheets: int) -> SourceError:
    problem = f"sheet {sheet.name!r}: {error.problem}" if sheets > 1 else error.problem
    return SourceError(error.path, problem, line=error.line, remedy=error.remedy)


def _set_headings_apart(lines: Sequence[Line], wanted: set[str]) -> list[Line]:
    """Lines with a column "Series" more, where rows of one long cell are headings of those below them."""
    at = next((at for at, (_, cells) in enumerate(lines[:_HEADER_WITHIN]) if _heads(cells, wanted)), None)
    if at is None or any(columns.field_of(cell) == "series" for cell in lines[at][1]) or wanted:
        return list(lines)
    header = lines[at][1]
    first = columns.field_of(header[0]) if header else ""
    if first not in _HOLDERS:
        return list(lines)
    width = max(len(cells) for _, cells in lines[at:])
    found: list[Line] = [*lines[:at], (lines[at][0], header + [""] * (width - len(header)) + ["Series"])]
    heading = ""
    for number, cells in lines[at + 1 :]:
        if _is_heading(cells):
            heading = fold(cells[0])
        else:
            found.append((number, cells + [""] * (width - len(cells)) + [heading]))
    return found if heading else list(lines)


def _heads(cells: Sequence[str], wanted: set[str]) -> bool:
    return columns.count_known(cells) >= 2 or bool(wanted & {cell.strip().lower() for cell in cells})


def _is_heading(cells: Sequence[str]) -> bool:
    """Whether a row is one cell of words, at the left, and nothing else."""
    words = [word for word in cells[0].split() if len(word) > 2 and word.isalpha()] if cells else []
    return len(words) >= 1 and len(cells[0]) > 5 and not any(cell.strip() for cell in cells[1:])
