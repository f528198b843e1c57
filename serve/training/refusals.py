"""Why a run is not begun, or not published: what it stands on is not, or no longer, as it should be.

Looked at when a run is asked for, again when a worker begins it, and again before its version is published:
days may lie between.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve.engine.machine import GIB
from train.lora.choosing import LEAST

_LORA_GIB = 1.0
"""Room for a LoRA's checkpoints, its result and the copy in the adapter folder, many times over."""
_FULL_COPIES = 14.0
"""Full fine-tuning from 16 bits: weights, moments and result in 32 bits, and two checkpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a run stands on, as it is at one moment.

    `made_beside` is the SHA-256 of the base that the dataset version was made beside ("" where it was not
    known), `base_sha256` that of the base that is here; `missing` says why it is not, "" where it is.
    `withdrawn` are pairs to learn from that were withdrawn since. `weights_gib` is the size of the base.
    """

    dataset: str
    name: str
    pairs: int
    withdrawn: Collection[str]
    made_beside: str
    base_sha256: str
    missing: str
    weights_gib: float
    folder: Path
    most_rank: int


def find_refusal(ground: Ground, asked: Mapping[str, Any]) -> str:
    """The first thing that keeps a run from being begun, with what to do; "" where nothing does."""
    return (
        _find_base_problem(ground)
        or find_withdrawal(ground.dataset, ground.name, len(ground.withdrawn))
        or _find_size_problem(ground, asked)
        or _find_rank_problem(ground, asked)
    )


def find_withdrawal(dataset: str, name: str, withdrawn: int) -> str:
    """The refusal where pairs to learn from were withdrawn; "" where none was."""
    if not withdrawn:
        return ""
    were = "pair was" if withdrawn == 1 else "pairs were"
    return (
        f"{withdrawn} {were} withdrawn that {dataset} would be trained on. Build the next version, and train "
        f"from that one: reading-room dataset build {name}"
    )


def find_base_change(expected: str, found: str) -> str:
    """The refusal where the base is another than the run was asked for with; "" where it is the same."""
    if expected == found:
        return ""
    return (
        f"The base model has changed since the run was asked for: expected {expected[:12]}…, found "
        f"{found[:12] or 'none'}…. Set READING_ROOM_MODEL back, or ask for another run."
    )


def find_room_problem(ground: Ground, asked: Mapping[str, Any]) -> str:
    """Why there is too little room on the disk for a run to begin; "" where there is enough."""
    needed = _LORA_GIB
    if asked.get("method") == "full":
        needed = max(needed, _FULL_COPIES * ground.weights_gib)
    place = next(folder for folder in (ground.folder, *ground.folder.parents) if folder.exists())
    free = shutil.disk_usage(place).free / GIB
    if free >= needed:
        return ""
    return (
        f"Expected {needed:.1f} GiB free in {ground.folder}, found {free:.1f}. Free some, for example by "
        "purging retired adapter versions."
    )


def _find_base_problem(ground: Ground) -> str:
    if ground.missing:
        return f"Expected the base model on this machine to train on, found none. {ground.missing}"
    if ground.made_beside and ground.made_beside != ground.base_sha256:
        return (
            f"{ground.dataset} was made beside another base model: expected {ground.made_beside[:12]}…, "
            f"found {ground.base_sha256[:12]}…. Build the next version beside this one, or set "
            f"READING_ROOM_MODEL back: reading-room dataset build {ground.name}"
        )
    return ""


def _find_size_problem(ground: Ground, asked: Mapping[str, Any]) -> str:
    if ground.pairs == 0:
        return f"{ground.dataset} has no pairs to train on. Approve more pairs, and build the next version."
    if ground.pairs >= LEAST or asked.get("smoke") is True:
        return ""
    return (
        f"Expected {LEAST} pairs to train on or more, found {ground.pairs} in {ground.dataset}. Approve more "
        "pairs and build the next version; or try the machinery alone, with smoke = true in the recipe: what "
        "comes of it is not promoted."
    )


def _find_rank_problem(ground: Ground, asked: Mapping[str, Any]) -> str:
    rank = asked.get("rank")
    if not isinstance(rank, int) or rank <= ground.most_rank or asked.get("method") == "full":
        return ""
    return (
        f"rank: expected {ground.most_rank} at most, which is what the engines take, found {rank}. Lower it, "
        "or raise READING_ROOM_ADAPTER_RANK and start the service again."
    )
