"""One engine as the gateway last saw it: what it serves, whether it gets on, which versions it has ready."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field

from serve.engine.client import EngineClient, ServedModel
from serve.engine.progress import Figures, ProgressWatch, read_figures
from serve.errors import EngineError, EngineStalled, ServeError

log = logging.getLogger(__name__)

_TOKEN_SECONDS = 10.0
"""How long an engine that hung may take for the one token that shows it is back."""
_LONGEST_PAUSE = 15.0
"""Seconds at most before a version that could not be made ready is tried again."""
_STARTED = re.compile(r"^process_start_time_seconds(?:\{[^}]*\})? (\S+)$", re.MULTILINE)
_WRITTEN = "vllm:generation_tokens_total"


@dataclass(slots=True, eq=False)
class EngineHealth:
    """What is known of one engine. Only `look` asks it anything; everything else reads memory.

    `models` is what it serves, the base first; empty while it is left out. `ready` are the versions that
    it has answered the probes with.
    """

    client: EngineClient
    watch: ProgressWatch
    models: tuple[ServedModel, ...] = ()
    ready: set[str] = field(default_factory=set)
    stalled: bool = False
    _started: float = 0.0
    _figures: Figures | None = None
    _looking_since: float = 0.0
    _paused: dict[str, tuple[int, float]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The name of its base model; "" while it is left out."""
        return self.models[0].name if self.models else ""

    @property
    def names(self) -> frozenset[str]:
        """What it answers to."""
        return frozenset(model.name for model in self.models)

    def is_slow(self, seconds: float) -> bool:
        """Whether it has owed a look an answer for so long: it is in a long step, or begins to hang."""
        return self._looking_since > 0 and time.monotonic() - self._looking_since > seconds

    async def look(self) -> None:
        """Ask what it serves and how far it has got, and judge. Takes seconds with an engine that hangs."""
        self._looking_since = time.monotonic()
        try:
            await self._look()
        finally:
            self._looking_since = 0.0

    def leave_out(self, error: ServeError) -> None:
        """Take it out until a look finds it well; after a stall, until it has written a token."""
        if self.models:
            log.warning("engine %s left out: %s", self.client.url, error)
        self.models = ()
        if isinstance(error, EngineStalled):
            self.stalled = True
            self._figures = None  # progress before the stall says nothing

    def put_off(self, version: str, pause: float) -> None:
        """Do not try `version` again for `pause` seconds, doubled at each failure."""
        tries, _ = self._paused.get(version, (0, 0.0))
        self.ready.discard(version)
        wait = min(pause * 2**tries, _LONGEST_PAUSE)
        self._paused[version] = (tries + 1, time.monotonic() + wait)

    def may_try(self, version: str) -> bool:
        """Whether it has not got `version` ready, and enough time has passed since that last failed."""
        _, until = self._paused.get(version, (0, 0.0))
        return version not in self.ready and time.monotonic() >= until

    def note_ready(self, version: str) -> None:
        """It has answered the probes with `version`."""
        self.ready.add(version)
        self._paused.pop(version, None)

    async def _look(self) -> None:
        before = frozenset(self.ready)
        try:
            models = await self.client.models()
        except EngineStalled:
            self._judge_silence()
            return
        except (ServeError, ValueError, KeyError, TypeError) as error:
            told = error if isinstance(error, ServeError) else EngineError("It gives no list of its models.")
            self.leave_out(told)
            self._forget()  # most likely it restarts, and then it has nothing ready
            return
        figures = await self._read_metrics()
        # Without figures (behind a router, say) only its answers tell.
        if figures != () and self.watch.observe(time.monotonic(), figures, self.client.waiting):
            self.leave_out(EngineStalled("It has work and writes no token."))
        earlier, self._figures = self._figures, figures
        if self.stalled and not (_have_moved(earlier, figures) or await self._writes_a_token(models)):
            return
        self.stalled = False
        if models and not self.models:
            log.info("engine %s is in use", self.client.url)
        self.models = models
        # Not those made ready since this look began: its list of names may be older than they are.
        self.ready -= before - self.names

    async def _read_metrics(self) -> Figures | None:
        """Its counters; None where it did not answer, none where it has none. Notices a restart."""
        try:
            metrics = await self.client.metrics()
        except EngineStalled:
            return None
        except ServeError:
            return ()
        if started := _STARTED.search(metrics):
            if float(started[1]) != self._started:
                self._forget()
            self._started = float(started[1])
        return read_figures(metrics)

    def _judge_silence(self) -> None:
        if self.watch.observe(time.monotonic(), None, self.client.waiting):
            self.leave_out(EngineStalled("It does not answer any more."))

    async def _writes_a_token(self, models: tuple[ServedModel, ...]) -> bool:
        asked = {"model": models[0].name if models else "", "prompt": ".", "max_tokens": 1, "temperature": 0}
        try:
            async with asyncio.timeout(_TOKEN_SECONDS):
                await self.client.complete_text(asked)
        except (ServeError, TimeoutError):
            return False
        return True

    def _forget(self) -> None:
        self.ready.clear()
        self._paused.clear()


def _have_moved(earlier: Figures | None, now: Figures | None) -> bool:
    """Whether tokens have been written in between."""
    return bool(earlier and now) and _count_written(earlier) != _count_written(now)


def _count_written(figures: Figures | None) -> float:
    return sum(value for name, value in figures or () if name.startswith(_WRITTEN))
