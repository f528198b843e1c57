"""Pairs as rows of a table: what CSV files and workbooks have in common.

Columns for people come first; the last ones hold each pair whole, cut into pieces that fit a cell. A cell
that still looks as it was written is the pair's own text, whatever a program made of its signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from train.pairs.exchange.assembly import assemble
from train.pairs.exchange.headers import EXPECTED, FIELDS, SEVERAL, Field, field_of, list_names
from train.pairs.exchange.headers import fold as fold_header
from train.pairs.exchange.own import KEY, dump_cell, load_cell
from train.pairs.exchange.prompt_form import write_passages
from train.pairs.exchange.reading import Misfit, Place, Problem, Reading, Unreadable
from train.pairs.exchange.turns import write_turns
from train.pairs.pair import Pair

COLUMNS: tuple[Field, ...] = tuple(name for name in FIELDS if name != "input")
CELL = 32_767
"""Characters that a cell of Excel's can have; it loses the rest in silence."""
_PIECE = 30_000
_CUT = 32_000
HEADER_WITHIN = 10
"""Rows that may stand above the headers, and theirs: a title, a date."""

Row = tuple[int, Sequence[str]]
"""A row's number in the file, and its cells."""
Fold = Callable[[str], str]
"""A cell as compared with what was written: without what spreadsheet programs change by themselves."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is what: positions by field, and of the pieces of the whole pair."""

    width: int
    fields: Mapping[Field, tuple[int, ...]]
    pieces: tuple[int, ...]
    names: Mapping[str, str]


def write_table(pairs: Sequence[Pair]) -> tuple[list[list[str]], list[str]]:
    """Rows of cells, the headers first, and what is to be said of them."""
    whole = [_cut_pieces(dump_cell(pair)) for pair in pairs]
    pieces = max((len(each) for each in whole), default=1)
    headers = [*COLUMNS, KEY, *(f"{KEY}_{number}" for number in range(2, pieces + 1))]
    rows = [headers]
    cut = 0
    for pair, each in zip(pairs, whole, strict=True):
        cells = write_cells(pair)
        cut += any(len(cell) > _CUT for cell in cells.values())
        shown = [cell if len(cell := cells[name]) <= _CUT else f"{cell[:_CUT]} ..." for name in COLUMNS]
        rows.append([*shown, *each, *[""] * (pieces - len(each))])
    notes = [f"Pairs with a text too long for a cell: {cut}. It is shown cut, and whole in the last columns."]
    return rows, notes if cut else []


def write_cells(pair: Pair) -> dict[Field, str]:
    """A pair as people see it, by column."""
    cells: dict[Field, str] = {name: getattr(pair, name, "") for name in COLUMNS}
    cells["evidence"] = "\n".join(item.record_id for item in pair.evidence)
    cells["passages"] = write_passages(pair.evidence)
    cells["history"] = write_turns(pair.history)
    return cells


def find_layout(rows: Sequence[Row], reading: Reading) -> tuple[int, Layout]:
    """Position of the header row among `rows`, and what its columns are. Raises Unreadable."""
    for position, (number, cells) in enumerate(rows[:HEADER_WITHIN]):
        fields = {field_of(cell) for cell in cells}
        if {"question", "answer"} <= fields or {"input", "answer"} <= fields:
            return position, _lay_out(number, cells, reading)
    first = next((row for row in rows if any(cell.strip() for cell in row[1])), None)
    if first is None:
        raise Unreadable("the file has no rows", "Choose another one")
    shown = list_names([cell for cell in first[1] if cell.strip()], most=10)
    raise Unreadable(
        f"row {first[0]} should hold the headers, and no columns for question and answer are named there; "
        f"found {shown}",
        f"{EXPECTED}. Name the columns so in the first row",
    )


def read_rows(rows: Iterable[Row], layout: Layout, reading: Reading, fold: Fold, clean: Fold) -> None:
    """Take in the rows below the headers; `clean` gives a cell's text where it is not as it was written."""
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        place = Place("Row", number)
        if any(cell.strip() for cell in cells[layout.width :]):
            problem = f"has {len(cells)} cells where the headers have {layout.width}"
            remedy = "Put quotes around text that holds the delimiter"
            reading.refuse(Problem(problem=problem, remedy=remedy, place=place))
            continue
        try:
            reading.keep(_read_row([*cells, *[""] * (layout.width - len(cells))], layout, fold, clean), place)
        except Misfit as misfit:
            misfit.column = f"column “{layout.names.get(misfit.column, misfit.column)}”"
            reading.refuse(misfit.at(place))


def _read_row(cells: Sequence[str], layout: Layout, fold: Fold, clean: Fold) -> Pair:
    own = load_cell("".join(cells[at] for at in layout.pieces)) if layout.pieces else None
    values: dict[Field, object] = {}
    shown = {name: _shorten(cell) for name, cell in write_cells(own).items()} if own else {}
    for name, positions in layout.fields.items():
        found = [cells[at] for at in positions]
        if own and len(found) == 1 and fold(found[0]) == fold(shown.get(name, "")):
            continue
        kept = [clean(cell) for cell in found if cell.strip()]
        if kept or own:
            values[name] = ("\n\n" if name == "passages" else "\n").join(kept) or None
    if own and values.keys() & SEVERAL:
        values = {**_evidence_of(own), **values}
    return assemble(values, own) if values or not own else own


def _evidence_of(pair: Pair) -> dict[Field, object]:
    return {"evidence": "\n".join(item.record_id for item in pair.evidence)}


def _lay_out(number: int, cells: Sequence[str], reading: Reading) -> Layout:
    headers = [cell.strip() for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    pieces = tuple(at for at, header in enumerate(headers) if _is_piece(header))
    fields: dict[Field, tuple[int, ...]] = {}
    left_out: list[str] = []
    for at, header in enumerate(headers):
        name = field_of(header)
        if name:
            fields[name] = (*fields.get(name, ()), at)
        elif header and at not in pieces:
            left_out.append(header)
    for name, positions in fields.items():
        if len(positions) > 1 and name not in SEVERAL:
            fields[name] = (_choose(number, name, positions, headers),)
            left_out += [headers[at] for at in positions if at not in fields[name]]
    if left_out:
        named = "a column that is not known was" if len(left_out) == 1 else "columns that are not known were"
        reading.remark(f"{named} left out: {list_names(left_out)}", EXPECTED, Place("Row", number))
    names: dict[str, str] = {name: headers[positions[0]] for name, positions in fields.items()}
    return Layout(len(headers), fields, pieces, names)


def _choose(number: int, name: Field, positions: Sequence[int], headers: Sequence[str]) -> int:
    """The one of several columns for a field that is named just so. Raises Unreadable where that is not one
    and question or answer would be a guess."""
    exact = [at for at in positions if fold_header(headers[at]) == name]
    if len(exact) == 1 or name not in ("question", "answer", "input"):
        return (exact or positions)[0]
    both = " and ".join(f"{_letter(at)} (“{headers[at][:40]}”)" for at in positions[:5])
    raise Unreadable(
        f"row {number} names {name} {len(positions)} times, in the columns {both}",
        "Keep one of them, and rename or remove the others",
    )


def _is_piece(header: str) -> bool:
    return header == KEY or header.startswith(f"{KEY}_")


def _letter(at: int) -> str:
    """A column as spreadsheet programs name it: A, B, ... Z, AA."""
    return (_letter(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _shorten(cell: str) -> str:
    return cell if len(cell) <= _CUT else f"{cell[:_CUT]} ..."


def _cut_pieces(text: str) -> list[str]:
    return [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
