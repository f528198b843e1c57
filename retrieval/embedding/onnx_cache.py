"""Exported embedding models on disk: opened where there is one, exported by a process of its own where not.

<cache>/<digest of the weights>-<recipe>/    one exported model
<cache>/.lock                                held while one is exported
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from retrieval.embedding.onnx_embedder import RECIPE, OnnxEmbedder
from retrieval.errors import EmbedderError

INSTALLED = Path(sys.prefix) / "share" / "reading-room" / "models"
"""Beside the installed packages: shared by all that runs from them, and part of a container's image."""

_LONGEST = 900
"""Seconds that an export may take."""


def open_or_export(name: str, digest: str, caches: Sequence[Path]) -> OnnxEmbedder:
    """The exported model of these weights from the first cache that has it, else exported into the
    first that can be written to; a damaged export is made anew.

    Raises EmbedderError when the model cannot be exported, or no cache can be written to.
    """
    for cache in caches:
        try:
            return _open(_place(cache, digest), digest)
        except EmbedderError:
            continue
    problem: OSError | None = None
    for cache in caches:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            lock = (cache / ".lock").open("w")
        except OSError as unwritable:
            problem = unwritable
            continue
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two processes that start together export once
            return _open_or_export_locked(name, digest, _place(cache, digest))
    raise EmbedderError(f"no place for the exported model can be written to: {problem}")


def open_exported(digest: str, caches: Sequence[Path]) -> OnnxEmbedder:
    """The exported model whose `Embedder.digest` this is, from the first cache that has it: what the manifest
    of an index asks for, without the weights that it was exported from.

    Raises EmbedderError where no cache has it whole.
    """
    weights = digest.partition("-")[2]
    for cache in caches:
        try:
            embedder = _open(_place(cache, weights), weights)
        except EmbedderError:
            continue
        if embedder.digest == digest:
            return embedder
    raise EmbedderError(
        f"the embedding model {digest[:24]}… is not in {caches[-1]}; put it back, or build the index again"
    )


def _open_or_export_locked(name: str, digest: str, folder: Path) -> OnnxEmbedder:
    try:
        return _open(folder, digest)
    except EmbedderError:
        _export(name, folder)
    return _open(folder, digest)


def _place(cache: Path, digest: str) -> Path:
    return cache / f"{digest[:16]}-{RECIPE}"


def _open(folder: Path, digest: str) -> OnnxEmbedder:
    embedder = OnnxEmbedder(folder)
    if embedder.card.weights != digest:
        raise EmbedderError(
            f"{folder}: expected weights {digest[:12]}…, found {embedder.card.weights[:12]}…; remove it"
        )
    return embedder


def _export(name: str, folder: Path) -> None:
    """Export beside `folder` and switch to it in one step, so that a killed export leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder.parent) as temporary:
        made = Path(temporary) / "model"
        command = [sys.executable, "-W", "ignore", "-m", "retrieval.embedding.onnx_export", name, str(made)]
        try:
            told = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST)
        except subprocess.TimeoutExpired as late:
            raise EmbedderError(f"exporting {name} took more than {_LONGEST} s") from late
        if told.returncode:
            last_line = (told.stderr.strip().splitlines() or [f"exit status {told.returncode}"])[-1]
            raise EmbedderError(f"cannot export {name}: {last_line}")
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
