"""The fault table: bad adapters, names and accidents, each tried on a live service and its engine.

After every one of them the engine must be the same processes as before, the base and a good adapter must
answer as before, and what was bad must have been refused with a typed error or left out. Used by the
tests and by the benchmark.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import numpy as np
from safetensors.numpy import load_file, save_file

from retrieval.prompt import SYSTEM
from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, weights_sha256
from serve.engine.guard import processes_of_session
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.made_adapters import make_adapter, write_manifest
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
UNKNOWN_NAMES = 10_000
MOST_GROWTH = 8 * 2**20
"""Bytes that 10,000 refused requests may leave behind in a process: no more than the allocator's own play."""
KEPT = 32
"""Versions that the engine keeps in memory (`serve.engine.plan`); one more pushes the oldest out."""
ROOM = 100_000
"""Bytes a file may have while the disk is "full": less than an adapter's weights, more than its config."""
BAD_NAMES = (
    "..",
    "../../etc/passwd",
    f"../adapters/{GOOD}",
    f"/{GOOD}",
    f"{GOOD}/",
    f"{GOOD}/../{GOOD}",
    GOOD.replace("e", "е"),  # Cyrillic
    GOOD.replace("--", "\u2013"),
    f"{GOOD}\u200b",
    f"{GOOD}\x00",
    "\x00",
    "\ud800",
    GOOD.upper(),
    f" {GOOD}",
    f"{GOOD}\n",
    "terse--v1-00000000",
    "someone/an-adapter",
    "a" * 100_000,
)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one fault ended: `died` if the engine did not live through it; `wrong` tells what was accepted
    that should not have been, and what answered otherwise than before."""

    name: str
    died: bool
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What all faults together did: both numbers must be 0."""

    engine_deaths: int
    silent_wrong: int
    cases: tuple[CaseResult, ...]


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
            content=json.dumps(_question(model) | {"reading_room": {"retrieval": False}}),
        )

    def ask_engine(self, model: str, tokens: int = 12) -> httpx.Response:
        """A greedy answer by the engine itself, past the gateway, computed without any cached prefix."""
        body = _question(model) | {"max_tokens": tokens, "cache_salt": secrets.token_hex(8)}
        return self.engine.post("/v1/chat/completions", content=json.dumps(body))

    def answers(self) -> dict[str, str]:
        """What base and good adapter say now: to patrons, and alone and side by side in the engine."""
        said = {f"{model} by the gateway": _text(self.chat(model)) for model in (BASE, GOOD)}
        with ThreadPoolExecutor(4) as many:
            both = dict.fromkeys((BASE, GOOD), "")
            for model, reply in zip(both, many.map(self.ask_engine, both), strict=True):
                said[f"{model} by the engine"] = _text(reply)
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
        _scale(BUNDLED_ADAPTERS / GOOD / WEIGHTS, folder / WEIGHTS, factor)
        return folder

    def make_version(self, name: str) -> Path:
        """The same with a manifest, under a version's name."""
        folder = self.make_peft(name)
        _describe(folder)
        digest = _digest(folder / WEIGHTS)
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
            _remove(target)

    def run_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`reading-room adapters ...` over the service's data."""
        command = [str(Path(sys.executable).parent / "reading-room"), "adapters", *words]
        environment = {**os.environ, "READING_ROOM_DATA": str(self.service.data)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    def engine_processes(self) -> frozenset[tuple[int, int]]:
        """The engine's server and, where it is a process of its own, its core: each with its start time."""
        server = _find_server(self.service.data)
        pids = [server, *(pid for pid in processes_of_session(os.getsid(server)) if _is_core(pid))]
        return frozenset((pid, _started(pid)) for pid in pids)


Apply = Callable[[Scene], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One fault. `apply` does it and yields what was not refused; `kills`: it ends the engine itself."""

    name: str
    apply: Apply
    kills: bool = False


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


def run_case(scene: Scene, case: Case) -> CaseResult:
    """Do one fault and see what came of it."""
    engine = scene.engine_processes()
    wrong: list[str] = []
    try:
        wrong.extend(case.apply(scene))
        died = not case.kills and not engine <= scene.engine_processes()
    except (httpx.HTTPError, NoEngine) as error:
        died, wrong = True, [*wrong, repr(error)]
    if died:
        wait_until(lambda: scene.gateway.get("/readyz").status_code == 200, RECOVERY_SECONDS)
        wait_until(lambda: scene.is_ready(GOOD), READY_SECONDS)
    wrong += [
        f"{who} said {said!r}, before it was {scene.before[who]!r}"
        for who, said in scene.answers().items()
        if said != scene.before[who]
    ]
    return CaseResult(case.name, died, tuple(wrong))


def run_faults(service: RunningService, scratch: Path) -> FaultReport:
    """All of the table, on a service that was started with `STAFF_KEY`; takes some minutes.

    What is made for it is left in `scratch`.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    with set_scene(service, scratch) as scene:
        cases = tuple(run_case(scene, case) for case in CASES)
    deaths, wrong = sum(case.died for case in cases), sum(bool(case.wrong) for case in cases)
    return FaultReport(deaths, wrong, cases)


class NoEngine(Exception):
    """No engine is running."""


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)


# The folders: each is refused by staff's way in, not offered by the gateway when it lies there all the
# same, and, where the engine can know, refused by the engine when it is asked past the gateway.


def try_folder(
    spoil: Callable[[Path], None], scene: Scene, *, engine: Literal["refuses", "takes"] = "refuses"
) -> Iterator[str]:
    """A version made sound, then spoilt by `spoil`, which may leave a manifest that fits what it did.

    `engine`: what the engine itself must do when it is asked past the gateway. It cannot know of all that
    is bad; what it takes must not rub off on the rows beside it.
    """
    folder = make_adapter(scene.scratch, BUNDLED_READER, f"bad-{secrets.token_hex(4)}", _seed())
    before = _digest(folder / WEIGHTS)[:8]
    spoil(folder)
    if (folder / MANIFEST).is_file():
        told = json.loads((folder / MANIFEST).read_bytes())["files"].get(WEIGHTS, before)[:8]
        folder = folder.rename(folder.with_name(folder.name.replace(before, told)))
    reply = scene.add(folder)
    if not is_refused(reply, 400, "invalid_request"):
        yield f"added: {_tell(reply)}"
        return
    with scene.dropped(folder):
        yield from try_name(scene, folder.name)
        yield from _try_at_engine(scene, folder.name, takes=engine == "takes")


def _try_at_engine(scene: Scene, name: str, *, takes: bool) -> Iterator[str]:
    reply = scene.ask_engine(name)
    if not takes and reply.status_code not in (400, 404):
        yield f"the engine loaded it: {_tell(reply)}"
    with ThreadPoolExecutor(4) as many:
        rows = list(many.map(scene.ask_engine, (name, BASE, name, GOOD)))
    for model, row in ((BASE, rows[1]), (GOOD, rows[3])):
        alone = scene.before[f"{model} by the engine"]
        if _text(row) != alone:
            yield f"beside it {model} said {_text(row)!r}, alone {alone!r}"


def try_name(scene: Scene, name: str) -> Iterator[str]:
    """Ask the gateway for a name that it must not have."""
    reply = scene.chat(name)
    if not (is_refused(reply, 404, "model_not_found") or is_refused(reply, 400, "invalid_request")):
        yield f"asked for {name[:60]!r}: {_tell(reply)}"
    listed = {model["id"] for model in scene.gateway.get("/v1/models").json()["data"]}
    if name in listed:
        yield f"{name[:60]!r} is on offer"


def truncate(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) * 3 // 4])


def truncate_and_describe(folder: Path) -> None:
    truncate(folder)
    _describe(folder)


def alter_a_byte(folder: Path) -> None:
    whole = bytearray((folder / WEIGHTS).read_bytes())
    whole[-100] ^= 1
    (folder / WEIGHTS).write_bytes(whole)


def state_rank(folder: Path, rank: int) -> None:
    """Another rank in the config than in the weights."""
    config = json.loads((folder / CONFIG).read_bytes())
    (folder / CONFIG).write_text(json.dumps(config | {"r": rank}))
    _describe(folder)


def change_rank(folder: Path, rank: int, stated: int) -> None:
    """Another rank in the weights than 8, and `stated` in the config."""

    def resize(name: str, value: Any) -> Any:
        repeats = (rank // 8, 1) if "lora_A" in name else (1, rank // 8)
        return np.tile(value, repeats)

    _rewrite(folder, resize)
    state_rank(folder, stated)


def name_another_base(folder: Path) -> None:
    write_manifest(folder, "0" * 64)


def shrink(folder: Path) -> None:
    """For a base whose layers are half as wide."""
    _rewrite(folder, lambda name, value: value[:, ::2] if "lora_A" in name else value[::2])


def widen(folder: Path) -> None:
    """For a base whose layers are twice as wide."""
    _rewrite(folder, lambda name, value: np.tile(value, (1, 2) if "lora_A" in name else (2, 1)))


def leave_out_a_layer(folder: Path) -> None:
    _rewrite(folder, lambda name, value: None if ".layers.0." in name else value)


def name_no_module(folder: Path) -> None:
    """Tensors that no module of the base is called by; vLLM ignores them without a word."""
    weights = load_file(folder / WEIGHTS)
    renamed = {name.replace("_proj", "_projection"): value for name, value in weights.items()}
    save_file(renamed, folder / WEIGHTS)
    config = json.loads((folder / CONFIG).read_bytes())
    targets = [target.replace("_proj", "_projection") for target in config["target_modules"]]
    (folder / CONFIG).write_text(json.dumps(config | {"target_modules": targets}))
    _describe(folder)


def put_in_nan(folder: Path) -> None:
    _rewrite(folder, lambda name, value: np.full_like(value, np.nan) if "lora_B" in name else value)


def put_in_one_nan(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights[max(weights)][0, 0] = np.nan
    save_file(weights, folder / WEIGHTS)
    _describe(folder)


def put_in_huge_numbers(folder: Path) -> None:
    """Finite, but what is computed from them is not."""
    _rewrite(folder, lambda name, value: np.full_like(value, 1e25))


def put_in_large_numbers(folder: Path) -> None:
    """As training leaves them that has gone astray."""
    _rewrite(folder, lambda name, value: value * 1e4)


def put_in_infinity(folder: Path) -> None:
    _rewrite(folder, lambda name, value: np.full_like(value, np.inf) if "lora_B" in name else value)


def clear_b(folder: Path) -> None:
    _rewrite(folder, lambda name, value: np.zeros_like(value) if "lora_B" in name else value)


def become_a_pickle(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(_Trap(str(folder.parent / "sprung"))))
    digests = {name: _digest(folder / name) for name in (CONFIG, "adapter_model.bin")}
    (folder / MANIFEST).write_text(
        json.dumps({"base_sha256": weights_sha256(BUNDLED_READER), "files": digests})
    )


def bring_a_pickle(folder: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(_Trap(str(folder.parent / "sprung"))))


@dataclass(frozen=True, slots=True)
class _Trap:
    """What makes a folder when it is unpickled."""

    path: str

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (self.path,))


def try_pickle(spoil: Callable[[Path], None], scene: Scene) -> Iterator[str]:
    yield from try_folder(spoil, scene)
    if (scene.scratch / "sprung").exists():
        yield "the pickle was run"


def try_link(scene: Scene) -> Iterator[str]:
    """A sound version that lies elsewhere, and a link to it."""
    folder = make_adapter(scene.scratch, BUNDLED_READER, f"linked-{secrets.token_hex(4)}", _seed())
    (scene.adapters / folder.name).symlink_to(folder)
    try:
        yield from try_name(scene, folder.name)
        if scene.ask_engine(folder.name).status_code != 404:
            yield "the engine followed the link"
    finally:
        (scene.adapters / folder.name).unlink()


def try_tiny_b(scene: Scene) -> Iterator[str]:
    """Sound by its form, and without effect: only the probes can tell."""
    folder = scene.make_peft("tiny")
    _scale(folder / WEIGHTS, folder / WEIGHTS, 1e-6)
    reply = scene.add(folder, "tiny")
    if reply.status_code != 201:
        yield f"not judged by its effect: {_tell(reply)}"
        return
    version = reply.json()["adapter"]["name"]
    offered = False

    def is_judged() -> bool:
        nonlocal offered
        offered = offered or scene.is_ready(version)
        return bool(scene.describe(version)["state"] != "validated")

    wait_until(is_judged, READY_SECONDS)
    told = scene.describe(version)
    if offered or told["state"] != "failed" or "answers as the base does" not in told["problem"]:
        yield f"{version} is {told['state']} ({told['problem']}), offered: {offered}"
    wait_until(lambda: scene.chat(version).status_code == 404, 10)
    yield from try_name(scene, version)
    promoted = scene.gateway.put("/v1/aliases/tiny", json={"version": version, "revision": 0})
    if not is_refused(promoted, 409, "conflict"):
        yield f"promoted: {_tell(promoted)}"
    scene.withdraw(version)


# The names.


def try_names_in_chats(scene: Scene) -> Iterator[str]:
    for name in BAD_NAMES:
        yield from try_name(scene, name)
        reply = scene.ask_engine(name)
        if reply.status_code not in (400, 404):
            yield f"the engine was asked for {name[:60]!r}: {_tell(reply)}"


def try_names_with_staff(scene: Scene) -> Iterator[str]:
    """Everything staff can do, with names that are none."""
    sound = scene.service.data / "incoming" / "sound"
    shutil.rmtree(sound, ignore_errors=True)
    shutil.copytree(scene.make_peft("sound"), sound)
    before = _list_everything(scene)
    for name in BAD_NAMES:
        for what, reply in _do_everything(scene.gateway, name):
            if not is_refused(reply):
                yield f"{what} {name[:60]!r}: {_tell(reply)}"
    if _list_everything(scene) != before:
        yield f"changed: {_list_everything(scene)}, before {before}"


def _do_everything(http: httpx.Client, name: str) -> Iterator[tuple[str, httpx.Response]]:
    def post(path: str, body: dict[str, Any], method: str = "POST") -> httpx.Response:
        return http.request(method, path, content=json.dumps(body))

    yield "add folder", post("/v1/adapters", {"folder": name})
    yield "add under", post("/v1/adapters", {"folder": "sound", "name": name})
    yield "promote", post("/v1/aliases/terse", {"version": name, "revision": 1}, "PUT")
    if len(name) > 1_000 or name == "\ud800":  # no address
        return
    path = quote(name, safe="").replace(".", "%2E")
    if path.lower() == GOOD.lower() or name.strip() == GOOD:
        path = quote(f"{name}?")
    yield "show", http.get(f"/v1/adapters/{path}")
    yield "purge", post(f"/v1/adapters/{path}/purge", {})
    yield "point", post(f"/v1/aliases/{path}", {"version": GOOD, "revision": 0}, "PUT")
    yield "roll back", post(f"/v1/aliases/{path}/rollback", {})
    yield "assign", post(f"/v1/collections/{path}/alias", {"alias": "terse"}, "PUT")


def try_names_in_commands(scene: Scene) -> Iterator[str]:
    sound = str(scene.make_peft("sound"))
    before = _list_everything(scene)
    lookalike, undecodable = GOOD.replace("e", "е"), "..\udcff"  # Cyrillic; a byte that is no UTF-8
    for words in (
        ("add", sound, "--name", f"../adapters/{GOOD}"),
        ("add", sound, "--name", undecodable),
        ("promote", lookalike, "--alias", "terse"),
        ("promote", undecodable, "--alias", "terse"),
        ("rollback", "a" * 1_000),
        ("purge", f"../adapters/{GOOD}"),
    ):
        done = scene.run_command(*words)
        if done.returncode != 2 or "Traceback" in done.stderr or not done.stderr.strip():
            yield f"{ascii(words)[:200]}: {done.returncode}, {done.stderr[-300:]!r}"
    if _list_everything(scene) != before:
        yield f"changed: {_list_everything(scene)}, before {before}"


def try_many_unknown_names(scene: Scene) -> Iterator[str]:
    """Ten thousand names that nobody has, which must leave nothing behind: not here, not in the engine."""
    for batch in (500, UNKNOWN_NAMES):  # the first for what any requests leave
        before = _memory(scene)
        refused = sum(
            is_refused(scene.chat(_make_up(number)), 404, "model_not_found") for number in range(batch)
        )
        asked = [scene.ask_engine(_make_up(number), 1).status_code for number in range(batch // 10)]
        if refused != batch or set(asked) != {404}:
            yield f"{batch - refused} of {batch} not refused as unknown; the engine said {set(asked)}"
    for process, now in _memory(scene).items():
        if now - before[process] > MOST_GROWTH:
            yield f"{process} grew by {(now - before[process]) / 2**20:.1f} MiB"


def _make_up(number: int) -> str:
    return f"{secrets.token_hex(8)}--v{number + 1}-{secrets.token_hex(4)}"


# The accidents.


def try_vanished_files(scene: Scene) -> Iterator[str]:
    """Gone from the shared folder, out of the engine's slots and out of its memory, it answers as before."""
    version = scene.add_sound("vanishing")
    wait_until(lambda: scene.is_ready(version), READY_SECONDS)
    said = _text(scene.chat(version))
    alone = _text(scene.ask_engine(version))
    away = (scene.adapters / version).rename(scene.scratch / version)
    others = [
        make_adapter(scene.adapters, BUNDLED_READER, f"crowd-{secrets.token_hex(4)}", _seed())
        for _ in range(KEPT + 1)
    ]
    try:
        for other in others:
            if (reply := scene.ask_engine(other.name, 1)).status_code != 200:
                yield f"{other.name} did not push it out: {_tell(reply)}"
        found = _text(scene.ask_engine(version)), _text(scene.chat(version))
        if found != (alone, said):
            yield f"{version} says {found}, before its files went {(alone, said)}"
    finally:
        for other in others:
            _remove(other)
        away.rename(scene.adapters / version)
    scene.withdraw(version)


def try_loading_twice(scene: Scene) -> Iterator[str]:
    """Asked for by many at once before the engine has it, a version is loaded once, and for all alike."""
    folder = scene.make_version("twice")
    with scene.dropped(folder), ThreadPoolExecutor(8) as many:
        said = [_text(reply) for reply in many.map(scene.ask_engine, [folder.name] * 8)]
        if len(set(said)) != 1 or said[0] == scene.before[f"{BASE} by the engine"]:
            yield f"eight at once were told {set(said)}"
    log = (scene.service.data / "logs" / "engine.log").read_text(errors="replace")
    if (loads := log.count(f"Resolved and loaded LoRA adapter '{folder.name}'")) != 1:
        yield f"loaded {loads} times"


def try_adding_twice(scene: Scene) -> Iterator[str]:
    """Two members of staff add the same folder at once: one version comes of it."""
    source = scene.make_peft("both")
    shutil.copytree(source, scene.service.data / "incoming" / source.name)
    body = {"folder": source.name, "name": "both"}
    with ThreadPoolExecutor(2) as two:
        replies = list(two.map(lambda _: scene.gateway.post("/v1/adapters", json=body), range(2)))
    added = {reply.json()["adapter"]["name"] for reply in replies if reply.status_code == 201}
    refused = [reply for reply in replies if reply.status_code != 201]
    if len(added) != 1 or not all(is_refused(reply, 409, "conflict") for reply in refused):
        yield f"added {added}; {[_tell(reply) for reply in refused]}"
    for version in added:
        digest = version.rpartition("-")[2]
        if (there := [path.name for path in scene.adapters.glob(f"*-{digest}")]) != [version]:
            yield f"in the folder: {there}"
        wait_until(lambda version=version: scene.is_ready(version), READY_SECONDS)  # type: ignore[misc]
        scene.withdraw(version)


def try_full_disk_for_staff(scene: Scene) -> Iterator[str]:
    before = _list_everything(scene)
    with _full_disk(scene.service.process.pid):
        reply = scene.add(scene.make_peft("large"), "large")
    if not is_refused(reply, 507, "storage_full"):
        yield f"added: {_tell(reply)}"
    if _list_everything(scene) != before:
        yield f"left behind: {_list_everything(scene)}, before {before}"


def try_full_disk_for_the_engine(scene: Scene) -> Iterator[str]:
    """No room for the engine's private copy: refused now, and loaded once there is room."""
    folder = scene.make_version("large")
    with scene.dropped(folder):
        with _full_disk(_find_server(scene.service.data)):
            if (reply := scene.ask_engine(folder.name)).status_code != 404:
                yield f"loaded: {_tell(reply)}"
        if (reply := scene.ask_engine(folder.name)).status_code != 200:
            yield f"with room again: {_tell(reply)}"


def try_killing_while_loading(scene: Scene) -> Iterator[str]:
    """The engine is killed between copying a version and answering the probes; nobody does anything more."""
    with ThreadPoolExecutor(1) as one:
        adding = one.submit(scene.add_sound, "killed")
        wait_until(lambda: any(scene.copies.glob("process-*/killed--*")), READY_SECONDS, 0.001)
        for pid, _ in scene.engine_processes():
            os.kill(pid, signal.SIGKILL)
        version = adding.result()
    if (state := scene.describe(version)["state"]) != "validated":
        yield f"{version} was {state} when the engine was killed"
    wait_until(lambda: scene.is_ready(version), RECOVERY_SECONDS)
    wait_until(lambda: scene.is_ready(GOOD), READY_SECONDS)
    wait_until(lambda: scene.describe(version)["state"] == "loaded", 10)
    reply = scene.chat(version)
    if reply.status_code != 200 or reply.json()["model"] != version:
        yield f"asked for {version}: {_tell(reply)}"
    scene.withdraw(version)


# NaN that the engine computes stays in its key-value cache and spoils whoever gets the block next; its
# resolver looks at digests and not at values, so what makes NaN is kept from it by the gateway alone.
CASES = (
    Case("truncated weights", partial(try_folder, truncate)),
    Case("truncated weights, described as they are", partial(try_folder, truncate_and_describe)),
    Case("an altered byte", partial(try_folder, alter_a_byte)),
    Case("a lower rank stated", partial(try_folder, partial(state_rank, rank=4))),
    Case("a rank stated beyond the engine's", partial(try_folder, partial(state_rank, rank=32))),
    Case("a rank beyond the engine's", partial(try_folder, partial(change_rank, rank=32, stated=32))),
    Case("a rank beyond the one stated", partial(try_folder, partial(change_rank, rank=32, stated=8))),
    Case("another base", partial(try_folder, name_another_base)),
    Case("smaller shapes, claiming this base", partial(try_folder, shrink)),
    Case("larger shapes, claiming this base", partial(try_folder, widen)),
    Case("a layer missing", partial(try_folder, leave_out_a_layer, engine="takes")),
    Case("modules of another name", partial(try_folder, name_no_module)),
    Case("NaN", partial(try_folder, put_in_nan)),
    Case("one NaN", partial(try_folder, put_in_one_nan)),
    Case("huge numbers", partial(try_folder, put_in_huge_numbers)),
    Case("large numbers", partial(try_folder, put_in_large_numbers)),
    Case("infinity", partial(try_folder, put_in_infinity)),
    Case("zero B", partial(try_folder, clear_b, engine="takes")),
    Case("tiny B", try_tiny_b),
    Case("a pickle for weights", partial(try_pickle, become_a_pickle)),
    Case("a pickle beside the weights", partial(try_pickle, bring_a_pickle)),
    Case("a link to a version", try_link),
    Case("bad names in chats", try_names_in_chats),
    Case("bad names with staff", try_names_with_staff),
    Case("bad names in commands", try_names_in_commands),
    Case("10,000 unknown names", try_many_unknown_names),
    Case("files that vanish after loading", try_vanished_files),
    Case("the same name loaded by many at once", try_loading_twice),
    Case("the same folder added twice at once", try_adding_twice),
    Case("disk full during add", try_full_disk_for_staff),
    Case("disk full while the engine copies", try_full_disk_for_the_engine),
    Case("an engine killed while it loads", try_killing_while_loading, kills=True),
)


def is_refused(reply: httpx.Response, status: int = 0, code: str = "") -> bool:
    """Whether a reply is a typed error of ours, that very one if it is named."""
    try:
        found = str(reply.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return False
    expected = reply.status_code == status if status else 400 <= reply.status_code < 500
    return expected and code in ("", found)


def _question(model: str) -> dict[str, Any]:
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": QUESTION}]
    return {"model": model, "messages": messages, "max_tokens": 12, "temperature": 0}


def _text(reply: httpx.Response) -> str:
    """What was answered; a refusal gives its own text, which is no answer's."""
    if reply.status_code != 200:
        return f"<{_tell(reply)}>"
    return str(reply.json()["choices"][0]["message"]["content"])


def _tell(reply: httpx.Response) -> str:
    return f"{reply.status_code} {reply.text[:300]}"


def _seed() -> int:
    """So that the table can be run again on one service: a digest is known for ever."""
    return secrets.randbits(32)


def _rewrite(folder: Path, change: Callable[[str, Any], Any]) -> None:
    """Put `change`d tensors in the place of the weights, those left out that become None; describe them."""
    changed = {name: change(name, value) for name, value in load_file(folder / WEIGHTS).items()}
    kept = {name: np.ascontiguousarray(value) for name, value in changed.items() if value is not None}
    save_file(kept, folder / WEIGHTS)
    _describe(folder)


def _scale(source: Path, target: Path, factor: float) -> None:
    """Copy weights with B, and so the effect, scaled."""
    weights = load_file(source)
    scaled = {name: value * (factor if "lora_B" in name else 1) for name, value in weights.items()}
    save_file({name: value.astype(weights[name].dtype) for name, value in scaled.items()}, target)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _describe(folder: Path) -> None:
    write_manifest(folder, weights_sha256(BUNDLED_READER))


def _remove(folder: Path) -> None:
    with suppress(FileNotFoundError):
        folder.chmod(0o700)
        shutil.rmtree(folder)


def _list_everything(scene: Scene) -> tuple[object, ...]:
    """What lies in the adapter folder, and what the registry says."""
    told = [scene.gateway.get(f"/v1/{what}").json()["data"] for what in ("adapters", "aliases")]
    return sorted(path.name for path in scene.adapters.iterdir()), *told


@contextmanager
def _full_disk(pid: int) -> Iterator[None]:
    """No file that the process writes gets beyond ROOM bytes: the same errors as on a full disk."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


def _memory(scene: Scene) -> dict[str, int]:
    """Bytes resident in the gateway and in each process of the engine."""
    pids = [scene.service.process.pid, *sorted(pid for pid, _ in scene.engine_processes())]
    page = os.sysconf("SC_PAGE_SIZE")
    return {f"process {pid}": int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in pids}


def _find_server(data: Path) -> int:
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
