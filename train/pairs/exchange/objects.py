"""JSON and JSON Lines with the fields of a pair: the product's own files, and others with keys of one level.

Carries all of a pair. Keys in other words (prompt, completion, Frage, ...) are understood as headers are, and
evidence may be a list of record ids or call numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from train.pairs.exchange.assembly import assemble, describe
from train.pairs.exchange.export import Export
from train.pairs.exchange.headers import EXPECTED, SEVERAL, Field, field_of, list_names
from train.pairs.exchange.json_values import Item, find_list, read_items
from train.pairs.exchange.own import KEY, dump_pair, load_pair
from train.pairs.exchange.reading import Misfit, Place, Reading
from train.pairs.pair import Pair

ReadObject = Callable[[dict[str, Any], Reading], Pair]
"""Makes one object into a pair. Raises Misfit."""


def read_json(raw: bytes) -> Reading:
    """The pairs of an array, or of whatever else JSON comes in. Raises Unreadable."""
    return read_objects(raw, read_object)


def read_lines(raw: bytes) -> Reading:
    """The pairs of a file with one object a line. Raises Unreadable."""
    return read_objects(raw, read_object, lines=True)


def write_json(pairs: Sequence[Pair]) -> Export:
    """An array, one pair a line."""
    return Export(dump_array([dump_pair(pair) for pair in pairs]))


def write_lines(pairs: Sequence[Pair]) -> Export:
    """One pair a line."""
    return Export(dump_lines([dump_pair(pair) for pair in pairs]))


def read_objects(raw: bytes, read: ReadObject, *, lines: bool = False) -> Reading:
    """The pairs that `read` makes of a file's objects. Raises Unreadable."""
    reading = Reading()
    for item in read_items(raw, reading, lines=lines):
        for inner in _unwrap(item):
            try:
                if not isinstance(inner.value, dict):
                    found = describe(inner.value)
                    raise Misfit("", f"expected an object with question and answer, found {found}")
                reading.keep(read(inner.value, reading), inner.place)
            except Misfit as misfit:
                reading.refuse(misfit.at(inner.place))
    return reading


def read_object(value: dict[str, Any], reading: Reading) -> Pair:
    """A pair by its fields, or by keys that mean them. Raises Misfit."""
    if own := load_pair(value) or load_pair(value.get(KEY)):
        return own
    values: dict[Field, object] = {}
    unknown: list[str] = []
    for key, held in value.items():
        name = field_of(key)
        if name is None:
            unknown.append(key)
        elif name in SEVERAL and name in values:
            values[name] = [*_as_list(values[name]), *_as_list(held)]
        elif name not in values or key == name:
            values[name] = held
        else:
            unknown.append(key)
    for wanted in ("question", "answer"):
        if wanted not in values and not (wanted == "question" and "input" in values):
            found = list_names(list(value), most=8) or "nothing"
            raise Misfit(wanted, f"there is no key for the {wanted}; found {found}", EXPECTED)
    if unknown:
        reading.remark_once(f"keys that are not known were left out: {list_names(sorted(unknown))}", EXPECTED)
    return assemble(values)


def dump_array(objects: Sequence[dict[str, Any]]) -> bytes:
    """Objects as a JSON array, one a line, in UTF-8."""
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in objects)
    return f"[\n{lines}\n]\n".encode() if objects else b"[]\n"


def dump_lines(objects: Sequence[dict[str, Any]]) -> bytes:
    """Objects one a line, in UTF-8."""
    return "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in objects).encode()


def _unwrap(item: Item) -> Sequence[Item]:
    """The objects of an array that is wrapped into one object, else the item itself."""
    if isinstance(item.value, dict) and (held := find_list(item.value)) and not _has_pair(item.value):
        return [Item(value, Place("Item", number)) for number, value in enumerate(held, start=1)]
    return [item]


def _has_pair(value: dict[str, Any]) -> bool:
    """Whether an object is a pair or a conversation itself, though it has a key that arrays stand under."""
    turns = value.get("conversations")
    if isinstance(turns, list) and turns and isinstance(turns[0], dict):
        return bool({"from", "role"} & turns[0].keys())
    return any(field_of(key) in ("question", "answer") for key in value)


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
