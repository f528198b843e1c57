"""The adapter folder: which versions lie there, and what is wrong with those that may not be served.

Each version is a folder `name--vN-<8 hex>` that never changes, with

    adapter_config.json, adapter_model.safetensors    as peft writes them
    manifest.json    {"base_sha256": …, "files": {"<file name>": "<its SHA-256>", …}, …}

The 8 hex digits are the first of the weights' SHA-256; `base_sha256` is that of the base model's
weights. A manifest may also state `tokenizer_sha256` and `template_sha256`, `name` and `version`; what
else it holds, under `lineage` or beside it, tells where the version comes from. Everything is checked
here, because vLLM takes many a wrong adapter in silence: one whose weights have another rank than its
config says, one for a base with smaller layers, one without any effect.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serve.adapters.base import BaseModel, weights_sha256
from serve.adapters.lora_config import RANKS, find_config_problems, read_rank, read_targets
from serve.adapters.weights import MOST_SIZE, Tensor, parse_object, read_header, read_values

__all__ = [
    "CONFIG",
    "MANIFEST",
    "NAME",
    "RANKS",
    "WEIGHTS",
    "AdapterFolder",
    "check_adapter",
    "list_adapters",
    "weights_sha256",
]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MANIFEST = "manifest.json"

ADAPTER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{0,40}")
NAME = re.compile(
    r"(?P<adapter>(?!.*--.*--)[a-z0-9][a-z0-9-]{0,40})--v(?P<number>[1-9][0-9]{0,5})-(?P<digest>[0-9a-f]{8})"
)
"""No separator, no dot and nothing but ASCII, so a name is one folder's name and never a path."""
RESERVED = frozenset({"text", "image", "audio", "video", "input", "file", "refusal", "base", "default"})
"""vLLM applies an adapter called like a kind of content unasked; `base` and `default` are our own words."""
LIMITS = {CONFIG: 2**20, MANIFEST: 2**20, "README.md": 2**20, WEIGHTS: 4 * 2**30}
"""Bytes a file may have; a file that is not named here does not belong in a version."""

_NEEDED = (CONFIG, WEIGHTS, MANIFEST)
_STATED = {"base_sha256", "tokenizer_sha256", "template_sha256", "files", "name", "version", "lineage"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TENSOR = re.compile(r"base_model\.model\.(?P<module>[A-Za-z0-9_.]+)\.lora_(?P<side>[AB])\.weight")
_DTYPES = ("F32", "F16", "BF16")
_SHOWN = 3
"""Of many tensors wrong in the same way the first are named and the rest counted."""


@dataclass(frozen=True, slots=True)
class AdapterFolder:
    """One version in the folder; it is served only if it has no problems.

    `rank` is the LoRA rank, `targets` the kinds of layer it changes, such as q_proj, by its weights' names.
    `adapter` and `number` are the parts of its name, `sha256` is the digest of its weights, `lineage` what
    its manifest tells of where it comes from.
    """

    name: str
    path: Path
    rank: int
    targets: tuple[str, ...]
    base_sha256: str
    problems: tuple[str, ...]
    adapter: str = ""
    number: int = 0
    sha256: str = ""
    lineage: Mapping[str, Any] = field(default_factory=dict, hash=False)


def list_adapters(
    folder: Path,
    base: BaseModel | None = None,
    *,
    most_rank: int = RANKS[-1],
    base_names: Collection[str] = (),
) -> tuple[AdapterFolder, ...]:
    """Every sub-folder of `folder`, checked, by name. No `base` leaves unchecked what it decides."""
    if not folder.is_dir():
        return ()
    entries = sorted(entry for entry in folder.resolve().iterdir() if not entry.name.startswith("."))
    return tuple(
        check_adapter(entry, base, most_rank=most_rank, base_names=base_names)
        for entry in entries
        if entry.is_dir() or entry.is_symlink()
    )


def check_adapter(
    path: Path,
    base: BaseModel | None,
    *,
    most_rank: int,
    base_names: Collection[str] = (),
    name: str | None = None,
) -> AdapterFolder:
    """The version in `path` with every problem found; whatever lies there, nothing is raised for it.

    `base_names`: what the base model is served as. `name`: what the folder is going to be called, where
    it is not yet.
    """
    name = path.name if name is None else name
    look = _Look(path, name)
    matched = NAME.fullmatch(name)
    look.add(_find_name_problems(name, base_names))
    if look.has_plain_files():
        look.check(base, most_rank, matched["digest"] if matched else "")
    shown = name if matched else ascii(name)[1:-1][:80]
    return AdapterFolder(
        name=name,
        path=path,
        rank=read_rank(look.config),
        targets=tuple(sorted({module.rsplit(".", 1)[-1] for module in look.modules})),
        base_sha256=_text(look.manifest.get("base_sha256")),
        problems=tuple(f"{shown}: {problem}" for problem in look.problems),
        adapter=matched["adapter"] if matched else "",
        number=int(matched["number"]) if matched else 0,
        sha256=look.sha256,
        lineage=_read_lineage(look.manifest),
    )


class _Look:
    """One look at one folder: what could be read of it, and what was wrong."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self.problems: list[str] = []
        self.config: dict[str, Any] = {}
        self.manifest: dict[str, Any] = {}
        self.tensors: dict[str, Tensor] = {}
        self.modules: dict[str, dict[str, Tensor]] = {}
        self.sha256 = ""

    def add(self, problems: Iterator[str]) -> bool:
        """Collect problems, those of reading among them; whether there were none."""
        before = len(self.problems)
        try:
            self.problems.extend(problems)
        except (OSError, ValueError) as error:
            self.problems.append(str(error))
        return len(self.problems) == before

    def has_plain_files(self) -> bool:
        """Whether exactly the files of a version lie there, none of them a link, device or too large."""
        return self.add(_find_file_problems(self.path))

    def check(self, base: BaseModel | None, most_rank: int, digest: str) -> None:
        """Check the three files and what they say of each other; the values last, and only where all fits."""
        has_manifest = self.add(self._read_manifest())
        has_config = self.add(self._read_config())
        if has_config:
            self.add(find_config_problems(self.config, most_rank))
        if has_manifest:
            self.add(_find_manifest_problems(self.manifest, self.name))
            self.add(_find_base_problems(self.manifest, base))
            self.add(self._find_digest_problems(digest))
        if self.add(self._read_tensors()) and has_config:
            fits = self.add(_find_shape_problems(self.modules, read_rank(self.config)))
            fits = self.add(_find_module_problems(self.modules, read_targets(self.config), base)) and fits
            if fits:
                self.add(_find_value_problems(self.path / WEIGHTS, self.tensors, self.modules))

    def _read_manifest(self) -> Iterator[str]:
        manifest = _read_object(self.path / MANIFEST)
        try:  # it goes into the database and over the wire, which take no infinity and no half character
            json.dumps(manifest, allow_nan=False, ensure_ascii=False).encode()
        except ValueError as error:
            raise ValueError(f"{MANIFEST} holds what is no number or no text; copy it again") from error
        self.manifest = manifest
        yield from ()

    def _read_config(self) -> Iterator[str]:
        self.config = _read_object(self.path / CONFIG)
        yield from ()

    def _read_tensors(self) -> Iterator[str]:
        """Sort the tensors by module and side, as far as they are LoRA matrices."""
        try:
            self.tensors = read_header(self.path / WEIGHTS)
        except ValueError as error:
            raise ValueError(f"{WEIGHTS} {error}") from error
        strange = []
        for name, tensor in self.tensors.items():
            matched = _TENSOR.fullmatch(name)
            if matched is None:
                strange.append(name)
            else:
                self.modules.setdefault(matched["module"], {})[matched["side"]] = tensor
        if strange:
            yield f"{WEIGHTS} holds {_show_some(strange)}, no LoRA weight; train it as a plain LoRA"
        if not self.tensors:
            yield f"{WEIGHTS} holds no tensors; copy the adapter again"

    def _find_digest_problems(self, digest: str) -> Iterator[str]:
        listed = self.manifest.get("files")
        described = listed if isinstance(listed, dict) else {}
        self.sha256 = sha256(self.path / WEIGHTS)
        found = {WEIGHTS: self.sha256, CONFIG: sha256(self.path / CONFIG)}
        for name in sorted(set(described) - set(found)):
            file = self.path / name
            found[name] = sha256(file) if name in LIMITS and name != MANIFEST and file.is_file() else ""
        for name in sorted(found):
            if isinstance(listed, dict) and described.get(name) != found[name]:
                yield f"{ascii(name)[1:-1]} is not the file that {MANIFEST} describes; copy the adapter again"
        if digest and not self.sha256.startswith(digest):
            yield f"the name ends in {digest}, but the weights have {self.sha256[:8]}; copy it again"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, read anew."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _find_name_problems(name: str, base_names: Collection[str]) -> Iterator[str]:
    matched = NAME.fullmatch(name)
    if matched is None:
        yield "expected a folder name like letters--v3-1a2b3c4d, in small letters; add it under such a name"
        return
    if {name, matched["adapter"]} & {*RESERVED, *base_names}:
        yield f"an adapter cannot be called {matched['adapter']}, which means something else; rename it"


def _find_file_problems(path: Path) -> Iterator[str]:
    mode = path.lstat().st_mode
    if not stat.S_ISDIR(mode):
        yield "a link or a file, where a real folder is expected; copy the folder itself"
        return
    present = {entry.name: entry for entry in path.iterdir()}
    for name in sorted(set(present) - set(LIMITS)):
        yield (
            f"{ascii(name)[1:-1][:80]} does not belong in an adapter (safetensors, its config and its "
            "manifest only); take it out"
        )
    for name in _NEEDED:
        if name not in present:
            yield f"{name} is missing; copy the adapter again"
    for name in sorted(set(present) & set(LIMITS)):
        state = present[name].lstat()
        if not stat.S_ISREG(state.st_mode):
            yield f"{name} is not a plain file; copy the file itself"
        elif state.st_size > LIMITS[name]:
            yield f"{name}: expected {LIMITS[name]} bytes at most, found {state.st_size}"


def _find_manifest_problems(manifest: Mapping[str, Any], name: str) -> Iterator[str]:
    if not isinstance(manifest.get("files"), dict):
        yield f"{MANIFEST} lists no files; copy the adapter again"
    matched = NAME.fullmatch(name)
    stated = manifest.get("name"), manifest.get("version")
    parts = (matched["adapter"], name.removeprefix(f"{matched['adapter']}--")) if matched else stated
    for key, expected, found in zip(("name", "version"), parts, stated, strict=True):
        if found not in (None, expected):
            yield f"{MANIFEST}: expected {key} {expected}, found {ascii(found)[:80]}; give it its name back"


def _find_base_problems(manifest: Mapping[str, Any], base: BaseModel | None) -> Iterator[str]:
    remedy = "train it again on this base, or set READING_ROOM_MODEL to the other"
    stated = manifest.get("base_sha256")
    if not isinstance(stated, str) or not _DIGEST.fullmatch(stated):
        yield f"{MANIFEST} names no base_sha256 of 64 hex digits; copy the adapter again"
    elif base and stated != base.sha256:
        yield f"made for the base model {stated[:12]}…, the one served is {base.sha256[:12]}…; {remedy}"
    for key, what in (("tokenizer_sha256", "tokenizer"), ("template_sha256", "chat template")):
        found = manifest.get(key)
        if found in (None, "") or base is None:
            continue
        if found != getattr(base, key):
            expected = getattr(base, key)[:12] or "none"
            yield f"{what}: expected {expected}, found {ascii(found)[1:13]}; {remedy}"


def _find_shape_problems(modules: Mapping[str, Mapping[str, Tensor]], rank: int) -> Iterator[str]:
    """Without the base: both sides there, of a type vLLM reads as it is, and of the config's rank."""
    alone = [module for module, sides in modules.items() if len(sides) != 2]
    if alone:
        yield f"expected A and B of every module, found one of them for {_show_some(alone)}; copy it again"
    types = sorted({side.dtype for sides in modules.values() for side in sides.values()} - set(_DTYPES))
    if types:
        yield f"expected weights of type {', '.join(_DTYPES)}, found {_show_some(types)}; save it as one"
    wrong = []
    for module, sides in modules.items():
        for side, tensor in sides.items():
            at = 0 if side == "A" else 1
            if len(tensor.shape) != 2 or tensor.shape[at] != rank:
                wrong.append(f"{module}.lora_{side} of shape {list(tensor.shape)}")
    if wrong:
        yield f"{_show_some(wrong)}, which does not fit rank {rank} in {CONFIG}; copy the adapter again"


def _find_module_problems(
    modules: Mapping[str, Mapping[str, Tensor]], targets: tuple[str, ...], base: BaseModel | None
) -> Iterator[str]:
    """Every module that the config names, in every layer of the base, in the base's shape; and no other."""
    untold = [module for module in modules if not _is_target(module, targets)]
    if untold:
        yield f"{_show_some(untold)}: not among target_modules in {CONFIG}; copy the adapter again"
    known = modules if base is None else base.shapes
    without = [target for target in targets if not any(_is_target(module, (target,)) for module in known)]
    if without:
        yield f"target_modules: nothing is called {_show_some(without)}; train it again on this base"
    if base is None:
        return
    wanted = {module for module in base.shapes if _is_target(module, targets)}
    missing = sorted(wanted - set(modules))
    if missing:
        yield f"{_show_some(missing)}: named by {CONFIG}, but not in {WEIGHTS}; train or copy it again"
    extra = sorted(set(modules) - set(base.shapes))
    if extra:
        yield f"{_show_some(extra)}: the base has no such layer; train it again on this base"
    for side, at in (("A", 1), ("B", 0)):
        wrong = [
            f"{module}.lora_{side} expects {base.shapes[module][1 - at]}, found {sides[side].shape[at]}"
            for module, sides in modules.items()
            if module in base.shapes
            and side in sides
            and len(sides[side].shape) == 2
            and sides[side].shape[at] != base.shapes[module][1 - at]
        ]
        if wrong:
            yield f"made for layers of another size: {_show_some(wrong)}; train it again on this base"


def _find_value_problems(
    path: Path, tensors: Mapping[str, Tensor], modules: Mapping[str, Mapping[str, Tensor]]
) -> Iterator[str]:
    """All finite and of a sane size, and at least one module whose A and B are both other than zero."""
    values = {tensors[name]: (name, found) for name, found in read_values(path, tensors)}
    broken = [name for name, found in values.values() if not found.finite]
    if broken:
        yield f"{_show_some(broken)}: expected finite weights, found NaN or infinity; train it again"
    elif large := [name for name, found in values.values() if not found.bounded]:
        size = f"expected weights below {MOST_SIZE:g} in size, found larger ones"
        yield f"{_show_some(large)}: {size}; train it again with a lower learning rate"
    elif not any(all(values[side][1].nonzero for side in sides.values()) for sides in modules.values()):
        yield "all its B or A weights are zero, so it changes nothing; train it again"


def _is_target(module: str, targets: tuple[str, ...]) -> bool:
    """Whether peft would change this module: a target is its path or the end of it."""
    return any(module == target or module.endswith(f".{target}") for target in targets)


def _read_object(path: Path) -> dict[str, Any]:
    try:
        return parse_object(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path.name} {error}; copy the adapter again") from error


def _show_some(names: list[str]) -> str:
    shown = ", ".join(ascii(name)[1:-1][:120] for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"


def _read_lineage(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What stands under `lineage`, and whatever else the manifest tells that is not checked."""
    nested = manifest.get("lineage")
    rest = {key: value for key, value in manifest.items() if key not in _STATED}
    return {**rest, **nested} if isinstance(nested, dict) else rest


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
