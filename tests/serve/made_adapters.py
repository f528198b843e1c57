"""LoRA adapters with random weights for any base model, made as a trainer would leave them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from serve.adapters.base import read_base
from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, weights_sha256

RANK = 8
TARGETS = ("q_proj", "o_proj", "down_proj")

Weights = dict[str, NDArray[Any]]


def make_adapter(
    folder: Path,
    model: Path,
    name: str,
    seed: int,
    strength: float = 0.2,
    *,
    number: int = 1,
    rank: int = RANK,
    targets: Collection[str] = TARGETS,
) -> Path:
    """Write a version of adapter `name` for the model in `model`; the folder's name ends in its digest."""
    building = folder / f".{name}-{os.getpid()}-{number}"
    write_peft_folder(building, model, seed, strength, rank=rank, targets=targets)
    write_manifest(building, weights_sha256(model))
    digest = hashlib.sha256((building / WEIGHTS).read_bytes()).hexdigest()
    return building.rename(folder / f"{name}--v{number}-{digest[:8]}")


def write_peft_folder(
    folder: Path,
    model: Path,
    seed: int,
    strength: float = 0.2,
    *,
    rank: int = RANK,
    targets: Collection[str] = TARGETS,
) -> Path:
    """Write what peft's save_pretrained does: the weights and the config, and no manifest."""
    folder.mkdir(parents=True)
    save_file(dict(make_weights(model, seed, strength, rank, targets)), folder / WEIGHTS)
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": sorted(targets),
        "bias": "none",
        "base_model_name_or_path": "any",
    }
    (folder / CONFIG).write_text(json.dumps(settings))
    return folder


def make_base(folder: Path, width: int = 32, inner: int = 64, layers: int = 2) -> Path:
    """Write a base model as small as can be: the weights of a Llama with random values, and a tokenizer."""
    generator = np.random.default_rng(0)
    shapes = {"model.embed_tokens": (100, width), "lm_head": (100, width), "model.norm": (width,)}
    for layer in range(layers):
        stem = f"model.layers.{layer}"
        shapes |= {f"{stem}.self_attn.{name}_proj": (width, width) for name in "qo"}
        shapes |= {f"{stem}.self_attn.{name}_proj": (width // 2, width) for name in "kv"}
        shapes |= {f"{stem}.mlp.{name}_proj": (inner, width) for name in ("gate", "up")}
        shapes |= {f"{stem}.mlp.down_proj": (width, inner), f"{stem}.input_layernorm": (width,)}
    folder.mkdir(parents=True)
    save_file(
        {
            f"{name}.weight": generator.standard_normal(shape).astype(np.float32)
            for name, shape in shapes.items()
        },
        folder / "model.safetensors",
    )
    (folder / "tokenizer.json").write_text("{}")
    return folder


def write_manifest(folder: Path, base_sha256: str, **more: object) -> None:
    """Describe the files that lie in `folder`."""
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (CONFIG, WEIGHTS)
        if (folder / name).is_file()
    }
    (folder / MANIFEST).write_text(json.dumps({"base_sha256": base_sha256, "files": files, **more}))


def make_weights(
    model: Path, seed: int, strength: float, rank: int = RANK, targets: Collection[str] = TARGETS
) -> Iterator[tuple[str, NDArray[Any]]]:
    """A and B of every module of the base that `targets` name, by peft's names for them."""
    generator = np.random.default_rng(seed)
    for module, (entering, leaving) in sorted(read_base(model).shapes.items()):
        if module.rsplit(".", 1)[-1] in targets:
            stem = f"base_model.model.{module}"
            yield f"{stem}.lora_A.weight", _matrix(generator, rank, entering, strength)
            yield f"{stem}.lora_B.weight", _matrix(generator, leaving, rank, strength)


def _matrix(generator: np.random.Generator, rows: int, columns: int, strength: float) -> NDArray[Any]:
    return (generator.standard_normal((rows, columns)) * strength).astype(np.float32)
