"""Digests of what was trained, so that a changed file is noticed before an engine loads it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

MANIFEST = "manifest.json"


def digest(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file in a folder but its manifest and model card."""
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    return {name: digest(folder / name) for name in names if name not in (MANIFEST, "README.md")}


def write_manifest(folder: Path) -> None:
    """Write manifest.json of a model folder."""
    manifest = {"name": "reading-room/bundled-reader", "files": digests(folder)}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
