"""Bad folders and bad names, each tried by every way that leads to the engine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx

from serve.adapters.folder import MANIFEST, WEIGHTS
from serve.settings import BUNDLED_READER
from tests.serve.adapter_scene import (
    BASE,
    GOOD,
    READY_SECONDS,
    Scene,
    digest_of,
    draw_seed,
    is_refused,
    list_everything,
    read_text,
    scale_weights,
    tell,
    wait_until,
)
from tests.serve.made_adapters import make_adapter

UNKNOWN_NAMES = 10_000

MOST_GROWTH = 8 * 2**20
"""Bytes that 10,000 refused requests may leave behind in a process: no more than the allocator's own play."""

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


def try_folder(
    spoil: Callable[[Path], None], scene: Scene, *, engine: Literal["refuses", "takes"] = "refuses"
) -> Iterator[str]:
    """A version made sound, then spoilt by `spoil`, which may leave a manifest that fits what it did.

    `engine`: what the engine itself must do when it is asked past the gateway. It cannot know of all that
    is bad; what it takes must not rub off on the rows beside it.
    """
    folder = make_adapter(scene.scratch, BUNDLED_READER, f"bad-{secrets.token_hex(4)}", draw_seed())
    before = digest_of(folder / WEIGHTS)[:8]
    spoil(folder)
    if (folder / MANIFEST).is_file():
        told = json.loads((folder / MANIFEST).read_bytes())["files"].get(WEIGHTS, before)[:8]
        folder = folder.rename(folder.with_name(folder.name.replace(before, told)))
    reply = scene.add(folder)
    if not is_refused(reply, 400, "invalid_request"):
        yield f"added: {tell(reply)}"
        return
    with scene.dropped(folder):
        yield from try_name(scene, folder.name)
        yield from _try_at_engine(scene, folder.name, takes=engine == "takes")


def _try_at_engine(scene: Scene, name: str, *, takes: bool) -> Iterator[str]:
    reply = scene.ask_engine(name)
    if not takes and reply.status_code not in (400, 404):
        yield f"the engine loaded it: {tell(reply)}"
    with ThreadPoolExecutor(4) as many:
        rows = list(many.map(scene.ask_engine, (name, BASE, name, GOOD)))
    for model, row in ((BASE, rows[1]), (GOOD, rows[3])):
        alone = scene.before[f"{model} by the engine"]
        if read_text(row) != alone:
            yield f"beside it {model} said {read_text(row)!r}, alone {alone!r}"


def try_name(scene: Scene, name: str) -> Iterator[str]:
    """Ask the gateway for a name that it must not have."""
    reply = scene.chat(name)
    if not (is_refused(reply, 404, "model_not_found") or is_refused(reply, 400, "invalid_request")):
        yield f"asked for {name[:60]!r}: {tell(reply)}"
    listed = {model["id"] for model in scene.gateway.get("/v1/models").json()["data"]}
    if name in listed:
        yield f"{name[:60]!r} is on offer"


def try_pickle(spoil: Callable[[Path], None], scene: Scene) -> Iterator[str]:
    yield from try_folder(spoil, scene)
    if (scene.scratch / "sprung").exists():
        yield "the pickle was run"


def try_link(scene: Scene) -> Iterator[str]:
    """A sound version that lies elsewhere, and a link to it."""
    folder = make_adapter(scene.scratch, BUNDLED_READER, f"linked-{secrets.token_hex(4)}", draw_seed())
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
    scale_weights(folder / WEIGHTS, folder / WEIGHTS, 1e-6)
    reply = scene.add(folder, "tiny")
    if reply.status_code != 201:
        yield f"not judged by its effect: {tell(reply)}"
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
        yield f"promoted: {tell(promoted)}"
    scene.withdraw(version)


def try_names_in_chats(scene: Scene) -> Iterator[str]:
    for name in BAD_NAMES:
        yield from try_name(scene, name)
        reply = scene.ask_engine(name)
        if reply.status_code not in (400, 404):
            yield f"the engine was asked for {name[:60]!r}: {tell(reply)}"


def try_names_with_staff(scene: Scene) -> Iterator[str]:
    """Everything staff can do, with names that are none."""
    sound = scene.service.data / "incoming" / "sound"
    shutil.rmtree(sound, ignore_errors=True)
    shutil.copytree(scene.make_peft("sound"), sound)
    before = list_everything(scene)
    for name in BAD_NAMES:
        for what, reply in _do_everything(scene.gateway, name):
            if not is_refused(reply):
                yield f"{what} {name[:60]!r}: {tell(reply)}"
    if list_everything(scene) != before:
        yield f"changed: {list_everything(scene)}, before {before}"


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
    before = list_everything(scene)
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
    if list_everything(scene) != before:
        yield f"changed: {list_everything(scene)}, before {before}"


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


def _memory(scene: Scene) -> dict[str, int]:
    """Bytes resident in the gateway and in each process of the engine."""
    pids = [scene.service.process.pid, *sorted(pid for pid, _ in scene.engine_processes())]
    page = os.sysconf("SC_PAGE_SIZE")
    return {f"process {pid}": int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in pids}
