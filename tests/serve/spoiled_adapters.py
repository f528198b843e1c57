"""Ways in which a sound adapter folder is made a bad one."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, weights_sha256
from serve.settings import BUNDLED_READER
from tests.serve.adapter_scene import describe_anew, digest_of
from tests.serve.made_adapters import write_manifest


def truncate(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) * 3 // 4])


def truncate_and_describe(folder: Path) -> None:
    truncate(folder)
    describe_anew(folder)


def alter_a_byte(folder: Path) -> None:
    whole = bytearray((folder / WEIGHTS).read_bytes())
    whole[-100] ^= 1
    (folder / WEIGHTS).write_bytes(whole)


def state_rank(folder: Path, rank: int) -> None:
    """Another rank in the config than in the weights."""
    config = json.loads((folder / CONFIG).read_bytes())
    (folder / CONFIG).write_text(json.dumps(config | {"r": rank}))
    describe_anew(folder)


def change_rank(folder: Path, rank: int, stated: int) -> None:
    """Another rank in the weights than 8, and `stated` in the config."""

    def resize(name: str, value: Any) -> Any:
        repeats = (rank // 8, 1) if "lora_A" in name else (1, rank // 8)
        return np.tile(value, repeats)

    rewrite(folder, resize)
    state_rank(folder, stated)


def name_another_base(folder: Path) -> None:
    write_manifest(folder, "0" * 64)


def shrink(folder: Path) -> None:
    """For a base whose layers are half as wide."""
    rewrite(folder, lambda name, value: value[:, ::2] if "lora_A" in name else value[::2])


def widen(folder: Path) -> None:
    """For a base whose layers are twice as wide."""
    rewrite(folder, lambda name, value: np.tile(value, (1, 2) if "lora_A" in name else (2, 1)))


def leave_out_a_layer(folder: Path) -> None:
    rewrite(folder, lambda name, value: None if ".layers.0." in name else value)


def name_no_module(folder: Path) -> None:
    """Tensors that no module of the base is called by; vLLM ignores them without a word."""
    weights = load_file(folder / WEIGHTS)
    renamed = {name.replace("_proj", "_projection"): value for name, value in weights.items()}
    save_file(renamed, folder / WEIGHTS)
    config = json.loads((folder / CONFIG).read_bytes())
    targets = [target.replace("_proj", "_projection") for target in config["target_modules"]]
    (folder / CONFIG).write_text(json.dumps(config | {"target_modules": targets}))
    describe_anew(folder)


def put_in_nan(folder: Path) -> None:
    rewrite(folder, lambda name, value: np.full_like(value, np.nan) if "lora_B" in name else value)


def put_in_one_nan(folder: Path) -> None:
    weights = load_file(folder / WEIGHTS)
    weights[max(weights)][0, 0] = np.nan
    save_file(weights, folder / WEIGHTS)
    describe_anew(folder)


def put_in_huge_numbers(folder: Path) -> None:
    """Finite, but what is computed from them is not."""
    rewrite(folder, lambda name, value: np.full_like(value, 1e25))


def put_in_large_numbers(folder: Path) -> None:
    """As training leaves them that has gone astray."""
    rewrite(folder, lambda name, value: value * 1e4)


def put_in_infinity(folder: Path) -> None:
    rewrite(folder, lambda name, value: np.full_like(value, np.inf) if "lora_B" in name else value)


def clear_b(folder: Path) -> None:
    rewrite(folder, lambda name, value: np.zeros_like(value) if "lora_B" in name else value)


def become_a_pickle(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    (folder / "adapter_model.bin").write_bytes(pickle.dumps(_Trap(str(folder.parent / "sprung"))))
    digests = {name: digest_of(folder / name) for name in (CONFIG, "adapter_model.bin")}
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


def rewrite(folder: Path, change: Callable[[str, Any], Any]) -> None:
    """Put `change`d tensors in the place of the weights, those left out that become None; describe them."""
    changed = {name: change(name, value) for name, value in load_file(folder / WEIGHTS).items()}
    kept = {name: np.ascontiguousarray(value) for name, value in changed.items() if value is not None}
    save_file(kept, folder / WEIGHTS)
    describe_anew(folder)
