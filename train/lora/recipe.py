"""The recipe of a run: every setting there is, in TOML, each laid down or chosen by `choose_recipe`.

A recipe file holds any of the settings; what is missing or "auto" is chosen by the size of the dataset and
the device, and the recipe as it was used is in the run's result, with the names of those that were chosen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args, get_type_hints

from train.lora.errors import TrainingRefused

AUTO = "auto"
Method = Literal["lora", "head", "full", "qlora"]
"""LoRA on all layers; on the last ones alone ("head only"); every weight; LoRA on a base in 4 bits (CUDA)."""
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All settings of a run. Lengths are in tokens of the base, shares from 0 to 1."""

    method: Method
    rank: int
    alpha: int
    dropout: float
    layers: int
    """The last so many layers are trained; 0: all of them."""
    rate: float
    """The learning rate at its highest; it rises over `warmup` of the steps and then falls to 0."""
    warmup: float
    decay: float
    """AdamW's weight decay."""
    clip: float
    """The gradient's norm is cut to this."""
    batch: int
    """Lessons a step."""
    epochs: int
    patience: int
    """Checks in a row without a lower loss after which the run stops; 0: never."""
    checks: int
    """How often in an epoch the loss on the validation part is taken."""
    context: int
    """Prompt and answer together, as in service."""
    answer_tokens: int
    """What serving keeps free for an answer."""
    passages: int
    """Passages of a prompt, as many as serving shows."""
    row_tokens: int
    """Lessons of a step are laid end to end in rows of about so many tokens; more is faster and takes
    more memory."""
    share: float
    """The share of the pairs that is trained on, for a learning curve; what is held back stays the same."""
    refusals: float
    """Refusals may be this share of the pairs at most; of more a part is left out."""
    replay: float
    """The base's own answers to general questions, as a share of all lessons."""
    precision: Precision
    """Of the base's frozen weights; what is trained is always in float32."""
    recompute: bool
    """Compute activations twice to save memory (gradient checkpointing)."""
    seed: int
    threads: int
    checkpoint_seconds: float
    """Not longer than this between two checkpoints; 0: after every step."""
    leave_out: bool
    """Leave out pairs that cannot be taught, such as one with too long an answer, instead of refusing."""
    smoke: bool
    """Train though there is too little to learn from: a trial of the machinery, never to be promoted."""
    epsilon: float
    """Differential privacy to be kept over the whole run (DP-SGD, experimental); 0: none."""
    country: str
    """ISO 3166 alpha-3 code for the energy's emissions, where codecarbon is installed; "" for none."""


_RANGES: dict[str, tuple[float, float]] = {
    "rank": (1, 512),
    "alpha": (1, 1024),
    "dropout": (0, 0.9),
    "layers": (0, 1000),
    "rate": (1e-8, 1.0),
    "warmup": (0, 0.9),
    "decay": (0, 1),
    "clip": (1e-3, 1e3),
    "batch": (1, 1024),
    "epochs": (1, 1000),
    "patience": (0, 1000),
    "checks": (1, 1000),
    "context": (64, 1_000_000),
    "answer_tokens": (1, 100_000),
    "passages": (1, 20),
    "row_tokens": (16, 1_000_000),
    "share": (0.01, 1),
    "refusals": (0, 1),
    "replay": (0, 0.9),
    "seed": (0, 2**32 - 1),
    "threads": (1, 1024),
    "checkpoint_seconds": (0, 86_400),
    "epsilon": (0, 1000),
}
_KEYS = {one.name for one in fields(Recipe)}


def check_asked(asked: Mapping[str, Any]) -> None:
    """Raises TrainingRefused, with expected and found, for a setting that is none or has no such value."""
    if strange := sorted(set(asked) - _KEYS):
        raise TrainingRefused(
            f"The recipe has no setting called {ascii(strange[0])[1:-1][:60]}. Settings are: "
            f"{', '.join(sorted(_KEYS))}."
        )
    for key, value in asked.items():
        if value != AUTO:
            _check_value(key, value)


def parse_recipe(text: str) -> dict[str, Any]:
    """What a recipe file asks for; settings that are "auto" are left out. Raises TrainingRefused."""
    try:
        asked = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TrainingRefused(f"The recipe is no TOML: {error}. Mend it there.") from error
    check_asked(asked)
    return {key: value for key, value in asked.items() if value != AUTO}


def render_recipe(recipe: Recipe, chosen: frozenset[str] = frozenset()) -> str:
    """The recipe as a file; settings named in `chosen` say that they were chosen automatically."""
    lines = []
    for key, value in asdict(recipe).items():
        lines.append(
            f"{key} = {_render_value(value)}" + ("  # chosen automatically" if key in chosen else "")
        )
    return "\n".join(lines) + "\n"


def _check_value(key: str, value: object) -> None:
    kind = get_type_hints(Recipe)[key]
    found = f"found {ascii(value)[:60]}"
    if choices := get_args(kind):
        if value not in choices:
            raise TrainingRefused(
                f"{key}: expected one of {', '.join(choices)}, {found}. Choose one of them."
            )
        return
    fitting = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not fitting or (isinstance(value, bool) and kind is not bool):
        raise TrainingRefused(f'{key}: expected {_NAMES[kind]}, {found}. Write one, or "auto".')
    low, high = _RANGES.get(key, (None, None))
    if isinstance(value, int | float) and low is not None and high is not None and not low <= value <= high:
        raise TrainingRefused(f'{key}: expected {low:g} to {high:g}, {found}. Write one, or "auto".')


_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def _render_value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return repr(value)
