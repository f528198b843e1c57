"""A tuned model into service: beside the index, and a new snapshot made with it that is switched to.

Back again: `retrieval.store.snapshot.switch_to` the version before. What runs follows either by itself.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from retrieval.embedding.onnx_cache import open_exported
from retrieval.errors import EmbedderError
from retrieval.store.builder import Built
from retrieval.store.index_embedder import models_beside
from retrieval.store.mirror import Mirror
from retrieval.store.part_writer import Progress
from retrieval.store.reembedding import reembed_index
from train.embedding.learning import find_export
from train.embedding.run import TRIAL
from train.lora.errors import TrainingRefused
from train.lora.files import RESULT, folder_sha256, read_json, sync_folder


def put_in_service(
    folder: Path, root: Path, progress: Progress, *, reason: str = "", mirror: Mirror | None = None
) -> Built:
    """Switch the index in `root` to the model that the run in `folder` made.

    `reason` is why a named person wants it although the run did not find it better; the caller keeps it.
    Raises TrainingRefused where the run is not done, its model was changed since, or it is not better and no
    reason is given; RetrievalError where the snapshot cannot be made. Nothing is switched then.
    """
    try:
        result = read_json(folder / RESULT)
        ruling, digest = str(result["verdict"]["ruling"]), str(result["embedder"]["after"])
        expected, exported = result["export"], find_export(folder)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise TrainingRefused(
            f"{RESULT}: expected the result of a run, found none. Finish the run."
        ) from problem
    if ruling != "better" and not reason.strip():
        raise TrainingRefused(
            f"Expected a model that is better, found the verdict {ruling!r}. Keep the one in use, or say why."
        )
    if folder_sha256(exported) != expected:
        raise TrainingRefused("The exported model is not the one that was examined. Run it again.")
    models = models_beside(root)
    _copy(exported, models / exported.name)
    try:
        embedder = open_exported(digest, [models])
    except EmbedderError as problem:
        raise TrainingRefused(f"The exported model cannot be used here: {problem}") from problem
    known = folder / TRIAL if (folder / TRIAL).is_dir() else None
    return reembed_index(root, embedder, progress, known=known, mirror=mirror)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that it is there whole or not at all; what lies there already is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    for path in draft.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    if target.exists():
        shutil.rmtree(target)
    draft.rename(target)
    sync_folder(target.parent)
