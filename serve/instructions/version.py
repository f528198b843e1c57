"""What is known of standing instructions: whose they are, their versions, what is in force, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from serve.instructions.tables import InstructionEvent, InstructionScope, InstructionVersion

Kind = Literal["collection", "alias"]
NONE = 0
"""The number that stands for no instructions at all."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """What instructions are for: a collection, by its id, or an alias, by its name."""

    kind: Kind
    name: str

    def label(self, number: int) -> str:
        """What a version is called in answers: "collection:ms1@3"; "" for none."""
        return f"{self.kind}:{self.name}@{number}" if number != NONE else ""


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable text. `number` counts from 1 within the scope."""

    scope: Scope
    number: int
    text: str
    why: str
    created: datetime
    created_by: str

    @property
    def id(self) -> str:
        """What answers carry."""
        return self.scope.label(self.number)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which version of a scope is in force (NONE: none). Each change raises `revision` by one, from 0."""

    scope: Scope
    revision: int = 0
    active: int = NONE


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to the instructions of a scope, when and why."""

    id: int
    at: datetime
    who: str
    scope: Scope
    what: str
    why: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """Instructions as an answer takes them: the version's id and its text, both "" for none."""

    version: str = ""
    text: str = ""


NO_INSTRUCTIONS = Standing()


def load_version(row: InstructionVersion) -> Version:
    scope = Scope(cast(Kind, row.kind), row.scope)
    return Version(scope, row.number, row.text, row.why, in_utc(row.created), row.created_by)


def load_pointer(row: InstructionScope) -> Pointer:
    return Pointer(Scope(cast(Kind, row.kind), row.scope), row.revision, row.active)


def load_event(row: InstructionEvent) -> Event:
    scope = Scope(cast(Kind, row.kind), row.scope)
    return Event(row.id, in_utc(row.at), row.who, scope, row.what, row.why, row.details)


def in_utc(moment: datetime) -> datetime:
    """SQLite gives times back without a zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
