"""A live service and its engine, with what is needed to bring adapters to both and to see how they are."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from safetensors.numpy import load_file, save_file

from retrieval.prompt import SYSTEM
from serve.adapters.folder import CONFIG, WEIGHTS, weights_sha256
from serve.engine.guard import processes_of_session
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.made_adapters import write_manifest
from tests.service import STAFF_KEY, RunningService

BASE = "bundled-reader"

GOOD = next(path.name for path in BUNDLED_ADAPTERS.glob("terse--*"))

QUESTION = """Passages:

[1] Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 4, Folder 2)
Letters > Correspondence
Writes of the flood.

Question: Do you have letters from Ellen Marsh in 1905?"""
"""In the product's own form: without passages the next words are nearly tied, and rounding decides."""

RECOVERY_SECONDS = 400.0

READY_SECONDS = 120.0


@dataclass(slots=True)
class Scene:
    """A running service with its engine, and what both answered before anything was done to them."""

    service: RunningService
    gateway: httpx.Client
    engine: httpx.Client
    scratch: Path
    before: dict[str, str] = field(default_factory=dict)

    @property
    def adapters(self) -> Path:
        return self.service.data / "adapters"

    @property
    def copies(self) -> Path:
        """Where the engine keeps its private copies."""
        return self.service.data / "run" / "adapters"

    def chat(self, model: str) -> httpx.Response:
        """A greedy answer by way of the gateway."""
        return self.gateway.post(
            "/v1/chat/completions",
            content=json.dumps(make_question(model) | {"reading_room": {"retrieval": False}}),
        )

    def ask_engine(self, model: str, tokens: int = 12) -> httpx.Response:
        """A greedy answer by the engine itself, past the gateway, computed without any cached prefix."""
        body = make_question(model) | {"max_tokens": tokens, "cache_salt": secrets.token_hex(8)}
        return self.engine.post("/v1/chat/completions", content=json.dumps(body))

    def engine_answers(self) -> bool:
        """Whether the engine itself is there: the gateway may not have noticed yet that it is gone."""
        with socket.socket(socket.AF_UNIX) as probe:  # httpx leaves a refused one unclosed
            if probe.connect_ex(str(self.service.data / "run" / "engine.sock")):
                return False
        with suppress(httpx.HTTPError):
            return self.ask_engine(BASE, 1).status_code == 200
        return False

    def answers(self) -> dict[str, str]:
        """What base and good adapter say now: to patrons, and alone and side by side in the engine."""
        said = {f"{model} by the gateway": read_text(self.chat(model)) for model in (BASE, GOOD)}
        with ThreadPoolExecutor(4) as many:
            both = dict.fromkeys((BASE, GOOD), "")
            for model, reply in zip(both, many.map(self.ask_engine, both), strict=True):
                said[f"{model} by the engine"] = read_text(reply)
        return said

    def add(self, folder: Path, name: str | None = None) -> httpx.Response:
        """Have staff add a folder by the API."""
        incoming = self.service.data / "incoming" / folder.name
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.copytree(folder, incoming, symlinks=True)
        body = {"folder": incoming.name} | ({"name": name} if name else {})
        return self.gateway.post("/v1/adapters", json=body)

    def add_sound(self, name: str) -> str:
        """Add a version without fault; its name."""
        reply = self.add(self.make_peft(name), name)
        assert reply.status_code == 201, reply.text
        added: str = reply.json()["adapter"]["name"]
        return added

    def make_peft(self, name: str) -> Path:
        """A folder as peft leaves it: the good adapter a little stronger or weaker, so that its bytes are new
        and no choice of a word hangs on rounding."""
        folder = self.scratch / f"{name}-{secrets.token_hex(4)}"
        folder.mkdir()
        shutil.copyfile(BUNDLED_ADAPTERS / GOOD / CONFIG, folder / CONFIG)
        factor = 1 + (secrets.randbelow(2_000_000) - 1_000_000) / 1e7
        scale_weights(BUNDLED_ADAPTERS / GOOD / WEIGHTS, folder / WEIGHTS, factor)
        return folder

    def make_version(self, name: str) -> Path:
        """The same with a manifest, under a version's name."""
        folder = self.make_peft(name)
        describe_anew(folder)
        digest = digest_of(folder / WEIGHTS)
        return folder.rename(self.scratch / f"{name}-{secrets.token_hex(4)}--v1-{digest[:8]}")

    def describe(self, version: str) -> dict[str, Any]:
        """What staff see of a version."""
        reply = self.gateway.get(f"/v1/adapters/{version}")
        assert reply.status_code == 200, reply.text
        told: dict[str, Any] = reply.json()
        return told

    def is_ready(self, version: str) -> bool:
        listed = self.gateway.get("/v1/models").json()["data"]
        return any(model["id"] == version and model["ready"] for model in listed)

    def withdraw(self, version: str) -> None:
        """Take a version of a case out of use, and its files away."""
        if self.describe(version)["state"] != "failed":
            assert self.gateway.post(f"/v1/adapters/{version}/retire").status_code == 200
        assert self.gateway.post(f"/v1/adapters/{version}/purge").status_code == 200

    @contextmanager
    def dropped(self, folder: Path) -> Iterator[Path]:
        """The folder behind the gateway's back in the adapter folder."""
        target = self.adapters / folder.name
        shutil.copytree(folder, target, symlinks=True)
        try:
            yield target
        finally:
            remove_folder(target)

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`reading-room adapters ...` over the service's data."""
        command = [str(Path(sys.executable).parent / "reading-room"), "adapters", *words]
        environment = {**os.environ, "READING_ROOM_DATA": str(self.service.data)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)

    def engine_processes(self) -> frozenset[tuple[int, int]]:
        """The engine's server and, where it is a process of its own, its core: each with its start time."""
        server = find_server(self.service.data)
        pids = [server, *(pid for pid in processes_of_session(os.getsid(server)) if _is_core(pid))]
        return frozenset((pid, _started(pid)) for pid in pids)


@contextmanager
def set_scene(service: RunningService, scratch: Path) -> Iterator[Scene]:
    """A scene on a service that was started with `STAFF_KEY`; `scratch` is a folder for what is made."""
    headers = {"Authorization": f"Bearer {STAFF_KEY}", "Content-Type": "application/json"}
    transport = httpx.HTTPTransport(uds=str(service.data / "run" / "engine.sock"))
    with (
        httpx.Client(base_url=service.url, headers=headers, timeout=180) as gateway,
        httpx.Client(base_url="http://engine", headers=headers, transport=transport, timeout=180) as engine,
    ):
        scene = Scene(service, gateway, engine, scratch)
        wait_until(lambda: gateway.get("/readyz").status_code == 200, RECOVERY_SECONDS)
        wait_until(lambda: scene.is_ready(GOOD), READY_SECONDS)
        scene.before = scene.answers()
        yield scene


class NoEngine(Exception):
    """No engine is running."""


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)


def is_refused(reply: httpx.Response, status: int = 0, code: str = "") -> bool:
    """Whether a reply is a typed error of ours, that very one if it is named."""
    try:
        found = str(reply.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return False
    expected = reply.status_code == status if status else 400 <= reply.status_code < 500
    return expected and code in ("", found)


def make_question(model: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    return {"model": model, "messages": messages, "max_tokens": 12, "temperature": 0}


def read_text(reply: httpx.Response) -> str:
    """What was answered; a refusal gives its own text, which is no answer's."""
    if reply.status_code != 200:
        return f"<{tell(reply)}>"
    return str(reply.json()["choices"][0]["message"]["content"])


def tell(reply: httpx.Response) -> str:
    return f"{reply.status_code} {reply.text[:300]}"


def draw_seed() -> int:
    """So that the table can be run again on one service: a digest is known for ever."""
    return secrets.randbits(32)


def scale_weights(source: Path, target: Path, factor: float) -> None:
    """Copy weights with B, and so the effect, scaled."""
    weights = load_file(source)
    scaled = {name: value * (factor if "lora_B" in name else 1) for name, value in weights.items()}
    save_file({name: value.astype(weights[name].dtype) for name, value in scaled.items()}, target)


def digest_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def describe_anew(folder: Path) -> None:
    write_manifest(folder, weights_sha256(BUNDLED_READER))


def remove_folder(folder: Path) -> None:
    with suppress(FileNotFoundError):
        folder.chmod(0o700)
        shutil.rmtree(folder)


def list_everything(scene: Scene) -> tuple[object, ...]:
    """What lies in the adapter folder, and what the registry says."""
    told = [scene.gateway.get(f"/v1/{what}").json()["data"] for what in ("adapters", "aliases")]
    return sorted(path.name for path in scene.adapters.iterdir()), *told


def find_server(data: Path) -> int:
    """The process that listens on the engine's socket; the guard above it is not one."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"-m" in command[:4] and str(data / "run" / "engine.sock").encode() in command:
                return int(entry.name)
    raise NoEngine(f"no engine is running over {data}")


def _is_core(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().startswith("VLLM")
    return False


def _started(pid: int) -> int:
    """When a process was started, in the kernel's ticks: with its number, it tells one from all others."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
