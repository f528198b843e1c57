"""What the adapters are measured on: one real engine, several gateway processes on it, and a client of one.

A gateway that starts an engine has it for itself. So the engine is started here, with the very plan that a
gateway starts its own by, but on a loopback port, and the gateways are given its URL, one data folder (with
it the adapter folder) and one database.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from serve.adapters.base import read_base
from serve.adapters.folder import AdapterFolder
from serve.adapters.registry import Registry
from serve.adapters.store import AdapterStore
from serve.database import Database
from serve.engine.machine import look_at_machine
from serve.engine.model import find_model
from serve.engine.plan import plan_engine
from serve.settings import BUNDLED_READER, Settings, child_environment, keep_private
from tests.serve.made_adapters import write_peft_folder
from tests.service import STAFF_KEY, RunningService, run_service
from train.reference import compute_reference

Messages = list[dict[str, str]]

START_SECONDS = 300.0
STOP_SECONDS = 20.0
MADE_TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj")
MADE_STRENGTH = 0.05
"""A and B are drawn with this standard deviation: the answers change clearly, and peft still agrees."""


@dataclass(frozen=True, slots=True)
class Chat:
    """One streamed answer. Times are of time.perf_counter; `texts` are those at which text came.

    `versions` are all names of who answered that it gave; `problem` is "" for a whole one.
    """

    sent: float
    first_byte: float
    texts: Sequence[float]
    versions: frozenset[str]
    text: str
    problem: str

    @property
    def first_text(self) -> float:
        """Seconds until the first text."""
        return self.texts[0] - self.sent


@dataclass(frozen=True, slots=True)
class Client:
    """One gateway's API, for patrons and for staff."""

    session: aiohttp.ClientSession
    url: str

    async def chat(self, model: str, messages: Messages, *, tokens: int, **more: object) -> Chat:
        """A streamed chat without retrieval, greedy unless `more` says otherwise. Never raises."""
        body = {
            "model": model, "messages": messages, "max_tokens": tokens, "temperature": 0,
            "stream": True, "reading_room": {"retrieval": False}, **more,
        }  # fmt: skip
        reading = _Reading(time.perf_counter())
        try:
            async with self.session.post(f"{self.url}/v1/chat/completions", json=body) as response:
                if response.status != 200:
                    reading.problem = f"{response.status}: {(await response.text())[:200]}"
                    return reading.close()
                async for line in response.content:
                    reading.take(line, time.perf_counter())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            reading.problem = f"{type(error).__name__}: {error}"
        return reading.close()

    async def promote(self, alias: str, version: str) -> dict[str, object]:
        """Point the alias to the version, from whatever revision it has; the alias as it is then."""
        url = f"{self.url}/v1/aliases/{alias}"
        async with self.session.get(url, headers=_staff()) as reply:
            revision = (await reply.json())["revision"] if reply.status == 200 else 0
        return await self.put(alias, version, revision)

    async def put(self, alias: str, version: str, revision: object) -> dict[str, object]:
        """Only the promote call."""
        body = {"version": version, "revision": revision}
        url = f"{self.url}/v1/aliases/{alias}"
        async with self.session.put(url, json=body, headers=_staff()) as reply:
            return await _read(reply)

    async def roll_back(self, alias: str) -> dict[str, object]:
        """Only the rollback call."""
        async with self.session.post(f"{self.url}/v1/aliases/{alias}/rollback", headers=_staff()) as reply:
            return await _read(reply)

    async def models(self) -> dict[str, dict[str, object]]:
        """What may be asked for, by name."""
        async with self.session.get(f"{self.url}/v1/models") as reply:
            return {model["id"]: model for model in (await reply.json())["data"]}


@dataclass(slots=True)
class _Reading:
    """A stream as it comes in."""

    sent: float
    first_byte: float = 0.0
    texts: list[float] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    text: str = ""
    problem: str = ""
    finished: bool = False
    done: bool = False

    def take(self, line: bytes, now: float) -> None:
        if not line.startswith(b"data: "):
            return
        self.first_byte = self.first_byte or now
        if line.startswith(b"data: [DONE]"):
            self.done = True
            return
        event = json.loads(line[6:])
        if "error" in event:
            self.problem = str(event["error"])[:200]
            return
        self.versions.add(str(event["model"]))
        if "reading_room" in event:
            self.versions.add(str(event["reading_room"]["adapter"]))
        for choice in event["choices"]:
            self.finished = self.finished or choice.get("finish_reason") is not None
            if piece := choice["delta"].get("content"):
                self.text += piece
                self.texts.append(now)

    def close(self) -> Chat:
        if not self.problem and not (self.done and self.finished and self.texts):
            self.problem = f"cut off: done {self.done}, finished {self.finished}, pieces {len(self.texts)}"
        return Chat(self.sent, self.first_byte, self.texts, frozenset(self.versions), self.text, self.problem)


@dataclass(frozen=True, slots=True)
class Made:
    """A version in the adapter folder that no gateway knows of yet, with peft's answers for it."""

    folder: AdapterFolder
    reference: dict[str, object]


def make_versions(data: Path, count: int) -> list[Made]:
    """Versions of adapter "made" for the bundled reader, put into the adapter folder and not registered.

    All that staff wait for at `adapters add` is done here: the checks, the copy, peft's forward pass.
    """
    keep_private()
    store, base = AdapterStore(Settings(data=data).adapters), read_base(BUNDLED_READER)
    made = []
    for seed in range(count):
        source = data / "made" / str(seed)
        write_peft_folder(source, BUNDLED_READER, seed, MADE_STRENGTH, targets=MADE_TARGETS)
        folder = store.add(source, base, most_rank=16, name="made")
        with warnings.catch_warnings(action="ignore"):  # peft would look for more about the base elsewhere
            made.append(Made(folder, dict(compute_reference(BUNDLED_READER, folder.path))))
    return made


@contextmanager
def open_registry(database_url: str) -> Iterator[Registry]:
    """The registry that the gateways share, for registering what they shall not have known before."""
    database = Database(database_url)
    try:
        yield Registry(database)
    finally:
        database.close()


@contextmanager
def run_engine(data: Path) -> Iterator[str]:
    """An engine on a loopback port as a gateway with this data folder would start it; gives its URL."""
    settings = Settings(data=data)
    model = find_model(settings.model)
    plan = plan_engine(settings, look_at_machine(), model, ())
    assert plan.socket is not None
    plan.socket.parent.mkdir(parents=True, exist_ok=True)
    settings.adapters.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    place = plan.command.index("--uds")
    command = [*plan.command[:place], "--host", "127.0.0.1", "--port", str(port), *plan.command[place + 2 :]]
    log = data / "engine.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=child_environment(plan.environment), stdout=output, stderr=output, start_new_session=True
        )  # fmt: skip
    try:
        _wait_ready(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}"
        assert process.poll() is None, f"the engine ended:\n{log.read_text(errors='replace')[-3000:]}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def run_gateways(
    data: Path, engine: str, count: int, database_url: str, adapters: Path
) -> Iterator[list[RunningService]]:
    """Gateway processes on the engine, all with the same database and adapter folder."""
    shared = {"engine_urls": engine, "model": str(BUNDLED_READER), "staff_key": STAFF_KEY,
              "database_url": database_url, "adapters": str(adapters)}  # fmt: skip
    with ExitStack() as stack:
        yield [stack.enter_context(run_service(data, **shared)) for _ in range(count)]


def end_in_good_order() -> None:
    """Have a SIGTERM (of `timeout`, say) stop what was started here, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < ends:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.25)
    raise RuntimeError(f"The engine did not start:\n{log.read_text(errors='replace')[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _staff() -> dict[str, str]:
    return {"Authorization": f"Bearer {STAFF_KEY}"}


async def _read(reply: aiohttp.ClientResponse) -> dict[str, object]:
    found: dict[str, object] = await reply.json()
    assert reply.status == 200, found
    return found
