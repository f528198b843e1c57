"""The engines that answer: which are up, which versions each has ready, and which one takes the next answer.

Least work in flight with prefix affinity: a conversation prefers one engine (highest random weight,
Thaler and Ravishankar 1998), where its prefix is cached, unless that engine has clearly more to do than
another (bounded loads, Mirrokni, Thorup and Zadimoghaddam 2016); then the next in its order takes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from serve.adapters.probes import ProbeResult, probe
from serve.engine.client import EngineClient, as_streamed, join_completion
from serve.engine.health import EngineHealth
from serve.engine.progress import ProgressWatch
from serve.errors import EngineDown, EngineError, EngineFull, EngineStalled, ServeError, VersionAbsent
from serve.schemas import JsonObject

log = logging.getLogger(__name__)

_SLACK, _SLACK_SHARE = 2, 4
"""A preferred engine may have 2 answers, or a quarter, more in flight than the one with least."""

OnProbe = Callable[[str, EngineClient, ProbeResult], None]


def _note_nothing(version: str, client: EngineClient, result: ProbeResult) -> None:
    pass


@dataclass(slots=True)
class Engines:
    """All engines of the service. `look` and `prepare` are repeated in the background; answers read memory.

    `wanted` are the versions to have ready, each with peft's reference for it (None: there is none).
    `on_probe` is called with each verdict on a version. An engine with work that writes no token for
    `stall_seconds` hangs. `base` is the name of the base model they serve, and `context` the tokens it
    takes, 0 while unknown.
    """

    clients: Sequence[EngineClient]
    stall_seconds: float = 120.0
    look_seconds: float = 2.0
    base: str = ""
    context: int = 0
    wanted: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    on_probe: OnProbe = _note_nothing
    _engines: tuple[EngineHealth, ...] = field(init=False)
    _strangers: set[EngineHealth] = field(init=False, default_factory=set)
    _looks: dict[EngineHealth, asyncio.Task[None]] = field(init=False, default_factory=dict)
    _preparations: dict[EngineHealth, asyncio.Task[None]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._engines = tuple(
            EngineHealth(client, ProgressWatch(self.stall_seconds)) for client in self.clients
        )

    @property
    def served(self) -> dict[EngineClient, frozenset[str]]:
        """The engines that are up and do not hang, each with the names it answers to."""
        return {engine.client: engine.names for engine in self._engines if engine.models}

    @property
    def names(self) -> frozenset[str]:
        """Every name that some engine serves now."""
        return frozenset().union(*self.served.values())

    @property
    def ready(self) -> dict[EngineClient, frozenset[str]]:
        """The engines that are up and do not hang, each with the versions it has answered the probes with."""
        return {engine.client: frozenset(engine.ready) for engine in self._engines if engine.models}

    @property
    def offered(self) -> frozenset[str]:
        """Every name that some engine can be asked for now: its base, and the versions it has ready."""
        bases = {engine.base for engine in self._engines if engine.models}
        return frozenset(bases).union(*self.ready.values())

    async def look(self) -> None:
        """See how each engine is. One that takes long is looked at on in the background."""
        await _run_each(self._looks, self._engines, EngineHealth.look, self.look_seconds)
        up = [engine for engine in self._engines if engine.models]
        if up and self.base not in {engine.base for engine in up}:
            self.base = up[0].base
        for engine in up:
            if engine.base != self.base and engine not in self._strangers:
                self._strangers.add(engine)
                log.warning(
                    "engine %s serves %s: expected %s, so it gets no answers to write. Start it with "
                    "--served-model-name %s if it is the same model.",
                    *(engine.client.url, engine.base, self.base, self.base),
                )
        contexts = [model.context for engine in up for model in engine.models if model.context]
        self.context = min(contexts, default=self.context)

    async def prepare(self) -> None:
        """Have each engine load, and answer the probes with, the wanted versions that it has not ready.

        One version at a time on an engine, so that its running answers are disturbed little. What takes
        long goes on in the background.
        """
        for engine in self._engines:
            engine.ready &= self.wanted.keys()
        lacking = [engine for engine in self._engines if self._next_lacking(engine)]
        await _run_each(self._preparations, lacking, self._prepare_one, self.look_seconds)

    async def close(self) -> None:
        """End what is still going on in the background."""
        tasks = [*self._looks.values(), *self._preparations.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def stream(self, version: str, body: JsonObject, *, affinity: str) -> AsyncGenerator[bytes, None]:
        """The payloads of a streamed answer by `version`, as `EngineClient.stream` gives them.

        `affinity` tells a conversation: its turns go to one engine where they can. A request to which no
        byte came back is made once more, on another engine. Raises EngineDown where no engine is able,
        and what `EngineClient.stream` raises.
        """
        asked = {**body, "model": version}
        engine, failed = self._choose(version, affinity), None
        while True:
            received = False
            try:
                async with aclosing(engine.client.stream(asked)) as payloads:
                    async for payload in payloads:
                        received = True
                        yield payload
                return
            except (EngineDown, EngineStalled, VersionAbsent) as error:
                if received:
                    raise
                self._note_failure(engine, version, error)
                if failed or not self._able(version, without=engine):
                    raise _as_seen_outside(error) from error
            engine, failed = self._choose(version, affinity, without=engine), engine

    async def complete(self, version: str, body: JsonObject, *, affinity: str) -> JsonObject:
        """A whole answer by `version`. As `stream`."""
        async with aclosing(self.stream(version, as_streamed(body), affinity=affinity)) as payloads:
            return await join_completion(payloads)

    def _able(self, version: str, without: EngineHealth | None = None) -> list[EngineHealth]:
        """The engines that can be asked for `version` now; only those that answer looks in time, if any."""
        able = [
            engine
            for engine in self._engines
            if engine is not without and engine.models and (version in engine.ready or version == engine.base)
        ]
        return [engine for engine in able if not engine.is_slow(self.look_seconds)] or able

    def _choose(self, version: str, affinity: str, without: EngineHealth | None = None) -> EngineHealth:
        able = self._able(version, without)
        if not able:
            raise _nobody()
        least = min(engine.client.in_flight for engine in able)
        most = least + max(_SLACK, least // _SLACK_SHARE)
        free = [engine for engine in able if engine.client.in_flight <= most]
        return max(free, key=lambda engine: _weigh(engine.client.address, version, affinity))

    def _note_failure(self, engine: EngineHealth, version: str, error: ServeError) -> None:
        """Leave out at once what has just failed, until it is seen to be well."""
        if isinstance(error, VersionAbsent):
            log.warning("engine %s does not have %s any more: %s", engine.client.url, version, error)
            engine.ready.discard(version)
        elif not isinstance(error, EngineFull):
            engine.leave_out(error)

    def _next_lacking(self, engine: EngineHealth) -> str | None:
        """A wanted version that this engine has not ready and may be tried with now."""
        if not engine.models or engine.base != self.base:
            return None
        return next((version for version in self.wanted if engine.may_try(version)), None)

    async def _prepare_one(self, engine: EngineHealth) -> None:
        while version := self._next_lacking(engine):
            try:
                result = await probe(engine.client, self.base, version, self.wanted[version])
            except (EngineDown, EngineStalled) as error:
                engine.put_off(version, self.look_seconds)
                self._note_failure(engine, version, error)
                return
            except EngineError as error:
                log.warning("engine %s has no %s: %s", engine.client.url, version, error)
                engine.put_off(version, self.look_seconds)
                continue
            if result.ok:
                engine.note_ready(version)
            else:
                log.error("engine %s, %s: %s", engine.client.url, version, result.problem)
                engine.put_off(version, self.look_seconds)
            try:
                self.on_probe(version, engine.client, result)
            except Exception:  # whatever happens there, the other versions must still be made ready
                log.exception("the verdict on %s could not be passed on", version)


async def _run_each(
    running: dict[EngineHealth, asyncio.Task[None]],
    engines: Iterable[EngineHealth],
    work: Callable[[EngineHealth], Any],
    seconds: float,
) -> None:
    """Have `work` done on each engine, never twice at once on one; wait `seconds` for it at most."""
    for engine in engines:
        if engine not in running or running[engine].done():
            running[engine] = asyncio.create_task(work(engine))
    if running:
        await asyncio.wait(running.values(), timeout=seconds)
    for engine in [engine for engine, task in running.items() if task.done()]:
        task = running.pop(engine)
        if not task.cancelled() and (error := task.exception()):
            log.error("engine %s: a look or a probe failed", engine.client.url, exc_info=error)


def _weigh(address: str, version: str, affinity: str) -> bytes:
    """How much a conversation with `version` prefers the engine at `address`; the highest is taken."""
    return blake2b(f"{address}\n{version}\n{affinity}".encode("utf-8", "replace"), digest_size=8).digest()


def _as_seen_outside(error: ServeError) -> ServeError:
    return _nobody() if isinstance(error, VersionAbsent) else error


def _nobody() -> EngineDown:
    return EngineDown("The answering model is not available at the moment. Try again in a minute.")
