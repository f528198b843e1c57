"""The registry of adapter versions: their states, the aliases that point to them, and every event.

Each change is one transaction with its event. Changes take turns, in this process and in others, on
SQLite and PostgreSQL alike: so of two promotions from the same revision exactly one wins, and event
ids become visible in their order, which `changes` relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from serve.adapters.alias import BASE, SHARES, Alias, Rollout, check_alias_name
from serve.adapters.change import Change, storable, take_turn
from serve.adapters.folder import AdapterFolder
from serve.adapters.version import (
    SERVABLE,
    Event,
    Snapshot,
    State,
    Version,
    load_alias,
    load_event,
    load_version,
)
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.tables import AdapterAlias, AdapterEvent, AdapterVersion, CollectionAlias

__all__ = [
    "BASE",
    "SERVABLE",
    "SHARES",
    "Alias",
    "Event",
    "Registry",
    "Rollout",
    "Snapshot",
    "State",
    "Version",
]

_MOST_EVENTS = 1000


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
                tuple(
                    map(load_version, session.scalars(select(AdapterVersion).order_by(AdapterVersion.name)))
                ),
                tuple(map(load_alias, session.scalars(select(AdapterAlias).order_by(AdapterAlias.name)))),
                {row.collection: row.alias for row in session.scalars(select(CollectionAlias))},
            )

    def events(self, subject: str = "", *, after: int = 0, limit: int = 100) -> tuple[Event, ...]:
        """What happened, oldest first: to one subject or to all, after the event `after`."""
        query = select(AdapterEvent).where(AdapterEvent.id > after).order_by(AdapterEvent.id)
        if subject:
            query = query.where(AdapterEvent.subject == subject)
        with self.database.readings() as session:
            return tuple(map(load_event, session.scalars(query.limit(min(limit, _MOST_EVENTS)))))

    def stage(self, folder: AdapterFolder, *, who: str, why: str = "") -> Version:
        """Make a version known that `register` will offer once its reference is there.

        Raises as `register` does.
        """
        with self._change(who, why) as change:
            return load_version(change.enter(folder, "staged", None))

    def register(
        self, folder: AdapterFolder, *, reference: dict[str, Any] | None = None, who: str, why: str = ""
    ) -> Version:
        """Make a version known whose files were checked; a staged one becomes validated.

        Without a `reference` the one that the version's manifest carries is taken, if any. Known already:
        it is returned unchanged. Raises BadRequest for a folder with problems, Conflict for a version that
        has failed, was purged, or is known with other weights.
        """
        with self._change(who, why) as change:
            return load_version(change.enter(folder, "validated", reference))

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
            return tuple(map(load_version, rows))

    def mark(self, name: str, state: State, *, who: str, why: str = "", problem: str = "") -> Version:
        """Say that a version was validated, loaded, retired, purged, or has failed.

        The state it has already changes nothing, nor does "loaded" where an alias uses it. An alias that
        uses a failed version goes back in the same transaction. Raises NotFound, or Conflict for a
        transition that is not allowed.
        """
        with self._change(who, why) as change:
            return load_version(change.mark(change.find(name), state, problem))

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
        also: Callable[[Session], None] | None = None,
    ) -> Alias:
        """Point `alias` to a version or BASE: wholly, or with less than 100 as a candidate beside the stable.

        An alias that does not exist is made, with BASE as what came before (its revision counts as 0). A
        `revision` other than the present one raises Conflict, which says what the alias points to now;
        None takes the present one. Conflict too for a version that may not answer. `also` writes what
        belongs to it in the same transaction: both or neither.
        """
        check_alias_name(alias)
        _check_rollout(share, answers_needed)
        with self._change(who, why) as change:
            before = change.find_alias(alias) or Alias(alias, 0, BASE, (), None)
            if revision is not None and revision != before.revision:
                raise Conflict(_describe_lost(before, revision), param="revision")
            change.check_servable(version)
            if also:
                also(change.session)
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
    def _change(self, who: str, why: str) -> Iterator[Change]:
        with self.database.sessions.begin() as session:
            take_turn(session)
            yield Change(session, storable(who)[:200], storable(why))


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
