"""Making a version again from what its lineage keeps, and whether the weights come out the same.

What would make the comparison meaningless (another base, other pairs, another index) is refused before
anything is trained; what may only move the last digits (another PyTorch, another processor) is said beside
the outcome.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from retrieval.prompt import PROMPT_VERSION
from retrieval.store.snapshot import read_current
from train.card.card import NOT_KNOWN
from train.card.lineage import Lineage, digest_text
from train.datasets.folder import open_dataset
from train.lora.base import read_base
from train.lora.errors import TrainingRefused
from train.lora.files import ADAPTER, RESULT, file_sha256, read_json
from train.lora.plan import Plan
from train.lora.recipe import Recipe

WEIGHTS = "adapter_model.safetensors"
_INDEX = "index "
"""How the origin of a run's passages begins where they were searched."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What making a version again gave. `expected` and `found` are SHA-256 of the weights; `lessons` says
    whether the same was taught (None: not known), `differences` in what the runs' surroundings differ."""

    expected: str
    found: str
    lessons: bool | None
    differences: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return self.expected == self.found

    def describe(self) -> str:
        """The outcome in a sentence or two."""
        if self.is_same:
            return f"The same weights, bit for bit: SHA-256 {self.found}."
        told = f"Other weights: expected SHA-256 {self.expected}, found {self.found}."
        if self.lessons is not None:
            told += f" What was taught was {'the same' if self.lessons else 'not the same'}, token by token."
        if self.differences:
            return f"{told} What differs may be why: {'; '.join(self.differences)}."
        return f"{told} Nothing that is kept differs: the machine, or a file outside the lineage, does."


def plan_again(
    lineage: Lineage, *, base: Path, dataset: Path, index: Path | None, embedder: str, instructions: str
) -> Plan:
    """The plan of the run to be made again, every setting laid down.

    `instructions` are the library's own as the run had them. Raises TrainingRefused where something is not
    as it was, DatasetDamaged where the dataset version is not whole.
    """
    if not lineage.is_known:
        raise TrainingRefused(
            "Expected a version that was trained by this program, found one whose dataset and recipe are not "
            "known. Only such a one can be made again."
        )
    _expect("the base's weights", lineage.base.get("sha256", ""), read_base(base).sha256)
    _expect("the dataset version", lineage.dataset_sha256, open_dataset(dataset).manifest.sha256)
    _expect("the library's instructions", lineage.instructions_sha256, digest_text(instructions))
    if lineage.prompt_version:
        _expect("the prompt's version", lineage.prompt_version, PROMPT_VERSION)
    if lineage.withdrawn:
        raise TrainingRefused(
            f"{lineage.withdrawn} pairs were left out of the run, and it is not kept which: it cannot be "
            "made again. Train on a dataset version without them."
        )
    searched = lineage.passages.startswith(_INDEX)
    if searched:
        _check_index(lineage.passages.removeprefix(_INDEX), index)
    return Plan(
        base=base,
        dataset=dataset,
        index=index if searched else None,
        embedder=embedder if searched else "",
        instructions=instructions,
        recipe=_read_recipe(lineage.recipe),
    )


def compare_run(folder: Path, lineage: Lineage, expected: str) -> Outcome:
    """What the finished run in `folder` gave, beside the version's weights. Raises OSError, ValueError."""
    result = read_json(folder / RESULT)
    before, now = lineage.lessons.get("sha256"), (result.get("lessons") or {}).get("sha256")
    return Outcome(
        expected=expected,
        found=file_sha256(folder / ADAPTER / WEIGHTS),
        lessons=before == now if before and now else None,
        differences=tuple(_find_differences(lineage, result)),
    )


def _expect(what: str, expected: str, found: str) -> None:
    if expected != found:
        raise TrainingRefused(
            f"Expected {what} as the run had it ({expected[:16] or 'none'}), found {found[:16] or 'none'}. "
            "Put it back, and try again."
        )


def _check_index(version: str, root: Path | None) -> None:
    found = read_current(root) if root else ""
    if found != version:
        raise TrainingRefused(
            f"Expected the index {version}, in which the run's other passages were found, found "
            f"{found or 'none'} in use. Go back to it (reading-room index use {version}), and try again."
        )


def _read_recipe(told: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they were; one that came into the program later is chosen, as it is elsewhere."""
    if strange := sorted(set(told) - {one.name for one in fields(Recipe)}):
        raise TrainingRefused(
            f"The run had a setting {ascii(strange[0])[1:-1][:60]}, which this program does not know. Use "
            "the version of the program that trained it."
        )
    return dict(told)


def _find_differences(lineage: Lineage, result: Mapping[str, Any]) -> Iterator[str]:
    for key in ("versions", "hardware", "recipe"):
        before: Mapping[str, Any] = getattr(lineage, key)
        after: Mapping[str, Any] = result.get(key) or {}
        for name in dict.fromkeys((*before, *after)):
            if before.get(name) != after.get(name):
                yield f"{name} {before.get(name, NOT_KNOWN)} then, {after.get(name, NOT_KNOWN)} now"
