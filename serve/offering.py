"""Keeps one gateway in step with the registry: the names to ask for, and the versions on its engines."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace

from sqlalchemy.exc import SQLAlchemyError

from serve.adapters.alias import Alias
from serve.adapters.probes import ProbeResult
from serve.adapters.registry import SERVABLE, Registry, State
from serve.aliases import Aliases
from serve.engine.client import EngineClient
from serve.engine.pool import Engines
from serve.errors import EngineDown, ServeError
from serve.metrics import Metrics

log = logging.getLogger(__name__)

WHO = "gateway"
_READY_SECONDS = 30.0


@dataclass(slots=True)
class Offering:
    """What this gateway offers. `aliases` is replaced whole at each change, so that reading it needs no lock.

    `default` is the setting for the alias of that name, `base` the model's name where it is known
    before an engine has said it.
    """

    registry: Registry
    engines: Engines
    metrics: Metrics
    default: str = ""
    base: str = ""
    aliases: Aliases = field(default_factory=lambda: Aliases(""))
    _change: int = -1
    _pending: set[asyncio.Task[None]] = field(default_factory=set)

    async def refresh(self) -> None:
        """Take over what has changed in the registry since the last time: one cheap read if nothing has."""
        change = await asyncio.to_thread(self.registry.changes)
        base = self.base or self.engines.base
        if change == self._change and base == self.aliases.base:
            return
        snapshot = await asyncio.to_thread(self.registry.snapshot)
        if snapshot.change < self._change:
            return  # another refresh began later and has ended earlier
        before, self.aliases = self.aliases, Aliases.from_snapshot(base, snapshot, self.default)
        for alias in before.table.values():
            self.take_over(alias)  # one that was changed here after the snapshot was taken
        if snapshot.change != self._change and (problem := self.default_problem):
            log.warning("%s Until then the base model answers in its place.", problem)
        self._change = snapshot.change
        self.engines.wanted = {
            version.name: version.reference for version in snapshot.versions if version.state in SERVABLE
        }
        self.metrics.show_aliases(snapshot.aliases, base)
        for gone in set(before.versions) - set(self.aliases.versions):
            self.metrics.forget(gone)

    @property
    def default_problem(self) -> str:
        """What is wrong with the setting for the alias `default`, and what to do; "" if nothing is."""
        if not self.default or self.aliases.knows(self.default):
            return ""
        return (
            f"READING_ROOM_DEFAULT_ADAPTER is {self.default[:80]!r}, which is no alias or version that may "
            "answer. Set it to one that `reading-room adapters list` shows, or to nothing."
        )

    def take_over(self, alias: Alias) -> None:
        """Follow at once a change of an alias that came through this gateway."""
        known = self.aliases.table.get(alias.name)
        if known is None or known.revision < alias.revision:
            self.aliases = replace(self.aliases, table={**self.aliases.table, alias.name: alias})

    async def make_ready(self, version: str) -> None:
        """Have a version loaded and probed, so that an alias can point to it at once.

        Comes back, too, where the version is found bad: the promotion then says so. Raises EngineDown
        where no engine gets it ready in time.
        """
        if version in self.engines.offered:
            return  # whether it may still answer, the promotion itself decides
        await self.refresh()
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while version in self.engines.wanted and version not in self.engines.offered:
            if asyncio.get_running_loop().time() > deadline:
                raise EngineDown(f"No engine has loaded {version} within {_READY_SECONDS:.0f} s. Try again.")
            await self.engines.prepare()
            await self._settle()
            await self.refresh()
            if version not in self.engines.offered:
                await asyncio.sleep(0.2)

    def note_probe(self, version: str, client: EngineClient, result: ProbeResult) -> None:
        """Write the first finding on a version into the registry: loaded, or failed.

        Once a version has been found good, an engine that disagrees is left out for it, and says more
        about that engine than about the version.
        """
        self.metrics.count_load(version, result.seconds)
        if self.aliases.states.get(version) == "validated":
            task = asyncio.create_task(self._mark(version, result))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    def show_engines(self) -> None:
        """Put into the metrics how many engines have each version ready."""
        ready = self.engines.ready.values()
        able = {version: sum(version in versions for versions in ready) for version in self.aliases.versions}
        self.metrics.show_engines({self.aliases.base: len(self.engines.served), **able})

    async def _mark(self, version: str, result: ProbeResult) -> None:
        state: State = "loaded" if result.ok else "failed"
        why = "the probes on an engine"
        try:
            await asyncio.to_thread(
                self.registry.mark, version, state, who=WHO, why=why, problem=result.problem
            )
            await self.refresh()
        except ServeError as error:  # another gateway was quicker
            log.info("%s", error)
        except SQLAlchemyError as error:
            log.warning("%s is %s, and the database does not answer: %s", version, state, error)

    async def _settle(self) -> None:
        await asyncio.gather(*self._pending)
