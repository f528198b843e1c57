"""What a base model's folder says of itself: its name and its licence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_FRONT = re.compile(r"\A---\r?\n(.*?)\r?\n---\s*$", re.DOTALL | re.MULTILINE)
_LICENCE = re.compile(r"^licen[cs]e(?:_name)?:[ \t]*[\"']?([A-Za-z0-9][A-Za-z0-9.+_-]{0,60})", re.MULTILINE)
_MOST = 2**20


def describe_base(path: Path) -> dict[str, str]:
    """`name` and `licence` of the base in a folder, "" for what the folder does not say.

    The name is that of its manifest.json or config.json, else the folder's own; the licence that of
    manifest.json or of the front matter of README.md, as the Hugging Face hub has it.
    """
    manifest, config = _read_object(path / "manifest.json"), _read_object(path / "config.json")
    stated = _text(config.get("_name_or_path"))
    name = _text(manifest.get("name")) or (stated if _is_public(stated) else "") or path.resolve().name
    return {"name": name, "licence": _text(manifest.get("licence")) or _find_licence(path / "README.md")}


def _is_public(name: str) -> bool:
    """Whether a name is a model's on a hub, such as org/model, rather than a folder of somebody's machine."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", name))


def _find_licence(readme: Path) -> str:
    try:
        with readme.open(encoding="utf-8", errors="replace") as stream:
            front = _FRONT.match(stream.read(_MOST))
    except OSError:
        return ""
    found = _LICENCE.search(front[1]) if front else None
    return found[1] if found else ""


def _read_object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""
