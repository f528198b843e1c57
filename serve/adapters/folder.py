"""The adapter folder: which versions lie there, and what is wrong with those that may not be served.

Each version is a folder `name--vN-<8 hex>` that never changes, with

    adapter_config.json, adapter_model.safetensors    as peft writes them
    manifest.json    {"base_sha256": …, "files": {"<file name>": "<its SHA-256>", …}}

The 8 hex digits are the first of the weights' SHA-256; `base_sha256` is that of the base model's
weights. Everything is checked here, because vLLM takes many a wrong adapter in silence.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MANIFEST = "manifest.json"

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}--v[0-9]{1,6}-(?P<digest>[0-9a-f]{8})")
RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks vLLM can be started with."""

_NEEDED = {CONFIG, WEIGHTS, MANIFEST}
_ALLOWED = _NEEDED | {"README.md"}
_CONFIG_BYTES = 100_000
_HEADER_BYTES = 10_000_000
_TENSOR = re.compile(r"base_model\.model\.[\w.]+\.lora_(?P<side>[AB])\.weight")
_UNSUPPORTED = ("use_dora", "modules_to_save", "alora_invocation_tokens", "rank_pattern", "alpha_pattern")


@dataclass(frozen=True, slots=True)
class AdapterFolder:
    """One version in the folder; it is served only if it has no problems.

    `rank` is the LoRA rank, `targets` the kinds of layer it changes, such as q_proj, by its weights' names.
    """

    name: str
    path: Path
    rank: int
    targets: tuple[str, ...]
    base_sha256: str
    problems: tuple[str, ...]


def list_adapters(folder: Path, base_sha256: str = "") -> tuple[AdapterFolder, ...]:
    """Every sub-folder of `folder`, checked, by name. An empty `base_sha256` leaves the base unchecked."""
    if not folder.is_dir():
        return ()
    entries = sorted(entry for entry in folder.resolve().iterdir() if not entry.name.startswith("."))
    return tuple(_look_at(entry, base_sha256) for entry in entries if entry.is_dir() or entry.is_symlink())


def weights_sha256(model: Path) -> str:
    """The digest that names a base model: the SHA-256 of its only weights file, or "" if it has several."""
    files = sorted(model.glob("*.safetensors"))
    return _sha256(files[0]) if len(files) == 1 else ""


def _look_at(path: Path, base_sha256: str) -> AdapterFolder:
    """Read one version's folder; what does not fit is collected, not raised."""
    try:
        manifest = _read_json(path / MANIFEST)
        config = _read_json(path / CONFIG)
        shapes = _read_header(path / WEIGHTS)
        problems = (
            *_name_problems(path),
            *_file_problems(path, manifest),
            *_base_problems(manifest, base_sha256),
            *_config_problems(config),
            *_weight_problems(shapes, config.get("r")),
        )
    except (OSError, ValueError) as error:
        return AdapterFolder(path.name, path, 0, (), "", (f"{path.name}: {error}",))
    rank = config.get("r")
    return AdapterFolder(
        name=path.name,
        path=path,
        rank=rank if isinstance(rank, int) else 0,
        targets=tuple(sorted({name.split(".")[-3] for name in shapes if _TENSOR.fullmatch(name)})),
        base_sha256=str(manifest.get("base_sha256", "")),
        problems=tuple(f"{path.name}: {problem}" for problem in problems),
    )


def _name_problems(path: Path) -> Iterator[str]:
    matched = NAME.fullmatch(path.name)
    if matched is None:
        yield "expected a folder name like letters--v3-1a2b3c4d"
    elif (path / WEIGHTS).is_file() and not _sha256(path / WEIGHTS).startswith(matched["digest"]):
        yield f"the name ends in {matched['digest']}, but the weights have another digest; copy it again"


def _file_problems(path: Path, manifest: dict[str, Any]) -> Iterator[str]:
    if path.is_symlink():
        yield "a link, where a real folder is expected"
    present = {entry.name: entry for entry in path.iterdir()}
    for name in sorted(set(present) - _ALLOWED):
        yield f"{name} does not belong in an adapter (safetensors, its config and its manifest only)"
    for name in sorted(_NEEDED - set(present)):
        yield f"{name} is missing"
    listed = manifest.get("files")
    if not isinstance(listed, dict):
        yield f"{MANIFEST} lists no files"
        return
    for name in sorted(present):
        entry = present[name]
        if not entry.is_file() or entry.is_symlink():
            yield f"{name} is not a plain file"
        elif name != MANIFEST and name in _NEEDED and listed.get(name) != _sha256(entry):
            yield f"{name} is not the file that {MANIFEST} describes; copy the adapter again"


def _base_problems(manifest: dict[str, Any], base_sha256: str) -> Iterator[str]:
    expected = str(manifest.get("base_sha256", ""))
    if not re.fullmatch(r"[0-9a-f]{64}", expected):
        yield f"{MANIFEST} names no base_sha256"
    elif base_sha256 and expected != base_sha256:
        yield (
            f"made for the base model {expected[:12]}…, the one served is {base_sha256[:12]}…; "
            "train it again on this base, or set READING_ROOM_MODEL to the other"
        )


def _config_problems(config: dict[str, Any]) -> Iterator[str]:
    if config.get("peft_type") != "LORA":
        yield f"peft_type: expected LORA, found {config.get('peft_type')!r}"
    rank = config.get("r")
    if not isinstance(rank, int) or not 1 <= rank <= RANKS[-1]:
        yield f"r: expected a rank from 1 to {RANKS[-1]}, found {rank!r}"
    if config.get("bias", "none") != "none":
        yield f"bias: expected none, found {config['bias']!r}"
    for key in _UNSUPPORTED:
        if config.get(key):
            yield f"{key} is not supported by the engine"
    if "auto_map" in config:
        yield "auto_map would run code; adapters are data only"


def _weight_problems(shapes: dict[str, list[int]], rank: object) -> Iterator[str]:
    """What the safetensors header says, without reading the weights: names, and the true rank."""
    for name, shape in shapes.items():
        matched = _TENSOR.fullmatch(name)
        if matched is None:
            yield f"{WEIGHTS} holds {name[:80]!r}, which is no LoRA weight"
            return
        true_rank = shape[0] if matched["side"] == "A" else shape[-1]
        if len(shape) != 2 or true_rank != rank:
            yield f"{WEIGHTS}: {name} has shape {shape}, which does not fit rank {rank}"
            return


def _read_header(path: Path) -> dict[str, list[int]]:
    """The tensors of a safetensors file and their shapes. Raises ValueError where it is not one."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 2 <= length <= min(_HEADER_BYTES, size - 8):
            raise ValueError(f"{path.name} is not a whole safetensors file; copy the adapter again")
        header = json.loads(stream.read(length))
    try:
        tensors = {name: value for name, value in header.items() if name != "__metadata__"}
        end = max(value["data_offsets"][1] for value in tensors.values())
        shapes = {name: [int(side) for side in value["shape"]] for name, value in tensors.items()}
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name} has a broken header; copy the adapter again") from error
    if 8 + length + end != size:
        raise ValueError(f"{path.name}: expected {8 + length + end} bytes, found {size}; copy it again")
    if not all(shapes.values()):
        raise ValueError(f"{path.name} holds a tensor without a shape")
    return shapes


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ValueError(f"{path.name} is missing")
    if path.stat().st_size > _CONFIG_BYTES:
        raise ValueError(f"{path.name} is larger than {_CONFIG_BYTES} bytes")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid JSON") from error
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is not a JSON object")
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
