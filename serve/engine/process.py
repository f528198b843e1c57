"""The engine's process: start it, wait until it answers, watch it, restart it with backoff, stop it.

The engine runs under `guard.py` in a session of its own, so that Ctrl-C does not reach it before
the gateway has finished its answers, and so that nothing of it is left when the gateway is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from serve.engine.client import EngineClient
from serve.engine.failure import explain_failure
from serve.engine.folder import EngineFolder
from serve.engine.plan import EnginePlan
from serve.engine.progress import ProgressWatch, read_figures
from serve.engine.session import end_session
from serve.errors import EngineDown, EngineError
from serve.settings import child_environment

log = logging.getLogger(__name__)

State = Literal["starting", "ready", "restarting", "failed", "stopped"]

GUARD = Path(__file__).with_name("guard.py")
LOG_BYTES = 10_000_000
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_QUIET_SECONDS = 600.0
_POLL_SECONDS = 0.25
_STOP_SECONDS = 12.0
"""Longer than the guard's own grace, after which it kills."""
_IDLE_PROBE_SECONDS = 60.0
_PATIENCE = 0.75
"""Share of the stall limit after which the engine counts as hung: before its readers give up on it."""

_STAGES = (
    ("Application startup complete", "The engine's server is up; one trial answer."),
    ("Starting vLLM server", "The engine opens its socket."),
    ("Loading weights took", "The model is loaded; its memory is laid out."),
    ("Starting to load model", "The model is being loaded."),
    ("Initializing a V1 LLM engine", "The engine's worker is starting."),
    ("Resolved architecture", "The model's description is read."),
    ("non-default args", "The engine has read its settings."),
)


class EngineProcess:
    """One engine on this machine.

    `waiting` says how many requests wait for the engine now. Adapters it loads by itself, by name.
    """

    def __init__(
        self,
        plan: EnginePlan,
        log_path: Path,
        *,
        stall_seconds: float,
        start_seconds: float,
        waiting: Callable[[], int] = lambda: 0,
    ) -> None:
        if plan.socket is None:
            raise ValueError("An engine on this machine needs a socket in its plan.")
        self.state: State = "stopped"
        self.restarts = 0
        self.problem = ""
        self._plan = plan
        self._socket = plan.socket
        self._log_path = log_path
        self._stall_seconds = stall_seconds
        self._start_seconds = start_seconds
        self._waiting = waiting
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = EngineFolder(plan.socket.parent)
        self._stopping = False
        self._pause = _FIRST_PAUSE
        self._ready_at = 0.0
        self._probe = EngineClient(plan.url, socket=plan.socket, stall_seconds=stall_seconds)

    async def start(self) -> None:
        """Start the process; `wait_ready` then waits for it. Raises EngineDown if the folder is in use."""
        self._stopping = False
        await self._launch()

    async def wait_ready(self, progress: Callable[[str], None]) -> None:
        """Wait until the engine has given a trial answer; tell the stages passed.

        Raises EngineDown, with the engine's own last error and what to do, when it ends or takes longer
        than `start_seconds`; the process is then gone.
        """
        began = time.monotonic()
        told = ""
        try:
            while not await self._answers():
                if self._process is None or self._process.poll() is not None:
                    raise EngineDown(f"The engine did not start: {explain_failure(self._read_log())}")
                if time.monotonic() - began > self._start_seconds:
                    raise EngineDown(
                        f"The engine was not ready after {self._start_seconds:g} s: see {self._log_path}, "
                        "or raise READING_ROOM_ENGINE_START_SECONDS."
                    )
                stage = self._stage()
                if stage != told:
                    told = stage
                    progress(stage)
                await asyncio.sleep(_POLL_SECONDS)
            if self._plan.must_log not in self._read_log():
                raise EngineDown(
                    "The engine started without its plugin, so it could answer with the wrong adapter. "
                    "Run `make install`."
                )
        except EngineError as error:
            self.state = "stopped" if self._stopping else "failed"
            self.problem = str(error)
            await self._end(at_once=True)
            raise
        self.state = "ready"
        self.problem = ""
        self._ready_at = time.monotonic()
        progress(f"The engine is ready after {self._ready_at - began:.0f} s.")

    async def watch(self) -> None:
        """Keep the engine running until cancelled or stopped: restart it when it ends or hangs."""
        while trouble := await self._next_trouble():
            log.error("engine restarts: %s", trouble)
            if self.state == "ready" and time.monotonic() - self._ready_at > _QUIET_SECONDS:
                self._pause = _FIRST_PAUSE
            self.state = "restarting"
            self.problem = trouble
            await self._end(at_once=True)
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            self.restarts += 1
            with contextlib.suppress(EngineError):  # told by state and problem, and tried again
                await self._launch()
                await self.wait_ready(lambda stage: log.info("engine: %s", stage))

    async def stop(self) -> None:
        """End the engine and everything it started, gently first. Safe to call twice."""
        self._stopping = True
        self.state = "stopped"
        await self._end(at_once=False)
        await self._probe.close()
        self._folder.release()

    async def _launch(self) -> None:
        lock = await self._folder.take()
        await self._probe.start()
        if self._stopping:
            raise EngineDown("The service is stopping.")
        self._log_path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            self._log_path.replace(self._log_path.with_name(self._log_path.name + ".1"))
        guard = (sys.executable, "-I", "-S", str(GUARD), str(self._log_path.resolve()), str(LOG_BYTES))
        self.state = "starting"
        self._process = subprocess.Popen(
            guard,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._folder.path,
            env=child_environment(self._plan.environment),
            pass_fds=(lock,),
            start_new_session=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._plan.command).encode() + b"\n")
        self._process.stdin.flush()

    async def _next_trouble(self) -> str:
        """Wait until the engine has ended or hangs, and say which; "" once it is being stopped."""
        progress = ProgressWatch(_PATIENCE * self._stall_seconds)
        every = min(5.0, self._stall_seconds / 10)
        looked = probed = time.monotonic()
        trial: asyncio.Task[bool] | None = None
        try:
            while not self._stopping:
                await asyncio.sleep(_POLL_SECONDS)
                if self._stopping:
                    break
                if self._process is None or self._process.poll() is not None:
                    return f"it ended: {explain_failure(self._read_log())}"
                now = time.monotonic()
                if now - probed > _IDLE_PROBE_SECONDS and (trial is None or trial.done()):
                    probed = now
                    trial = asyncio.create_task(self._answers())
                if now - looked > every:
                    looked = now
                    figures = await self._figures()
                    waiting = self._waiting() + self._probe.waiting
                    if progress.observe(time.monotonic(), figures, waiting):
                        return f"it made no progress for {_PATIENCE * self._stall_seconds:g} s"
        finally:
            if trial is not None:
                trial.cancel()
                await asyncio.gather(trial, return_exceptions=True)
        return ""

    async def _figures(self) -> tuple[tuple[str, float], ...] | None:
        try:
            return read_figures(await self._probe.metrics())
        except EngineError:
            return None

    async def _answers(self) -> bool:
        """Whether the engine gives one token; a refusal of that is raised, it would refuse all others."""
        if not self._socket.exists():
            return False
        body = {
            "model": self._plan.model_name,
            "messages": [{"role": "user", "content": "Ready?"}],
            "max_tokens": 1,
        }
        try:
            await self._probe.complete(body)
        except EngineDown:
            return False
        return True

    async def _end(self, *, at_once: bool) -> None:
        """End the process and sweep its session; `at_once` kills, as a hung engine heeds nothing else."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        await end_session(process, 0 if at_once else _STOP_SECONDS)

    def _read_log(self) -> str:
        try:
            return self._log_path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def _stage(self) -> str:
        written = self._read_log()
        return next((told for mark, told in _STAGES if mark in written), "The engine is starting.")
