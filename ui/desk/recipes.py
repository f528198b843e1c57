"""How a run is asked for: three choices, and every setting for those who want another value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from serve.wire.training import RecipeValue


@dataclass(frozen=True, slots=True)
class Effort:
    """One of the three choices; `recipe` is what it lays down, the rest is chosen by the dataset's size."""

    name: str
    title: str
    hint: str
    recipe: Mapping[str, RecipeValue] = field(default_factory=dict)


EFFORTS = (
    Effort(
        "quick",
        "Quick test",
        "Goes over the pairs once, to see that everything works. What comes of it is never put into service.",
        {"epochs": 1, "checks": 1, "smoke": True},
    ),
    Effort("recommended", "Recommended", "All settings are chosen by how many pairs there are."),
    Effort(
        "thorough",
        "Thorough",
        "Goes over the pairs up to 8 times, is checked more often, and stops when it gets no better.",
        {"epochs": 8, "checks": 4, "patience": 4},
    ),
)
BY_NAME = {effort.name: effort for effort in EFFORTS}
RECOMMENDED = "recommended"

SETTINGS = {
    "method": "What is trained: lora, head (last layers), qlora (on a GPU), full (makes a new base)",
    "rank": "Rank of the LoRA",
    "alpha": "Weight of the LoRA (alpha)",
    "dropout": "Dropout",
    "layers": "The last so many layers, 0 for all",
    "rate": "Learning rate",
    "warmup": "Share of the steps in which the rate rises",
    "decay": "Weight decay",
    "clip": "Cut of the gradient's norm",
    "batch": "Lessons in a step",
    "epochs": "Times over the pairs",
    "patience": "Checks without a gain before it stops, 0 for never",
    "checks": "Checks each time over",
    "context": "Prompt and answer, in tokens",
    "answer_tokens": "Answer, in tokens",
    "passages": "Passages in a prompt",
    "row_tokens": "Tokens computed together",
    "share": "Share of the pairs that is used",
    "refusals": "Share of “not found” at most",
    "replay": "Share of the base's own answers",
    "precision": "Precision of the base: fp32 or bf16",
    "recompute": "Save memory by computing twice",
    "seed": "Seed",
    "threads": "Threads",
    "checkpoint_seconds": "Seconds between checkpoints",
    "leave_out": "Leave out pairs that cannot be taught",
    "smoke": "Only a trial of the machinery",
    "epsilon": "Differential privacy (experimental), 0 for none",
    "country": "Country, for emissions (three letters)",
}
"""What a setting is called; one that is not here goes by its own name."""
PREFIX = "set-"
"""How the fields of settings are named in a form."""


def read_value(text: str) -> RecipeValue:
    """A setting as it was typed: yes or no, a number, or a word; the gateway says what fits."""
    if text.lower() in ("true", "yes", "false", "no"):
        return text.lower() in ("true", "yes")
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def show_value(value: RecipeValue) -> str:
    """A setting as it is typed."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def make_recipe(effort: str, typed: Mapping[str, str]) -> dict[str, RecipeValue]:
    """What a choice and the settings typed over it lay down; "" and "auto" leave a setting to be chosen."""
    recipe = dict(BY_NAME[effort].recipe) if effort in BY_NAME else {}
    for name, text in typed.items():
        if text.lower() == "auto":
            recipe.pop(name, None)
        elif text:
            recipe[name] = read_value(text)
    return recipe


def name_effort(recipe: Mapping[str, RecipeValue]) -> str:
    """Which of the choices a recipe is, "" where settings of its own were laid down."""
    return next((effort.title for effort in EFFORTS if dict(effort.recipe) == dict(recipe)), "")
