"""The container list of a finding aid in PDF: lines that name boxes and folders, as rows of an inventory.

Three forms are read: every line says its box and folder ("Box 1 Folder 2 Minutes 1966", the box often as
a ditto mark); columns under a header line ("Box Folder Title Date"); a line "Box 1" over lines of titles.
Headings of series stand at the margin between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from retrieval.dates import date_in_title
from retrieval.formats.inventory.rows import Row
from retrieval.formats.pdf.marks import (
    DITTO,
    FEWEST,
    LEADING,
    NUMBER,
    NUMBERED,
    ROW,
    SERIES,
    find_start,
    part_date,
    read_header,
)
from retrieval.formats.pdf.pages import Line

_INDENT = 12.0
"""Points that a line begins further right than the row above it to be a part of it."""


@dataclass(slots=True)
class ContainerList:
    """Rows of the list, and the lines that are none: the description before, between and after them."""

    rows: list[Row] = field(default_factory=list)
    others: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    box: str = ""
    folder: str = ""
    kind: str = "box"
    headings: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    row: Row | None = None
    row_left: float = 0.0
    is_open: bool = False
    titles_follow: bool = False
    header_left: float | None = None


def read_containers(pages: Sequence[Sequence[Line]]) -> ContainerList:
    """Tell the container list from the rest; no rows where fewer than three lines look like it."""
    lines = [line for page in pages for line in page]
    start = find_start(lines)
    found = ContainerList(others=list(lines[:start]))
    if start == len(lines):
        return found
    state = _State()
    for number, line in enumerate(lines[start:], start=1):
        _read_line(number, line, state, found)
    _close(state, found)
    if len(found.rows) < FEWEST:
        return ContainerList(others=lines)
    return found


def _read_line(number: int, line: Line, state: _State, found: ContainerList) -> None:
    text = line.text
    header = read_header(text)
    if header:
        _close(state, found)
        state.header = header
        return
    match = ROW.match(text)
    if match and (match["box"] or match["folder"] or (match["ditto"] and match["title"] and state.box)):
        _close(state, found)
        _open(number, line, match, state)
        return
    if SERIES.match(text) or _is_heading(line, state):
        _close(state, found)
        _head(number, line, state, found)
        return
    if state.header and _read_columns(number, line, state, found):
        return
    if state.titles_follow and not _continues(line, state):
        numbered = _number(text, state)
        if numbered or state.row is None or not state.folder:
            _close(state, found)
            _set(number, line, state, *(numbered or ("", text)))
            return
    if state.row is not None and state.is_open:
        values = dict(state.row.values)
        dated = date_in_title(text)
        if dated and dated[0] == text.strip(" ."):
            values["date"] = text
        elif not values.get("date") or _continues(line, state):
            values["title"] = f"{values['title']} {text}".strip()
        state.row = replace(state.row, values=values)
    elif state.row is None and state.headings and found.rows and found.rows[-1].headings == state.headings:
        _describe_series(text, found)
    else:
        found.others.append(line)


def _head(number: int, line: Line, state: _State, found: ContainerList) -> None:
    """A heading is a row too, so that what it says of dates holds for those below it."""
    title, date = part_date(line.text)
    state.headings = _follow(state.headings, title)
    state.row_left = line.left
    found.rows.append(Row(number, {"title": title, "date": date, "description": ""}, state.headings))


def _describe_series(text: str, found: ContainerList) -> None:
    values = dict(found.rows[-1].values)
    values["description"] = f"{values.get('description', '')} {text}".strip()
    found.rows[-1] = replace(found.rows[-1], values=values)


def _number(text: str, state: _State) -> tuple[str, str] | None:
    """The number and the title of a line in a numbered list; a bare number has to go on from the last."""
    match = NUMBERED.match(text)
    if not match:
        return None
    marked = text[match.end("folder")] in ".):"
    last = state.folder if state.row else ""
    goes_on = not last.isdigit() or match["folder"].startswith(str(int(last) + 1))
    return (match["folder"], match["title"]) if marked or goes_on else None


def _open(number: int, line: Line, match: re.Match[str], state: _State) -> None:
    if match["box"]:
        state.box = match["box"]
        kind = match["kind"].lower().rstrip(".s")
        state.kind = "box" if kind.startswith(("box", "bx", "boxe")) or kind.endswith("box") else kind
    title = match["title"].strip(" ,;:–-")
    state.titles_follow = not match["folder"] and not title and bool(match["box"])
    if state.titles_follow:
        state.row = None
        state.row_left = line.left
        return
    folder = "" if not match["folder"] or re.fullmatch(DITTO, match["folder"]) else match["folder"]
    if match["folder"] and not folder and state.row is not None:
        folder = state.row.get("folder")
    _set(number, line, state, folder, title)


def _set(number: int, line: Line, state: _State, folder: str, title: str) -> None:
    values = {"title": title, "folder": folder}
    state.folder = folder
    if state.box:
        values["box" if state.kind == "box" else "container"] = (
            state.box if state.kind == "box" else f"{state.kind.capitalize()} {state.box}"
        )
    if state.kind != "box" and folder and state.box:
        values["container"] = f"{values['container']}, Folder {values.pop('folder')}"
    state.row = Row(number, values, state.headings)
    state.row_left = line.left
    state.is_open = True


def _close(state: _State, found: ContainerList) -> None:
    """The open row as it is, its date set apart from its title."""
    if state.row is None:
        return
    values = dict(state.row.values)
    if not values.get("date"):
        values["title"], values["date"] = part_date(values["title"])
    if values["title"] or values.get("date"):
        values["title"] = values["title"] or values["date"]
        found.rows.append(replace(state.row, values=values))
    state.row, state.is_open = None, False


def _read_columns(number: int, line: Line, state: _State, found: ContainerList) -> bool:
    """A row under a header of columns: leading numbers are box and folder, the last of them the folder."""
    match = LEADING.match(line.text)
    holders = [name for name in state.header if name in {"box", "folder", "identifier", "container"}]
    if not match or not holders:
        return False
    numbers = re.findall(rf"{NUMBER}|{DITTO}", match[1], re.IGNORECASE)[: len(holders)]
    if len(numbers) > 1 and _only_folder(numbers, state, line):
        numbers = numbers[:1]
    title = line.text
    for text in numbers:
        title = title.removeprefix(text).lstrip()
    if len(numbers) == len(holders):
        state.header_left = line.left
    _close(state, found)
    values = dict(zip(holders[len(holders) - len(numbers) :], numbers, strict=True))
    values = {name: "" if re.fullmatch(DITTO, text) else text for name, text in values.items()}
    state.box, state.kind = values.get("box") or state.box, "box"
    _set(number, line, state, values.get("folder", ""), title)
    return True


def _only_folder(numbers: Sequence[str], state: _State, line: Line) -> bool:
    """Whether the second number is the title's ("9 18 October"): the first goes on from the last folder."""
    if re.fullmatch(r"1[5-9]\d\d|20[0-4]\d", numbers[1]):
        return True
    if state.header_left is not None and line.left > state.header_left + _INDENT / 2:
        return True
    if not (state.folder.isdigit() and numbers[0].isdigit()):
        return False
    next_box = state.box.isdigit() and int(numbers[0]) == int(state.box) + 1 and numbers[1] == "1"
    return int(numbers[0]) == int(state.folder) + 1 and numbers[0] != state.box and not next_box


def _is_heading(line: Line, state: _State) -> bool:
    """Whether a line stands at the margin, is short, and comes after a row that is complete."""
    text = line.text
    if len(text) > 90 or text.endswith((".", ",", ";")) or not re.search(r"[^\W\d]{3}", text):
        return False
    if text.isupper() and len(text) > 4:
        return True
    if state.titles_follow or state.header:
        return False
    if not state.headings and not state.row:
        return False
    complete = state.row is None or bool(state.row.get("date") or date_in_title(state.row.get("title")))
    return text[:1].isupper() and line.left < state.row_left + (_INDENT if complete else -_INDENT)


def _continues(line: Line, state: _State) -> bool:
    """Whether a line goes on with the row above it: it is indented below it or begins with a small letter."""
    if state.row is None:
        return False
    return line.text[:1].islower() or line.left > state.row_left + _INDENT


def _follow(before: tuple[str, ...], text: str) -> tuple[str, ...]:
    """Headings in force: a series begins anew, a subseries or another heading stands below it."""
    if re.match(r"^(?:series|record group|group|serie)\b", text, re.IGNORECASE) or not before:
        return (text,)
    if re.match(r"^sub-?series\b", text, re.IGNORECASE):
        return (before[0], text)
    return (before[0], text) if SERIES.match(before[0]) else (text,)
