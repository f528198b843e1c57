"""The base model's folder: its digests, sizes, chat template and the token that ends an answer."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.prompt import Message
from train.lora.errors import TrainingRefused
from train.lora.files import file_sha256, read_json

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_INDEX = "model.safetensors.index.json"
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.json")
_TEMPLATE, _TOKENIZER_CONFIG = "chat_template.jinja", "tokenizer_config.json"


@dataclass(frozen=True, slots=True)
class BaseFolder:
    """A base as it lies on the disk. Digests as in an adapter's manifest; `context` in tokens, 0: not known.

    `weights` counts parameters, `bytes` what they take on the disk; `matrices` are (in, out, how often) of
    the linear layers, `hidden`, `depth` and `vocabulary` the width, the layers and the head's rows.
    """

    path: Path
    sha256: str
    tokenizer_sha256: str
    template_sha256: str
    context: int
    weights: int
    bytes: int
    matrices: tuple[tuple[int, int, int], ...]
    hidden: int
    depth: int
    vocabulary: int


def read_base(path: Path) -> BaseFolder:
    """The base in a folder, without its weights' values. Raises TrainingRefused where it is none."""
    try:
        config = read_json(path / "config.json")
        files = _weight_files(path)
        if not files:
            raise ValueError("no weights as .safetensors")
        shapes = {name: shape for file in files for name, shape in _read_shapes(file).items()}
        text = config.get("text_config", config)
        return BaseFolder(
            path=path,
            sha256=weights_sha256(path),
            tokenizer_sha256=next(
                (file_sha256(path / name) for name in _TOKENIZERS if (path / name).is_file()), ""
            ),
            template_sha256=_template_sha256(path),
            context=int(text.get("max_position_embeddings") or 0),
            weights=sum(math.prod(shape) for shape in shapes.values()),
            bytes=sum(file.stat().st_size for file in files),
            matrices=_count_matrices(shapes),
            hidden=int(text["hidden_size"]),
            depth=int(text["num_hidden_layers"]),
            vocabulary=int(text["vocab_size"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise TrainingRefused(
            f"Expected the base model in {path}, found none that can be read ({reason}). Name its folder, or "
            "copy it again."
        ) from error


def weights_sha256(model: Path) -> str:
    """The digest that names a base model; "" where the folder holds no safetensors weights.

    Of one file its SHA-256; of several the SHA-256 over their sorted lines "<file name> <SHA-256>\\n".
    """
    digests = {file.name: file_sha256(file) for file in _weight_files(model)}
    if len(digests) < 2:
        return "".join(digests.values())
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reader:
    """The base's tokenizer as serving uses it: `render` gives a chat as text, ready for the answer;
    `encode` token ids of any text; `turn_end` is the token that ends an answer, and `stops` all that do."""

    render: Callable[[Sequence[Message]], str]
    encode: Callable[[str], list[int]]
    turn_end: int
    stops: tuple[int, ...]
    padding: int

    def count(self, text: str) -> int:
        """Tokens of a text."""
        return len(self.encode(text))


def open_reader(base: Path) -> Reader:
    """The tokenizer in the base's folder. Raises TrainingRefused where it is none for chats."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers raises what its parts raise
        reason = " ".join(str(error).split())[:200]
        raise TrainingRefused(f"The tokenizer in {base} cannot be used: {reason}. Copy it again.") from error
    if not tokenizer.chat_template:
        raise TrainingRefused(
            f"Expected a chat template in {base}, found none: it is no chat model. Train an instruct model."
        )

    def render(messages: Sequence[Message]) -> str:
        return str(
            tokenizer.apply_chat_template(
                [{"role": one["role"], "content": one["content"]} for one in messages],
                tokenize=False,
                add_generation_prompt=True,
            )
        )

    def encode(text: str) -> list[int]:
        return [int(token) for token in tokenizer.encode(text, add_special_tokens=False)]

    stops = _read_stops(base, tokenizer)
    turn_end = _find_turn_end(tokenizer, encode, stops)
    padding = tokenizer.pad_token_id
    return Reader(render, encode, turn_end, stops, int(padding if padding is not None else turn_end))


def _read_stops(base: Path, tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    """The tokens at which an engine ends an answer."""
    found: list[int] = []
    for name in ("generation_config.json", "config.json"):
        try:
            stated = read_json(base / name).get("eos_token_id")
        except (OSError, ValueError):
            continue
        found += stated if isinstance(stated, list) else [] if stated is None else [stated]
    own = tokenizer.eos_token_id
    return tuple(dict.fromkeys(int(token) for token in [*found, *([] if own is None else [own])]))


def _find_turn_end(
    tokenizer: PreTrainedTokenizerBase, encode: Callable[[str], list[int]], stops: Sequence[int]
) -> int:
    """The token that the template puts after an answer, where an engine stops at it; else the first stop."""
    answer = "Yes."
    chat = [{"role": "user", "content": "Is it?"}, {"role": "assistant", "content": answer}]
    text = str(tokenizer.apply_chat_template(chat, tokenize=False))
    _, _, after = text.rpartition(answer)
    for token in encode(after):
        if token in stops:
            return token
    if not stops:
        raise TrainingRefused(
            "The base names no token that ends an answer. Set eos_token_id in its config.json."
        )
    return int(stops[0])


def _weight_files(model: Path) -> list[Path]:
    index = model / _INDEX
    if not index.is_file():
        return sorted(model.glob("*.safetensors"))
    names = read_json(index)["weight_map"].values()
    files = sorted({str(name) for name in names})
    if any(Path(name).name != name or not name.endswith(".safetensors") for name in files):
        raise ValueError(f"{_INDEX} names files outside the folder")
    return [model / name for name in files]


def _read_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="np") as stored:
            return {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}
    except SafetensorError as error:
        raise ValueError(f"{file.name} is no safetensors file ({error})") from error


def _count_matrices(shapes: Mapping[str, Sequence[int]]) -> tuple[tuple[int, int, int], ...]:
    """The matrices in numbered layers, (in, out, how many of them)."""
    counted: dict[tuple[int, int], int] = {}
    for name, shape in shapes.items():
        if len(shape) == 2 and any(part.isdigit() for part in name.split(".")):
            key = (shape[1], shape[0])
            counted[key] = counted.get(key, 0) + 1
    return tuple((into, out, many) for (into, out), many in sorted(counted.items()))


def _template_sha256(model: Path) -> str:
    if (model / _TEMPLATE).is_file():
        return file_sha256(model / _TEMPLATE)
    if not (model / _TOKENIZER_CONFIG).is_file():
        return ""
    template: Any = read_json(model / _TOKENIZER_CONFIG).get("chat_template")
    if not template:
        return ""
    text = template if isinstance(template, str) else json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
