"""The standing instructions in the database: versions that never change, and which of them is in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Select, func, insert, select, update

from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.instructions.change import Change, change, clean
from serve.instructions.in_force import InForce
from serve.instructions.tables import InstructionEvent, InstructionScope, InstructionVersion
from serve.instructions.trial import name_number
from serve.instructions.trial_book import read_trial
from serve.instructions.version import (
    NONE,
    Event,
    Pointer,
    Scope,
    Standing,
    Version,
    load_event,
    load_pointer,
    load_version,
)
from serve.people.authority import Actor

_POINTED = ("activated", "withdrawn")
_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Shelf:
    """All of one scope: what is in force, the versions (newest first), and the last activation, if any."""

    pointer: Pointer
    versions: tuple[Version, ...]
    changed: Event | None

    @property
    def active(self) -> Version | None:
        """The version in force."""
        return next((one for one in self.versions if one.number == self.pointer.active), None)


class Book:
    """All versions, pointers and events. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def changes(self) -> int:
        """The newest event's id, 0 where there is none: it grows with every change. Takes no lock."""
        with self.database.readings() as session:
            return session.scalar(select(func.max(InstructionEvent.id))) or 0

    def read_in_force(self) -> InForce:
        """All that is in force, as it was at one moment. Takes no lock."""
        query = select(InstructionVersion).join(
            InstructionScope,
            (InstructionScope.kind == InstructionVersion.kind)
            & (InstructionScope.scope == InstructionVersion.scope)
            & (InstructionScope.active == InstructionVersion.number),
        )
        with self.database.readings() as session:
            newest = session.scalar(select(func.max(InstructionEvent.id))) or 0
            versions = list(map(load_version, session.scalars(query)))
        return InForce(newest, {one.scope: Standing(one.id, one.text) for one in versions})

    def shelves(self) -> tuple[Shelf, ...]:
        """Every scope that has a version, by kind and name. Takes no lock."""
        newest_first = (InstructionVersion.kind, InstructionVersion.scope, InstructionVersion.number.desc())
        last = (
            select(func.max(InstructionEvent.id))
            .where(InstructionEvent.what.in_(_POINTED))
            .group_by(InstructionEvent.kind, InstructionEvent.scope)
        )
        with self.database.readings() as session:
            versions = list(
                map(load_version, session.scalars(select(InstructionVersion).order_by(*newest_first)))
            )
            pointers = {
                one.scope: one for one in map(load_pointer, session.scalars(select(InstructionScope)))
            }
            events = session.scalars(select(InstructionEvent).where(InstructionEvent.id.in_(last)))
            changed = {one.scope: one for one in map(load_event, events)}
        return tuple(
            Shelf(
                pointers.get(scope, Pointer(scope)),
                tuple(one for one in versions if one.scope == scope),
                changed.get(scope),
            )
            for scope in dict.fromkeys(one.scope for one in versions)
        )

    def shelf(self, scope: Scope) -> Shelf:
        """One scope; without versions where it has none."""
        return next(
            (one for one in self.shelves() if one.pointer.scope == scope), Shelf(Pointer(scope), (), None)
        )

    def pointer(self, scope: Scope) -> Pointer:
        """What is in force for one scope; revision 0 where nothing ever was."""
        with self.database.readings() as session:
            row = session.get(InstructionScope, (scope.kind, scope.name))
        return load_pointer(row) if row else Pointer(scope)

    def find(self, scope: Scope, number: int) -> Version:
        """One version. Raises NotFound."""
        with self.database.readings() as session:
            row = session.get(InstructionVersion, (scope.kind, scope.name, number))
        if row is None:
            raise _no_version(scope, number)
        return load_version(row)

    def write(self, scope: Scope, text: str, actor: Actor, why: str = "") -> Version:
        """Keep a text as the scope's next version; nothing takes effect by it.

        The text is kept as the model will get it: neutralised, and without what no reader sees. Raises
        BadRequest where nothing is left of it, Conflict where a version says the same already.
        """
        kept = clean(text)
        if not kept:
            raise BadRequest("The instructions are empty. Write a sentence.", param="text")
        with change(self.database, scope, actor, why) as writing:
            session = writing.session
            earlier = list(session.scalars(_of(scope).order_by(InstructionVersion.number)))
            if same := next((row.number for row in earlier if row.text == kept), None):
                raise Conflict(f"Version {same} says exactly this already.", param="text")
            row = InstructionVersion(
                kind=scope.kind,
                scope=scope.name,
                number=(earlier[-1].number if earlier else NONE) + 1,
                text=kept,
                why=writing.why,
                created=datetime.now(UTC),
                created_by=writing.who,
            )
            session.add(row)
            writing.tell("written", {"number": row.number})
            return load_version(row)

    def activate(
        self, scope: Scope, number: int, actor: Actor, *, revision: int, trial: str = "", why: str = ""
    ) -> Pointer:
        """Put a version in force, NONE: no instructions. An older one is how to roll back.

        It needs the id of a `trial` that compared this version with the one in force, or else a reason.
        Raises NotFound for what is not there, BadRequest for neither trial nor reason, and Conflict where
        `revision` is not the present one or the trial says too little.
        """
        with change(self.database, scope, actor, why) as activating:
            before = activating.pointer()
            if revision != before.revision:
                raise Conflict(_describe_lost(activating, before, revision), param="revision")
            session = activating.session
            if number != NONE and session.get(InstructionVersion, (scope.kind, scope.name, number)) is None:
                raise _no_version(scope, number)
            if number == before.active:
                return before
            if trial:
                _check_trial(activating, trial, number, before.active)
            elif not activating.why:
                raise BadRequest(
                    "Name the trial in which these instructions were tried, or say why there is none.",
                    param="why",
                )
            after = Pointer(scope, before.revision + 1, number)
            _store(activating, before, after)
            details = {"before": before.active, "after": number, "revision": after.revision, "trial": trial}
            activating.tell("activated" if number != NONE else "withdrawn", details)
            return after

    def events(self, scope: Scope | None = None, *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        """What happened, oldest first: to one scope or to all, after the event `after`."""
        query = select(InstructionEvent).where(InstructionEvent.id > after).order_by(InstructionEvent.id)
        if scope:
            query = query.where(InstructionEvent.kind == scope.kind, InstructionEvent.scope == scope.name)
        with self.database.readings() as session:
            return tuple(map(load_event, session.scalars(query.limit(min(limit, _MOST_EVENTS)))))


def _of(scope: Scope) -> Select[InstructionVersion]:
    return select(InstructionVersion).where(
        InstructionVersion.kind == scope.kind, InstructionVersion.scope == scope.name
    )


def _check_trial(activating: Change, trial_id: str, number: int, active: int) -> None:
    trial = read_trial(activating.session, trial_id)
    if (trial.scope, trial.number) != (activating.scope, number):
        raise Conflict(
            f"The trial {trial.id} is of {trial.scope.kind} {trial.scope.name[:80]!r}, "
            f"{name_number(trial.number)}. Name one of {name_number(number)}.",
            param="trial",
        )
    if shortcoming := trial.shortcoming(active):
        raise Conflict(f"The trial cannot be named: {shortcoming}", param="trial")


def _store(activating: Change, before: Pointer, after: Pointer) -> None:
    session, scope = activating.session, after.scope
    if before.revision == 0:
        session.execute(
            insert(InstructionScope).values(
                kind=scope.kind, scope=scope.name, revision=after.revision, active=after.active
            )
        )
        return
    swap = (
        update(InstructionScope)
        .where(
            InstructionScope.kind == scope.kind,
            InstructionScope.scope == scope.name,
            InstructionScope.revision == before.revision,
        )
        .values(revision=after.revision, active=after.active)
    )
    found = session.execute(swap, execution_options={"synchronize_session": False})
    if cast(CursorResult[Any], found).rowcount != 1:
        raise Conflict("The instructions were changed meanwhile. Look again and repeat.", param="revision")


def _describe_lost(activating: Change, now: Pointer, revision: int) -> str:
    """Who was quicker, with what and when."""
    scope = now.scope
    query = select(InstructionEvent).where(
        InstructionEvent.kind == scope.kind,
        InstructionEvent.scope == scope.name,
        InstructionEvent.what.in_(_POINTED),
    )
    row = activating.session.scalars(query.order_by(InstructionEvent.id.desc()).limit(1)).first()
    if row is None:
        return f"Nothing was in force here yet: its revision is 0, you had {revision}. Look again and repeat."
    event = load_event(row)
    return (
        f"{event.who} has put {name_number(now.active)} in force on {event.at:%Y-%m-%d at %H:%M} UTC, at "
        f"revision {now.revision}; you had revision {revision}. Look again, and repeat it with that revision."
    )


def _no_version(scope: Scope, number: int) -> NotFound:
    return NotFound(f"There is no version {number} for {scope.kind} {scope.name[:80]!r}.", param="number")
