"""LoRA adapters with random weights for any Llama folder, made as a trainer would leave them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, weights_sha256

RANK = 8


def make_adapter(folder: Path, model: Path, name: str, seed: int, strength: float = 0.2) -> Path:
    """Write adapter `name`, version 1, for the model in `model`; the folder's name ends in its digest."""
    config = json.loads((model / "config.json").read_text())
    building = folder / f".{name}"
    building.mkdir(parents=True)
    save_file(_random_weights(config, seed, strength), building / WEIGHTS)
    settings = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": RANK,
        "lora_alpha": 2 * RANK,
        "target_modules": ["q_proj", "o_proj", "down_proj"],
        "bias": "none",
        "base_model_name_or_path": "any",
    }
    (building / CONFIG).write_text(json.dumps(settings))
    write_manifest(building, weights_sha256(model))
    digest = hashlib.sha256((building / WEIGHTS).read_bytes()).hexdigest()
    return building.rename(folder / f"{name}--v1-{digest[:8]}")


def write_manifest(folder: Path, base_sha256: str) -> None:
    """Describe the files that lie in `folder`."""
    files = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in (CONFIG, WEIGHTS)
        if (folder / name).is_file()
    }
    (folder / MANIFEST).write_text(json.dumps({"base_sha256": base_sha256, "files": files}))


def _random_weights(config: dict[str, Any], seed: int, strength: float) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    width, inner = config["hidden_size"], config["intermediate_size"]
    heads = config["num_attention_heads"] * (config.get("head_dim") or width // config["num_attention_heads"])
    shapes = {
        "self_attn.q_proj": (width, heads),
        "self_attn.o_proj": (heads, width),
        "mlp.down_proj": (inner, width),
    }
    weights = {}
    for layer in range(config["num_hidden_layers"]):
        for module, (entering, leaving) in shapes.items():
            stem = f"base_model.model.model.layers.{layer}.{module}"
            weights[f"{stem}.lora_A.weight"] = _matrix(generator, RANK, entering, strength)
            weights[f"{stem}.lora_B.weight"] = _matrix(generator, leaving, RANK, strength)
    return weights


def _matrix(generator: np.random.Generator, rows: int, columns: int, strength: float) -> Any:
    return (generator.standard_normal((rows, columns)) * strength).astype(np.float32)
