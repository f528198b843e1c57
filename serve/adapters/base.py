"""The base model that adapters are made for: its digests, and the shape of every layer one may change."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from serve.adapters.weights import parse_object, read_header
from serve.errors import EngineDown

_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json")
_TEMPLATE, _TOKENIZER_CONFIG = "chat_template.jinja", "tokenizer_config.json"
_HEADER_BYTES = 100_000_000
"""The longest header that the safetensors library itself reads."""
_LAYER_WEIGHT = re.compile(r"(?P<module>.+\.[0-9]+\..+)\.weight")
"""A weight within a numbered layer; the embeddings and the head, which peft can also name, are not."""
_OTHER_TOWER = re.compile(r"(^|\.)(visual|vision_tower|vision_model|audio_tower|audio_model)\.")
"""The engine runs with the language model only: an adapter for these would be dropped in silence."""


@dataclass(frozen=True, slots=True)
class BaseModel:
    """What an adapter must fit.

    `sha256` is the digest of the weights (`weights_sha256`), `template_sha256` that of the chat template's
    text, "" where there is none. `shapes` gives (in_features, out_features) of every linear layer that an
    adapter may change, by its module path, such as model.layers.0.self_attn.q_proj.
    """

    sha256: str
    tokenizer_sha256: str
    template_sha256: str
    shapes: Mapping[str, tuple[int, int]]


def read_base(model: Path) -> BaseModel:
    """The base model in the folder `model`, by the headers of its weights; no values are read.

    Its digest is remembered while a file's size and time of change stay the same. Raises EngineDown where
    the weights or the tokenizer cannot be read.
    """
    try:
        shapes = {
            module: shape for file in _weight_files(model) for module, shape in _linear_shapes(file).items()
        }
        return BaseModel(weights_sha256(model), _tokenizer_sha256(model), _template_sha256(model), shapes)
    except (OSError, ValueError) as error:
        raise EngineDown(f"The base model in {model} cannot be read ({error}); copy it again.") from error


def weights_sha256(model: Path) -> str:
    """The digest that names a base model; "" where the folder holds no safetensors weights.

    Of one file its SHA-256; of several the SHA-256 over their sorted lines "<file name> <SHA-256>\\n".
    """
    digests = {file.name: file_sha256(file) for file in _weight_files(model)}
    if len(digests) < 2:
        return "".join(digests.values())
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, remembered while its size and time of change stay the same."""
    state = path.stat()
    return _digest(path.resolve(), state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@lru_cache(maxsize=256)
def _digest(path: Path, *_state: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _weight_files(model: Path) -> list[Path]:
    """The weight files: those the index of a sharded model names, else every safetensors file there."""
    index = model / _INDEX
    if not index.is_file():
        return sorted(model.glob("*.safetensors"))
    names = parse_object(index.read_bytes()).get("weight_map")
    if not isinstance(names, dict):
        raise ValueError(f"{_INDEX} has no weight_map")
    files = sorted({str(name) for name in names.values()})
    if any(Path(name).name != name or not name.endswith(".safetensors") for name in files):
        raise ValueError(f"{_INDEX} names files outside the folder")
    return [model / name for name in files]


def _linear_shapes(path: Path) -> dict[str, tuple[int, int]]:
    """Every matrix within a numbered layer of the language model, turned to (in, out)."""
    try:
        header = read_header(path, most_bytes=_HEADER_BYTES)
    except ValueError as error:
        raise ValueError(f"{path.name} {error}") from error
    matches = {name: _LAYER_WEIGHT.fullmatch(name) for name in header if not _OTHER_TOWER.search(name)}
    return {
        found["module"]: (header[name].shape[1], header[name].shape[0])
        for name, found in matches.items()
        if found and len(header[name].shape) == 2
    }


def _tokenizer_sha256(model: Path) -> str:
    return next((file_sha256(model / name) for name in _TOKENIZERS if (model / name).is_file()), "")


def _template_sha256(model: Path) -> str:
    """Of the template's text, wherever it is kept; several named ones count as their sorted JSON."""
    if (model / _TEMPLATE).is_file():
        return file_sha256(model / _TEMPLATE)
    if not (model / _TOKENIZER_CONFIG).is_file():
        return ""
    template = parse_object((model / _TOKENIZER_CONFIG).read_bytes()).get("chat_template")
    if not template:
        return ""
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
