"""What the registry tells of: adapter versions, their states, events, and all of it at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from serve.adapters.alias import Alias, Rollout
from serve.tables import AdapterAlias, AdapterEvent, AdapterVersion

State = Literal["staged", "validated", "loaded", "canary", "stable", "retired", "purged", "failed"]
Kind = Literal["version", "alias", "collection"]
SERVABLE: tuple[State, ...] = ("validated", "loaded", "canary", "stable")
"""The states in which a version may answer: an alias points only to one of these, or to BASE."""


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable adapter version. `sha256` is that of its weights, `base_sha256` of the base's.

    `reference` is what peft's own forward pass gives for the probes, None where it could not be made;
    `problem` says why a failed one failed.
    """

    name: str
    adapter: str
    number: int
    state: State
    sha256: str
    base_sha256: str
    rank: int
    targets: tuple[str, ...]
    lineage: dict[str, Any]
    reference: dict[str, Any] | None
    problem: str
    created: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything there was at one moment. `change` is the newest event then (0: none yet)."""

    change: int
    versions: tuple[Version, ...]
    aliases: tuple[Alias, ...]
    collections: dict[str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """Who did what to a version, an alias or a collection, when and why.

    `details` has `before` and `after`: states, whole aliases, or a collection's alias.
    """

    id: int
    at: datetime
    who: str
    kind: Kind
    subject: str
    what: str
    why: str
    details: dict[str, Any]


def load_version(row: AdapterVersion) -> Version:
    return Version(
        name=row.name,
        adapter=row.adapter,
        number=row.number,
        state=cast(State, row.state),
        sha256=row.sha256,
        base_sha256=row.base_sha256,
        rank=row.rank,
        targets=tuple(row.targets),
        lineage=row.lineage,
        reference=row.reference,
        problem=row.problem,
        created=_in_utc(row.created),
        created_by=row.created_by,
    )


def load_alias(row: AdapterAlias) -> Alias:
    rollout = Rollout(**row.rollout) if row.rollout else None
    return Alias(row.name, row.revision, row.stable, tuple(row.previous), rollout)


def load_event(row: AdapterEvent) -> Event:
    return Event(
        row.id, _in_utc(row.at), row.who, cast(Kind, row.kind), row.subject, row.what, row.why, row.details
    )


def _in_utc(moment: datetime) -> datetime:
    """SQLite gives times back without a zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
