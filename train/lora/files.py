"""What lies in a run's folder, and how it is written: whole, or not at all.

plan.json       what to train on what (`train.lora.plan`); written by whoever asks for the run
started.json    what the run began with, so that it is never gone on with under another plan
replay.jsonl    the base's own answers that are trained on besides
events.jsonl    what happened, a line each (`train.lora.events`)
checkpoints/    what a stopped run goes on from; gone once it is done
adapter/        the adapter as peft writes it; or model/ of a full fine-tuning
result.json     figures, versions, seeds; there only once all else is
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

PLAN, STARTED, EVENTS, REPLAY, RESULT = (
    "plan.json",
    "started.json",
    "events.jsonl",
    "replay.jsonl",
    "result.json",
)
CHECKPOINTS, ADAPTER, MODEL = "checkpoints", "adapter", "model"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there with all of `data`, on the disk, or not at all."""
    draft = path.with_name(f".{path.name}.draft")
    with draft.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, value: object) -> None:
    """Write JSON as `write_whole` does; no NaN and no infinity."""
    write_whole(path, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises OSError, ValueError."""
    found = json.loads(path.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: expected a JSON object, found another value")
    return found


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read anew."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_sha256(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file right in a folder, by name."""
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}
