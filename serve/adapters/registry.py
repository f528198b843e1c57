"""The registry of adapter versions: their states, the aliases that point to them, and every event.

Each change is one transaction with its event. Changes take turns, in this process and in others, on
SQLite and PostgreSQL alike: so of two promotions from the same revision exactly one wins, and event
ids become visible in their order, which `changes` relies on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

from sqlalchemy import CursorResult, func, insert, select, text, update
from sqlalchemy.orm import Session

from serve.adapters.alias import BASE, DEFAULT, SHARES, Alias, Rollout, check_alias_name
from serve.adapters.folder import AdapterFolder
from serve.database import BUSY_SECONDS, Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.tables import AdapterAlias, AdapterEvent, AdapterVersion, CollectionAlias

__all__ = ["BASE", "SHARES", "Alias", "Event", "Registry", "Rollout", "Snapshot", "State", "Version"]

State = Literal["staged", "validated", "loaded", "canary", "stable", "retired", "purged", "failed"]
Kind = Literal["version", "alias", "collection"]
SERVABLE: tuple[State, ...] = ("validated", "loaded", "canary", "stable")
"""The states in which a version may answer: an alias points only to one of these, or to BASE."""

_NEXT: dict[State, tuple[State, ...]] = {
    "staged": ("validated", "failed", "retired"),
    "validated": ("loaded", "failed", "retired"),
    "loaded": ("failed", "retired"),
    "canary": ("failed",),
    "stable": ("failed",),
    "retired": ("purged",),
    "failed": ("purged",),
    "purged": (),
}
"""Where `mark` may lead. To and from canary and stable only an alias leads."""

_MOST_EVENTS = 1000
_REFERENCE = "reference"
"""Where a manifest carries the reference that was computed when the version was made."""
_NO_SYNC = {"synchronize_session": False}


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


class Registry:
    """Versions, aliases and events in the database. Safe to use from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def changes(self) -> int:
        """The newest event's id, 0 where there is none: it grows with every change. Takes no lock."""
        with self.database.readings() as session:
            return session.scalar(select(func.max(AdapterEvent.id))) or 0

    def snapshot(self) -> Snapshot:
        """All that is known, as it was at one moment. Takes no lock."""
        with self.database.readings() as session:
            return Snapshot(
                session.scalar(select(func.max(AdapterEvent.id))) or 0,
                tuple(map(_version, session.scalars(select(AdapterVersion).order_by(AdapterVersion.name)))),
                tuple(map(_alias, session.scalars(select(AdapterAlias).order_by(AdapterAlias.name)))),
                {row.collection: row.alias for row in session.scalars(select(CollectionAlias))},
            )

    def events(self, subject: str = "", *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        """What happened, oldest first: to one subject or to all, after the event `after`."""
        query = select(AdapterEvent).where(AdapterEvent.id > after).order_by(AdapterEvent.id)
        if subject:
            query = query.where(AdapterEvent.subject == subject)
        with self.database.readings() as session:
            return tuple(map(_event, session.scalars(query.limit(min(limit, _MOST_EVENTS)))))

    def stage(self, folder: AdapterFolder, *, who: str, why: str = "") -> Version:
        """Make a version known that `register` will offer once its reference is there.

        Raises as `register` does.
        """
        with self._change(who, why) as change:
            return _version(change.enter(folder, "staged", None))

    def register(
        self, folder: AdapterFolder, *, reference: dict[str, Any] | None = None, who: str, why: str = ""
    ) -> Version:
        """Make a version known whose files were checked; a staged one becomes validated.

        Without a `reference` the one that the version's manifest carries is taken, if any. Known already:
        it is returned unchanged. Raises BadRequest for a folder with problems, Conflict for a version that
        has failed, was purged, or is known with other weights.
        """
        with self._change(who, why) as change:
            return _version(change.enter(folder, "validated", reference))

    def adopt(self, folders: Iterable[AdapterFolder], *, who: str) -> tuple[Version, ...]:
        """Register the sound versions that nobody has added yet, and return them.

        Where such an adapter has no alias of its name, one is made that points to its newest version.
        """
        why = "found in the adapter folder"
        with self._change(who, why) as change:
            known = set(change.states())
            new = [folder for folder in folders if not folder.problems and folder.name not in known]
            rows = [change.enter(folder, "validated", None) for folder in new]
            for adapter in sorted({row.adapter for row in rows}):
                change.introduce(adapter)
            return tuple(map(_version, rows))

    def mark(self, name: str, state: State, *, who: str, why: str = "", problem: str = "") -> Version:
        """Say that a version was validated, loaded, retired, purged, or has failed.

        The state it has already changes nothing, nor does "loaded" where an alias uses it. An alias that
        uses a failed version goes back in the same transaction. Raises NotFound, or Conflict for a
        transition that is not allowed.
        """
        with self._change(who, why) as change:
            return _version(change.mark(change.find(name), state, problem))

    def retire(self, name: str, *, who: str, why: str = "") -> Version:
        """Take a version out of use; its files stay.

        Raises Conflict while an alias points to it, or would go back to it at a rollback.
        """
        return self.mark(name, "retired", who=who, why=why)

    def purge(self, name: str, *, who: str, why: str = "") -> Version:
        """Say that a retired or failed version's files are no longer wanted; else raises Conflict."""
        return self.mark(name, "purged", who=who, why=why)

    def promote(
        self,
        alias: str,
        version: str,
        *,
        share: int = 100,
        automatic: bool = False,
        answers_needed: int = 200,
        revision: int | None,
        who: str,
        why: str = "",
    ) -> Alias:
        """Point `alias` to a version or BASE: wholly, or with less than 100 as a candidate beside the stable.

        An alias that does not exist is made, with BASE as what came before (its revision counts as 0). A
        `revision` other than the present one raises Conflict, which says what the alias points to now;
        None takes the present one. Conflict too for a version that may not answer.
        """
        check_alias_name(alias)
        _check_rollout(share, answers_needed)
        with self._change(who, why) as change:
            before = change.find_alias(alias) or Alias(alias, 0, BASE, (), None)
            if revision is not None and revision != before.revision:
                raise Conflict(_describe_lost(before, revision), param="revision")
            change.check_servable(version)
            if share == 100:
                return change.point(before, before.promote(version), "promoted", made=True)
            if version == before.stable:
                raise Conflict(
                    f"{version} is what {alias} points to already; try out another version, "
                    f"or end a rollout with: reading-room adapters rollback {alias}"
                )
            after = before.try_out(version, share, automatic=automatic, answers_needed=answers_needed)
            return change.point(before, after, f"tried on {share} %", made=True)

    def rollback(self, alias: str, *, revision: int | None = None, who: str, why: str = "") -> Alias:
        """End the rollout in progress, or, where there is none, go back to what was stable before.

        Versions that may not answer any more are passed over. Raises NotFound, or Conflict where there is
        nothing to go back to or `revision` is not the present one.
        """
        with self._change(who, why) as change:
            before = change.find_alias(alias)
            if before is None:
                raise NotFound(f"There is no alias {alias[:80]!r}. List them: reading-room adapters list")
            if revision is not None and revision != before.revision:
                raise Conflict(_describe_lost(before, revision), param="revision")
            if before.rollout is not None:
                return change.point(before, before.end_rollout(), "rollout ended")
            earlier = before.find_fallback(change.servable())
            if earlier is None:
                raise Conflict(
                    f"{alias} points to {before.stable}, and nothing that it pointed to before may answer. "
                    f"Promote a version, or base: reading-room adapters promote VERSION --alias {alias}"
                )
            return change.point(before, before.fall_back(earlier), "rolled back")

    def assign(self, collection: str, alias: str | None, *, who: str, why: str = "") -> None:
        """Have `alias` answer questions about a collection where the client names none; None: the default.

        Raises NotFound where there is no such alias.
        """
        if not 1 <= len(collection) <= 300 or "\x00" in collection:
            raise BadRequest("A collection's id has 1 to 300 characters.", param="collection")
        with self._change(who, why) as change:
            change.assign(collection, alias)

    @contextmanager
    def _change(self, who: str, why: str) -> Iterator[_Change]:
        with self.database.sessions.begin() as session:
            _take_turn(session)
            yield _Change(session, _storable(who)[:200], _storable(why))


@dataclass(slots=True)
class _Change:
    """One transaction of the registry, and who asked for it."""

    session: Session
    who: str
    why: str

    def find(self, name: str) -> AdapterVersion:
        row = self.session.get(AdapterVersion, name)
        if row is None:
            raise NotFound(
                f"There is no adapter version {name[:80]!r}. List them: reading-room adapters list"
            )
        return row

    def find_alias(self, name: str) -> Alias | None:
        row = self.session.get(AdapterAlias, name, populate_existing=True)
        return _alias(row) if row else None

    def aliases(self) -> list[Alias]:
        query = select(AdapterAlias).order_by(AdapterAlias.name)
        return [
            _alias(row) for row in self.session.scalars(query, execution_options={"populate_existing": True})
        ]

    def states(self) -> dict[str, str]:
        rows = self.session.execute(select(AdapterVersion.name, AdapterVersion.state))
        return {name: state for name, state in rows}

    def servable(self) -> set[str]:
        return {BASE, *(name for name, state in self.states().items() if state in SERVABLE)}

    def check_servable(self, version: str) -> None:
        if version == BASE:
            return
        row = self.find(version)
        if row.state not in SERVABLE:
            reason = f" ({row.problem})" if row.problem else ""
            raise Conflict(
                f"{version} is {row.state}{reason}; expected one of {', '.join(SERVABLE)}. "
                "Choose another version: reading-room adapters list",
                param="version",
            )

    def enter(self, folder: AdapterFolder, state: State, reference: dict[str, Any] | None) -> AdapterVersion:
        if folder.problems:
            raise BadRequest(folder.problems[0])
        row = self.session.get(AdapterVersion, folder.name)
        if row is None:
            row = self._insert(folder, state, reference)
            self.tell("version", row.name, state, None, state)
            return row
        if row.sha256 != folder.sha256:
            raise Conflict(
                f"{row.name} is known with weights {row.sha256[:12]}…, the folder has {folder.sha256[:12]}…. "
                "A version never changes: add the new weights as another one."
            )
        if row.state in ("failed", "purged"):
            reason = f": {row.problem}" if row.problem else ""
            raise Conflict(f"{row.name} is {row.state}{reason}. Train and add a new version.")
        if row.state == "staged" and state == "validated":
            row.reference = reference or row.reference
            self._set_state(row, state)
        return row

    def _insert(
        self, folder: AdapterFolder, state: State, reference: dict[str, Any] | None
    ) -> AdapterVersion:
        lineage = dict(folder.lineage)
        carried = lineage.pop(_REFERENCE, None)
        row = AdapterVersion(
            name=folder.name,
            adapter=folder.adapter,
            number=folder.number,
            state=state,
            sha256=folder.sha256,
            base_sha256=folder.base_sha256,
            rank=folder.rank,
            targets=list(folder.targets),
            lineage=lineage,
            reference=reference or (carried if isinstance(carried, dict) else None),
            problem="",
            created=datetime.now(UTC),
            created_by=self.who,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def introduce(self, adapter: str) -> None:
        """Make the alias named like an adapter, to its newest version, unless there is one."""
        if self.find_alias(adapter) is not None:
            return
        try:
            check_alias_name(adapter)
        except BadRequest:
            return
        query = select(AdapterVersion).where(
            AdapterVersion.adapter == adapter, AdapterVersion.state.in_(SERVABLE)
        )
        newest = max(self.session.scalars(query), key=lambda row: (row.number, row.name))
        before = Alias(adapter, 0, BASE, (), None)
        self.point(before, before.promote(newest.name), "promoted")

    def mark(self, row: AdapterVersion, state: State, problem: str) -> AdapterVersion:
        if state not in get_args(State):
            raise BadRequest(f"state: expected one of {', '.join(get_args(State))}, found {state[:40]!r}.")
        if row.state == state or (state == "loaded" and row.state in ("canary", "stable")):
            return row
        if state == "retired":
            self._check_unused(row.name)
        if state not in _NEXT[cast(State, row.state)]:
            raise Conflict(_describe_forbidden(row, state))
        if problem:
            row.problem = _storable(problem)
        self._set_state(row, state, {"problem": row.problem} if problem else {})
        if state == "failed":
            self._withdraw(row.name)
        return row

    def _check_unused(self, name: str) -> None:
        servable = self.servable()
        for alias in self.aliases():
            if name in alias.weights:
                raise Conflict(
                    f"The alias {alias.name} points to {name}. Promote another version to it, or roll it "
                    f"back: reading-room adapters rollback {alias.name}"
                )
            if alias.find_fallback(servable) == name:
                raise Conflict(
                    f"The alias {alias.name} would go back to {name} at a rollback. Keep it until another "
                    f"version has been promoted to {alias.name}."
                )

    def _withdraw(self, name: str) -> None:
        """Have every alias that uses a version do without it: a rollout ends, a stable one falls back."""
        servable = self.servable()
        for alias in self.aliases():
            if alias.stable == name:
                earlier = alias.find_fallback(servable) or BASE
                self.point(alias, alias.fall_back(earlier), "withdrawn")
            elif name in alias.weights:
                self.point(alias, alias.end_rollout(), "withdrawn")

    def point(self, before: Alias, after: Alias, what: str, *, made: bool = False) -> Alias:
        """Store an alias's next form where nobody was quicker, and have the versions' states follow."""
        if made and before.revision == 0 and after is before:
            after = Alias(before.name, 1, before.stable, (), None)
        if after is before:
            return before
        self._store(before, after)
        self.tell("alias", after.name, what, asdict(before) if before.revision else None, asdict(after))
        for version in sorted({*before.weights, *after.weights} - {BASE}):
            self._follow(version)
        return after

    def _store(self, before: Alias, after: Alias) -> None:
        values = {
            "revision": after.revision,
            "stable": after.stable,
            "previous": list(after.previous),
            "rollout": asdict(after.rollout) if after.rollout else None,
        }
        if before.revision == 0:
            self.session.execute(insert(AdapterAlias).values(name=after.name, **values))
            return
        swap = (
            update(AdapterAlias)
            .where(AdapterAlias.name == before.name, AdapterAlias.revision == before.revision)
            .values(**values)
        )
        # The rows in memory are read anew where they are wanted (populate_existing).
        if cast(CursorResult[Any], self.session.execute(swap, execution_options=_NO_SYNC)).rowcount != 1:
            raise Conflict(f"The alias {before.name} was changed meanwhile. Look again and repeat.")

    def _follow(self, name: str) -> None:
        """Set a version's state to what the aliases make of it."""
        row = self.find(name)
        if row.state not in SERVABLE:
            return
        aliases = self.aliases()
        if any(alias.stable == name for alias in aliases):
            self._set_state(row, "stable")
        elif any(name in alias.weights for alias in aliases):
            self._set_state(row, "canary")
        else:
            self._set_state(row, "loaded")

    def _set_state(self, row: AdapterVersion, state: State, details: dict[str, Any] | None = None) -> None:
        if row.state == state:
            return
        before, row.state = row.state, state
        self.session.flush()
        self.tell("version", row.name, state, before, state, details)

    def assign(self, collection: str, alias: str | None) -> None:
        row = self.session.get(CollectionAlias, collection)
        before = row.alias if row else None
        if before == alias:
            return
        if alias is not None and alias != DEFAULT and self.find_alias(alias) is None:
            raise NotFound(
                f"There is no alias {alias[:80]!r}. List them: reading-room adapters list", param="alias"
            )
        if row is None:
            self.session.add(CollectionAlias(collection=collection, alias=alias))
        elif alias is None:
            self.session.delete(row)
        else:
            row.alias = alias
        self.tell("collection", collection, "assigned" if alias else "unassigned", before, alias)

    def tell(
        self,
        kind: Kind,
        subject: str,
        what: str,
        before: object,
        after: object,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Append the event."""
        self.session.add(
            AdapterEvent(
                at=datetime.now(UTC),
                who=self.who,
                kind=kind,
                subject=subject,
                what=what,
                why=self.why,
                details={"before": before, "after": after, **(details or {})},
            )
        )
        self.session.flush()


def _take_turn(session: Session) -> None:
    """Wait until no other change is under way. SQLite's BEGIN IMMEDIATE has done so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text("LOCK TABLE adapter_event IN SHARE ROW EXCLUSIVE MODE"))


def _check_rollout(share: int, answers_needed: int) -> None:
    if share not in SHARES:
        raise BadRequest(
            f"share: expected one of {', '.join(map(str, SHARES))}, found {share}.", param="share"
        )
    if not 1 <= answers_needed <= 1_000_000:
        raise BadRequest(
            f"answers_needed: expected 1 to 1,000,000, found {answers_needed}.", param="answers_needed"
        )


def _describe_lost(alias: Alias, revision: int) -> str:
    if alias.revision == 0:
        return f"The alias {alias.name} does not exist yet: its revision is 0, you gave {revision}."
    tried = f", with {alias.rollout.candidate} on {alias.rollout.share} %" if alias.rollout else ""
    return (
        f"The alias {alias.name} was changed meanwhile: it points to {alias.stable}{tried}, at revision "
        f"{alias.revision}; you had revision {revision}. Look again, and repeat it with that revision."
    )


def _describe_forbidden(row: AdapterVersion, state: State) -> str:
    remedy = {
        "canary": "Promote it to an alias instead.",
        "stable": "Promote it to an alias instead.",
        "purged": f"Retire it first: reading-room adapters retire {row.name}",
    }.get(state, f"How it came there: reading-room adapters events {row.name}")
    return f"{row.name} is {row.state} and cannot become {state}. {remedy}"


def _version(row: AdapterVersion) -> Version:
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


def _alias(row: AdapterAlias) -> Alias:
    rollout = Rollout(**row.rollout) if row.rollout else None
    return Alias(row.name, row.revision, row.stable, tuple(row.previous), rollout)


def _event(row: AdapterEvent) -> Event:
    return Event(
        row.id, _in_utc(row.at), row.who, cast(Kind, row.kind), row.subject, row.what, row.why, row.details
    )


def _in_utc(moment: datetime) -> datetime:
    """SQLite gives times back without a zone; all of ours are UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _storable(text: str) -> str:
    """PostgreSQL cannot hold a NUL in text."""
    return text.replace("\x00", "")
