"""Settings by the size of the dataset and the device, where a recipe leaves them open.

After what "LoRA Without Regret" (Schulman et al., 2025) and its reproductions agree on: LoRA on every
linear layer, a rate about ten times that of full fine-tuning, small batches, and few epochs
with early stopping where there is little to learn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from train.lora.errors import TrainingRefused
from train.lora.recipe import AUTO, Recipe, check_asked

LEAST = 50
"""Pairs from which on an adapter may be promoted; fewer are enough for a smoke test only."""
MOST_CONTEXT = 4096
_HEAD_LAYERS = 2
_PLAIN_WIDTH = 2000
_FULL_RATE = 0.1
"""Full fine-tuning takes about a tenth of LoRA's rate."""


@dataclass(frozen=True, slots=True)
class Device:
    """What a run may use: `kind` is "cpu" or "cuda", `threads` the cores for it, `bf16` whether it computes
    in bfloat16 by instructions of its own, `context` and `width` (of the hidden states) the base's own (0:
    not known)."""

    kind: str = "cpu"
    threads: int = 1
    bf16: bool = False
    context: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class Chosen:
    """A whole recipe, and the names of the settings in it that were chosen automatically."""

    recipe: Recipe
    automatic: frozenset[str]


def choose_recipe(pairs: int, device: Device, asked: Mapping[str, Any] | None = None) -> Chosen:
    """The settings for `pairs` pairs to learn from, with what is `asked` for laid over them.

    Raises TrainingRefused for what cannot be asked for.
    """
    laid_down = {key: value for key, value in (asked or {}).items() if value != AUTO}
    check_asked(laid_down)
    recipe = replace(_choose(pairs, device, laid_down), **laid_down)
    _check_together(recipe, device)
    return Chosen(recipe, frozenset(one.name for one in fields(Recipe)) - set(laid_down))


def scale_rate(width: int) -> float:
    """How much faster a narrow base learns than one of 2,000 dimensions: (2000 / width) ** 0.781, 1 to 5.

    The power is Thinking Machines' fit over Llama models (tinker-cookbook); 1 where the width is not known.
    """
    return min(5.0, max(1.0, (_PLAIN_WIDTH / width) ** 0.781)) if width else 1.0


def _choose(pairs: int, device: Device, asked: Mapping[str, Any]) -> Recipe:
    small, large = pairs < 200, pairs >= 1000
    method = asked.get("method", "lora")
    epochs = int(asked.get("epochs", 2 if large else 3))
    context = int(asked.get("context", min(device.context or MOST_CONTEXT, MOST_CONTEXT)))
    rate = (1e-4 if small else 2e-4) * scale_rate(device.width)
    return Recipe(
        method=method,
        rank=8 if small else 16,
        alpha=32,
        dropout=0.1 if small else 0.05,
        layers=_HEAD_LAYERS if method == "head" else 0,
        rate=rate * _FULL_RATE if method == "full" else rate,
        warmup=0.1 if small else 0.05,
        decay=0.0,
        clip=1.0,
        batch=16 if large else min(16, max(4, pairs * epochs // 100)),
        epochs=epochs,
        patience=2,
        checks=2,
        context=context,
        answer_tokens=min(512, context // 2),
        passages=6,
        row_tokens=min(context, 1024) if device.kind == "cpu" else 4 * context,
        share=1.0,
        refusals=0.2,
        replay=0.15,
        precision="bf16" if device.bf16 and method != "full" else "fp32",
        recompute=False,
        seed=0,
        threads=device.threads,
        checkpoint_seconds=60.0,
        leave_out=False,
        smoke=False,
        epsilon=0.0,
        country="",
    )


def _check_together(recipe: Recipe, device: Device) -> None:
    if recipe.method == "qlora" and device.kind != "cuda":
        raise TrainingRefused(
            'method: expected "lora" on a machine without an NVIDIA GPU, found "qlora". Choose "lora", or '
            "train on a machine with one."
        )
    if recipe.method == "full" and recipe.precision != "fp32":
        raise TrainingRefused(
            'precision: expected "fp32" for a full fine-tuning, where small steps would be lost in bfloat16, '
            'found "bf16". Take it out of the recipe.'
        )
    if recipe.epsilon and recipe.method == "full":
        raise TrainingRefused(
            "epsilon: expected 0 for a full fine-tuning, found "
            f"{recipe.epsilon:g}. Train a LoRA with differential privacy."
        )
    if recipe.answer_tokens >= recipe.context:
        raise TrainingRefused(
            f"answer_tokens: expected fewer than the context's {recipe.context}, found "
            f"{recipe.answer_tokens}. Lower it."
        )
