"""JSON in files, value by value: an array, objects one a line, or objects one after another.

What is broken in one place costs what stands there, not the rest: of an array that ends too soon the items
before its end are read, and after a broken line reading goes on with the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from train.pairs.exchange.encoding import decode
from train.pairs.exchange.reading import Place, Problem, Reading, Unreadable

_SPACE = re.compile(r"[\s\x1e]*")
_LISTS = ("pairs", "data", "items", "rows", "examples", "records", "train", "conversations")
"""Keys that hold the array in files that put it into an object."""
_MOST_BROKEN = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One value, and where it stands."""

    value: Any
    place: Place


def read_items(raw: bytes, reading: Reading, *, lines: bool = False) -> Iterator[Item]:
    """The values of a file, broken ones reported. `lines` says that one object a line was promised.

    Raises Unreadable where the file holds no JSON.
    """
    decoded = decode(raw)
    if decoded.remark:
        reading.remark(decoded.remark, "Save the file as UTF-8 if accents look wrong")
    scanner = _Scanner(decoded.text, reading)
    first = decoded.text[_skip(decoded.text, 0) :][:1]
    if first not in ("[", "{"):
        problem = f"the file is no JSON: expected [ or {{ at its beginning, found “{first}”"
        raise Unreadable(problem, "Export it again, or choose another form")
    if first == "[":
        if lines:
            reading.remark(
                "expected one object a line, found an array of them; it was read as that",
                "Choose the form JSON for it next time",
            )
        yield from scanner.read_array(_skip(decoded.text, 0) + 1)
        return
    yield from scanner.read_sequence()


def find_list(value: Mapping[str, Any]) -> list[Any] | None:
    """The array of objects that a file's only object is wrapped around; None where it is none."""
    for key in _LISTS:
        held = value.get(key)
        if isinstance(held, list) and held and all(isinstance(item, dict) for item in held):
            return held
    return None


class _Scanner:
    """Walks over a text; a value that cannot be read becomes a problem."""

    def __init__(self, text: str, reading: Reading) -> None:
        self._text = text
        self._reading = reading
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_make_object)
        self._broken = 0

    def read_array(self, at: int) -> Iterator[Item]:
        """The items of the array whose "[" ends at `at`; behind a broken one the next that begins a line."""
        text, number = self._text, 0
        indent = text[at : _skip(text, at)]
        while True:
            at = _skip(text, at)
            if text[at : at + 1] == "]":
                if rest := text[_skip(text, at + 1) :][:20]:
                    self._refuse(at, f"expected the end of the file behind the array, found “{rest}”")
                return
            if at >= len(text):
                self._refuse_end(number)
                return
            number += 1
            try:
                value, at = self._decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                if _is_cut(error, text):
                    self._refuse_end(number - 1)
                    return
                self._refuse(at, f"is no JSON: {_describe(error, text)}", Place("Item", number))
                at = self._find_next(at, indent)
                continue
            yield Item(value, Place("Item", number))
            at = _skip(text, at)
            if text[at : at + 1] == ",":
                at += 1
            elif at < len(text) and text[at] != "]":
                self._refuse(at, f"expected a comma behind item {number}, found “{text[at : at + 20]}”")

    def _find_next(self, at: int, indent: str) -> int:
        """Where to go on behind an item that cannot be read: behind it, or where another seems to begin."""
        try:
            _, at = _LENIENT.raw_decode(self._text, at)
        except (ValueError, RecursionError):
            start = self._text.find(f"{indent}{{", at + 1) if "\n" in indent else -1
            return len(self._text) if start < 0 else start
        at = _skip(self._text, at)
        return at + 1 if self._text[at : at + 1] == "," else at

    def read_sequence(self) -> Iterator[Item]:
        """Values one after another; behind a broken one the next line is tried."""
        text, at = self._text, _skip(self._text, 0)
        line, counted = 1, 0
        while at < len(text):
            line, counted = line + text.count("\n", counted, at), at
            place = Place("Line", line)
            try:
                value, end = self._decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                self._refuse(at, f"is no JSON: {_describe(error, text)}", place)
                end = text.find("\n{", at)
                end = len(text) if end < 0 else end
            else:
                yield Item(value, place)
            at = _skip(text, end)
            if text[at : at + 1] == ",":  # objects one a line, with commas as in an array
                at = _skip(text, at + 1)

    def _refuse(self, at: int, problem: str, place: Place | None = None) -> None:
        self._broken += 1
        if self._broken > _MOST_BROKEN:
            raise Unreadable(f"more than {_MOST_BROKEN} lines are no JSON", "Export the file again")
        place = place or Place("Line", self._text.count("\n", 0, at) + 1)
        remedy = "Correct it there" if place.word == "Line" else "Export the file again"
        self._reading.refuse(Problem(problem=problem, remedy=remedy, place=place))

    def _refuse_end(self, number: int) -> None:
        place = Place("Line", self._text.count("\n") + 1)
        problem = f"the file ends in the middle, behind item {number}; what stands before was read"
        self._reading.refuse(Problem(problem=problem, remedy="Export it again", place=place))


_LENIENT = json.JSONDecoder(parse_int=str, parse_float=str)
"""Finds the end of what is refused for a reason other than its form."""


def _is_cut(error: Exception, text: str) -> bool:
    """Whether a value goes on behind the end of the text."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON; write null or a number")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key “{twice[:40]}” stands in one object twice")
    return made


def _describe(error: Exception, text: str) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if isinstance(error, json.JSONDecodeError):
        line = text.count("\n", 0, error.pos) + 1
        message = error.msg[:1].lower() + error.msg[1:]
        return f"{message} (line {line}, character {error.pos - text.rfind(chr(10), 0, error.pos)})"
    if "digits" in str(error):
        return "a number has too many digits"
    return str(error)
