"""Any wire type with something in every field, so that a test can choose what all of its texts say."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)
Say = Callable[[str], str]
MOMENT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def fill(kind: type[Model], say: Say, /, **given: Any) -> Model:
    """A `kind` with every field filled: texts by `say`, two things in each list; `given` as given."""
    values = {
        name: given[name] if name in given else _make(field.annotation, say, name)
        for name, field in kind.model_fields.items()
    }
    return kind.model_construct(**values)


def _make(kind: Any, say: Say, name: str) -> Any:
    origin, inside = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _make(inside[0], say, name)
    if origin is Literal:
        return inside[0]
    if origin in (Union, types.UnionType):
        return _make(next(part for part in inside if part is not type(None)), say, name)
    if origin is list:
        return [_make(inside[0], say, name) for _ in range(2)]
    if origin is tuple:
        return tuple(_make(part, say, name) for part in inside if part is not Ellipsis)
    if origin is dict:
        # A key of a Literal is one of the names that the page knows; any other is a text.
        return {_make(inside[0], say, name): _make(inside[1], say, name)}
    return _make_plain(kind, say, name)


def _make_plain(kind: Any, say: Say, name: str) -> Any:
    if kind is Any:
        return say(name)
    if issubclass(kind, BaseModel):
        return fill(kind, say)
    if issubclass(kind, Enum):
        return next(iter(kind))
    if kind is bool:
        return True
    if kind is datetime:
        return MOMENT
    if kind is int:
        return 7
    if kind is float:
        return 7.5
    assert kind is str, f"no way to fill a {kind}"
    return say(name)
