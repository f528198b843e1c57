"""The settings of a run: what was asked for, and the rest by how much there is to learn from.

In-batch and mined negatives, one epoch, adapter weights: few pairs move a general model a little, and far
enough is soon too far (forgetting is what the guard questions are for).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from train.lora.errors import TrainingRefused

Method = Literal["lora", "full"]
LEAST = 300
"""Lessons from which on a run is worth it; with fewer it must be asked for by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """`negatives` for each question are besides those of its batch; `scale` is that of the loss.

    `longest` are tokens of a text, 0 for as many as the model reads; `checkpoint_every` are steps.
    """

    method: Method = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    learning_rate: float = 2e-4
    warm_up: float = 0.1
    weight_decay: float = 0.01
    clip: float = 1.0
    epochs: int = 1
    batch: int = 32
    negatives: int = 2
    scale: float = 20.0
    longest: int = 0
    checkpoint_every: int = 20
    seed: int = 7


_LIMITS: Mapping[str, tuple[float, float]] = {
    "rank": (1, 256), "alpha": (1, 1024), "dropout": (0, 0.9), "learning_rate": (1e-8, 1e-1),
    "warm_up": (0, 1), "weight_decay": (0, 1), "clip": (1e-3, 1e3), "epochs": (1, 20), "batch": (2, 512),
    "negatives": (0, 8), "scale": (1, 1000), "longest": (0, 8192), "checkpoint_every": (1, 100_000),
    "seed": (0, 2**31),
}  # fmt: skip


def choose_recipe(lessons: int, asked: Mapping[str, Any]) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe for so many lessons, and the names of the settings that were chosen and not asked for.

    Raises TrainingRefused for a setting that there is not, or a value that it cannot have.
    """
    check_asked(asked)
    chosen: dict[str, Any] = {
        # At least some ten steps for an epoch: with fewer the warm-up is all there is.
        "batch": max(2, min(32, lessons // 10)),
        "epochs": 1 if lessons >= 1000 else 2,
    }
    if asked.get("method") == "full":
        chosen["learning_rate"] = 2e-5  # a tenth of the adapter's
    recipe = Recipe(**{**chosen, **asked})
    return recipe, tuple(one.name for one in fields(Recipe) if one.name not in asked)


def check_asked(asked: Mapping[str, Any]) -> None:
    """Raises TrainingRefused with the first setting that cannot be used."""
    known = {one.name for one in fields(Recipe)}
    whole = {name for name, value in asdict(Recipe()).items() if isinstance(value, int)}
    for name, value in asked.items():
        if name not in known:
            raise TrainingRefused(
                f"recipe: no setting {ascii(name)[:40]}. There are: {', '.join(sorted(known))}."
            )
        if name == "method":
            if value not in ("lora", "full"):
                raise TrainingRefused(f"recipe: method: expected lora or full, found {ascii(value)[:40]}.")
            continue
        low, high = _LIMITS[name]
        is_number = isinstance(value, int if name in whole else (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise TrainingRefused(
                f"recipe: {name}: expected a {'whole ' if name in whole else ''}number from {low:g} to "
                f"{high:g}, found {ascii(value)[:40]}."
            )
