"""Checkpoints to be trusted: one counts only with a list of its files' digests, which is written last."""

from __future__ import annotations

import shutil
from pathlib import Path

from train.lora.files import folder_sha256, read_json, write_json

COMPLETE = "complete.json"
_PREFIX, _BEST, _DRAFT = "checkpoint-", "best-", ".draft"


def mark_complete(folder: Path) -> None:
    """Say that a checkpoint is whole, on the disk when this returns."""
    write_json(folder / COMPLETE, folder_sha256(folder))


def find_checkpoint(root: Path) -> Path | None:
    """The newest whole checkpoint. Those that are not whole are deleted, so that nothing counts them."""
    found = []
    for folder in root.glob(f"{_PREFIX}*"):
        if _is_complete(folder):
            found.append((int(folder.name.removeprefix(_PREFIX)), folder))
        else:
            shutil.rmtree(folder, ignore_errors=True)
    for draft in root.glob(f"*{_DRAFT}"):
        shutil.rmtree(draft, ignore_errors=True)
    return max(found)[1] if found else None


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was taken."""
    return int(checkpoint.name.removeprefix(_PREFIX))


def checkpoint_folder(root: Path, step: int) -> Path:
    """Where the Trainer writes the checkpoint of a step."""
    return root / f"{_PREFIX}{step}"


def best_folder(root: Path, step: int) -> Path:
    """Where the weights of a step lie that had the lowest loss."""
    return root / f"{_BEST}{step}"


def drop_other_bests(root: Path, step: int) -> None:
    """Delete the weights of all steps but this one."""
    for folder in root.glob(f"{_BEST}*"):
        if folder != best_folder(root, step):
            shutil.rmtree(folder, ignore_errors=True)


def draft_of(folder: Path) -> Path:
    """An empty folder to be renamed to `folder`, which is deleted if it is there."""
    draft = folder.with_name(folder.name + _DRAFT)
    for old in (draft, folder):
        shutil.rmtree(old, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def _is_complete(folder: Path) -> bool:
    try:
        told = read_json(folder / COMPLETE)
        found = folder_sha256(folder)
    except (OSError, ValueError):
        return False
    found.pop(COMPLETE, None)
    return folder.name.removeprefix(_PREFIX).isdecimal() and told == found
