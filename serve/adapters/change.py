"""One change of the registry: what a transaction does to versions, aliases and their events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, cast, get_args

from sqlalchemy import CursorResult, insert, select, text, update
from sqlalchemy.orm import Session, defer

from serve.adapters.alias import BASE, DEFAULT, Alias, check_alias_name
from serve.adapters.folder import AdapterFolder
from serve.adapters.version import SERVABLE, Kind, State, load_alias
from serve.database import BUSY_SECONDS
from serve.errors import BadRequest, Conflict, NotFound
from serve.tables import AdapterAlias, AdapterEvent, AdapterVersion, CollectionAlias

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

_REFERENCE = "reference"
"""Where a manifest carries the reference that was computed when the version was made."""
_NO_SYNC = {"synchronize_session": False}
_WITHOUT_REFERENCE = (defer(AdapterVersion.reference), defer(AdapterVersion.lineage))
"""Large, and no change of an alias looks at them; loaded when they are asked for."""


@dataclass(slots=True)
class Change:
    """One transaction of the registry, and who asked for it."""

    session: Session
    who: str
    why: str
    _found: list[AdapterVersion] = field(default_factory=list)
    """Keeps rows alive: the session alone would forget them and read them again."""

    def find(self, name: str) -> AdapterVersion:
        row = self.session.get(AdapterVersion, name, options=_WITHOUT_REFERENCE)
        if row is None:
            raise NotFound(
                f"There is no adapter version {name[:80]!r}. List them: reading-room adapters list"
            )
        self._found.append(row)
        return row

    def find_alias(self, name: str) -> Alias | None:
        row = self.session.get(AdapterAlias, name, populate_existing=True)
        return load_alias(row) if row else None

    def aliases(self) -> list[Alias]:
        query = select(AdapterAlias).order_by(AdapterAlias.name)
        rows = self.session.scalars(query, execution_options={"populate_existing": True})
        return [load_alias(row) for row in rows]

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
            row.problem = storable(problem)
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
        aliases = self.aliases()
        for version in sorted({*before.weights, *after.weights} - {BASE}):
            self._follow(version, aliases)
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

    def _follow(self, name: str, aliases: Sequence[Alias]) -> None:
        """Set a version's state to what the aliases make of it."""
        row = self.find(name)
        if row.state not in SERVABLE:
            return
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


def take_turn(session: Session) -> None:
    """Wait until no other change is under way. SQLite's BEGIN IMMEDIATE has done so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
        session.execute(text("LOCK TABLE adapter_event IN SHARE ROW EXCLUSIVE MODE"))


def _describe_forbidden(row: AdapterVersion, state: State) -> str:
    remedy = {
        "canary": "Promote it to an alias instead.",
        "stable": "Promote it to an alias instead.",
        "purged": f"Retire it first: reading-room adapters retire {row.name}",
    }.get(state, f"How it came there: reading-room adapters events {row.name}")
    return f"{row.name} is {row.state} and cannot become {state}. {remedy}"


def storable(text: str) -> str:
    """PostgreSQL cannot hold a NUL in text."""
    return text.replace("\x00", "")
