"""The base model as it lies on disk: its name, its context, and what it will take of memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve.engine.machine import GIB
from serve.settings import BUNDLED_READER

BUNDLED_NAME = "bundled-reader"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A base model. `path` is None, with a problem that says why, where the model is not on this disk.

    A folder with a manifest.json of ours is taken only if its files have the digests listed there.
    `context` in tokens (0: not known), `weights_gb` in GiB, `cache_bytes` per token of key-value cache.
    """

    name: str
    path: Path | None
    context: int
    weights_gb: float
    cache_bytes: int
    problem: str = ""


def find_model(model: str) -> ModelFolder:
    """The model of READING_ROOM_MODEL: a folder, or a hub name already in the local hub cache."""
    name = model.rstrip("/").rsplit("/", 1)[-1]
    folder = Path(model)
    if folder.resolve() == BUNDLED_READER:
        name = BUNDLED_NAME
    found = folder.resolve() if folder.is_dir() else _cached(model)
    if found is None:
        return ModelFolder(name, None, 0, 0, 0, _absence(model))
    try:
        config = json.loads((found / "config.json").read_bytes())
    except (OSError, ValueError):
        return ModelFolder(
            name, None, 0, 0, 0, f"{found} holds no readable config.json; copy the model again."
        )
    weights = sum(file.stat().st_size for file in found.glob("*.safetensors"))
    damaged = _damaged_file(found)
    if damaged:
        problem = f"{found / damaged} is not the file that manifest.json describes; copy the model again."
        return ModelFolder(name, None, 0, 0, 0, problem)
    if not weights:
        return ModelFolder(
            name, None, 0, 0, 0, f"{found} holds no .safetensors weights; copy the model again."
        )
    text = config.get("text_config", config)
    return ModelFolder(
        name=name,
        path=found,
        context=int(text.get("max_position_embeddings") or 0),
        weights_gb=weights / GIB,
        cache_bytes=_cache_bytes(text),
    )


def _cached(model: str) -> Path | None:
    """The snapshot folder of a hub model that was downloaded before."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(model, "config.json")
    except HFValidationError:
        return None
    return Path(config).parent if isinstance(config, str) else None


def _damaged_file(folder: Path) -> str:
    """The first file whose SHA-256 is not that of the folder's manifest.json, where it has one of ours."""
    try:
        listed = json.loads((folder / "manifest.json").read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return next((name for name, digest in listed.items() if _sha256(folder / name) != digest), "")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def _absence(model: str) -> str:
    if model.count("/") == 1 and not model.startswith((".", "/", "~")):
        return f"The model {model} is not on this machine. Run once: hf download {model}"
    return (
        f"There is no model folder {model}. Set READING_ROOM_MODEL to a folder or a downloaded model's name."
    )


def _cache_bytes(config: dict[str, Any]) -> int:
    """Key-value cache per token in bytes, at two bytes a value: both, per layer and key-value head."""
    heads = int(config.get("num_attention_heads") or 1)
    size = int(config.get("head_dim") or int(config.get("hidden_size") or 0) // heads)
    kept = int(config.get("num_key_value_heads") or heads)
    return 2 * 2 * int(config.get("num_hidden_layers") or 0) * kept * size
