"""Pairs as JSON lines: one pair a line, keys in order, so that the same pairs are the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from train.datasets.candidate import Member
from train.datasets.errors import DatasetDamaged
from train.pairs.pair import Consent, Earlier, Evidence, Kind, Origin, Pair

_ALLOWED = {"origin": get_args(Origin), "kind": get_args(Kind), "consent": get_args(Consent)}


def render_members(members: Iterable[Member]) -> bytes:
    """A line for each: the pair's fields and its `revision`."""
    return b"".join(dump({**asdict(one.pair), "revision": one.revision}) + b"\n" for one in members)


def read_members(path: Path) -> Iterator[Member]:
    """The members in a file, one at a time. Raises DatasetDamaged with the line, OSError."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                yield parse_member(json.loads(line))
            except (ValueError, TypeError, KeyError, RecursionError) as error:
                raise DatasetDamaged(
                    f"{path.name}, line {number}: expected a pair, found something else "
                    f"({_one_line(error)}). Put the version back from a copy."
                ) from error


def parse_member(line: dict[str, Any]) -> Member:
    """A line's member. Raises ValueError, TypeError or KeyError where it is none."""
    plain = dict(line)
    revision = plain.pop("revision")
    if not isinstance(revision, int):
        raise ValueError("revision is no number")
    evidence = tuple(
        Evidence(**{**one, "breadcrumb": tuple(one["breadcrumb"])}) for one in plain.pop("evidence")
    )
    history = tuple(Earlier(**one) for one in plain.pop("history"))
    for key, allowed in _ALLOWED.items():
        if plain[key] not in allowed:
            raise ValueError(f"{key}: expected one of {', '.join(allowed)}")
    missing = {one.name for one in fields(Pair)} - set(plain) - {"evidence", "history"}
    if missing or not all(isinstance(value, str) for value in plain.values()):
        raise ValueError(f"expected text in every field, missing: {', '.join(sorted(missing)) or 'none'}")
    return Member(Pair(**plain, evidence=evidence, history=history), revision)


def dump(value: object) -> bytes:
    """JSON that is the same bytes for the same value."""
    return json.dumps(
        value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def _one_line(error: Exception) -> str:
    return " ".join(ascii(str(error))[1:-1].split())[:120]
