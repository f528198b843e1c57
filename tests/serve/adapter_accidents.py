"""What may happen to good adapters: files gone, two at once, a full disk, an engine killed."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from serve.settings import BUNDLED_READER
from tests.serve.adapter_scene import (
    BASE,
    GOOD,
    READY_SECONDS,
    RECOVERY_SECONDS,
    Scene,
    draw_seed,
    find_server,
    is_refused,
    list_everything,
    read_text,
    remove_folder,
    tell,
    wait_until,
)
from tests.serve.made_adapters import make_adapter

KEPT = 32
"""Versions that the engine keeps in memory (`serve.engine.plan`); one more pushes the oldest out."""

ROOM = 100_000
"""Bytes a file may have while the disk is "full": less than an adapter's weights, more than its config."""


def try_vanished_files(scene: Scene) -> Iterator[str]:
    """Gone from the shared folder, out of the engine's slots and out of its memory, it answers as before."""
    version = scene.add_sound("vanishing")
    wait_until(lambda: scene.is_ready(version), READY_SECONDS)
    said = read_text(scene.chat(version))
    alone = read_text(scene.ask_engine(version))
    away = (scene.adapters / version).rename(scene.scratch / version)
    others = [
        make_adapter(scene.adapters, BUNDLED_READER, f"crowd-{secrets.token_hex(4)}", draw_seed())
        for _ in range(KEPT + 1)
    ]
    try:
        for other in others:
            if (reply := scene.ask_engine(other.name, 1)).status_code != 200:
                yield f"{other.name} did not push it out: {tell(reply)}"
        found = read_text(scene.ask_engine(version)), read_text(scene.chat(version))
        if found != (alone, said):
            yield f"{version} says {found}, before its files went {(alone, said)}"
    finally:
        for other in others:
            remove_folder(other)
        away.rename(scene.adapters / version)
    scene.withdraw(version)


def try_loading_twice(scene: Scene) -> Iterator[str]:
    """Asked for by many at once before the engine has it, a version is loaded once, and for all alike."""
    folder = scene.make_version("twice")
    with scene.dropped(folder), ThreadPoolExecutor(8) as many:
        said = [read_text(reply) for reply in many.map(scene.ask_engine, [folder.name] * 8)]
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
        yield f"added {added}; {[tell(reply) for reply in refused]}"
    for version in added:
        digest = version.rpartition("-")[2]
        if (there := [path.name for path in scene.adapters.glob(f"*-{digest}")]) != [version]:
            yield f"in the folder: {there}"
        wait_until(lambda version=version: scene.is_ready(version), READY_SECONDS)  # type: ignore[misc]
        scene.withdraw(version)


def try_full_disk_for_staff(scene: Scene) -> Iterator[str]:
    before = list_everything(scene)
    with _full_disk(scene.service.process.pid):
        reply = scene.add(scene.make_peft("large"), "large")
    if not is_refused(reply, 507, "storage_full"):
        yield f"added: {tell(reply)}"
    if list_everything(scene) != before:
        yield f"left behind: {list_everything(scene)}, before {before}"


def try_full_disk_for_the_engine(scene: Scene) -> Iterator[str]:
    """No room for the engine's private copy: refused now, and loaded once there is room."""
    folder = scene.make_version("large")
    with scene.dropped(folder):
        with _full_disk(find_server(scene.service.data)):
            if (reply := scene.ask_engine(folder.name)).status_code != 404:
                yield f"loaded: {tell(reply)}"
        if (reply := scene.ask_engine(folder.name)).status_code != 200:
            yield f"with room again: {tell(reply)}"


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
    wait_until(scene.engine_answers, RECOVERY_SECONDS)
    wait_until(lambda: scene.is_ready(version), READY_SECONDS)
    wait_until(lambda: scene.is_ready(GOOD), READY_SECONDS)
    wait_until(lambda: scene.describe(version)["state"] == "loaded", 10)
    reply = scene.chat(version)
    if reply.status_code != 200 or reply.json()["model"] != version:
        yield f"asked for {version}: {tell(reply)}"
    scene.withdraw(version)


@contextmanager
def _full_disk(pid: int) -> Iterator[None]:
    """No file that the process writes gets beyond ROOM bytes: the same errors as on a full disk."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
