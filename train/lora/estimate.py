"""What a run will take before it begins: time, memory, disk, electricity; and whether that is there.

Time comes of the base's own matrix shapes, timed on this machine (`train.lora.speed`); memory of what
a row of tokens leaves behind for the backward pass. Both are estimates, checked against real runs in
tests/train/lora/test_estimate.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from train.lora.base import BaseFolder
from train.lora.energy import WATTS_A_CORE
from train.lora.errors import TrainingRefused
from train.lora.recipe import Recipe
from train.lora.sharing import GIB, SPARE, plan_gpu

PROGRAM = int(0.75 * GIB)
"""What Python, PyTorch and transformers take by themselves."""
_WIDTH = {"fp32": 4, "bf16": 2}
_ADAM = 16
"""Bytes for each trained parameter in float32: itself, its gradient, and Adam's two means."""
_BESIDES = 2.5
"""Time beside the matrices: attention, norms, LoRA's own, the optimizer."""
_COPIES_KEPT = 1.5
"""What peft's own LoRA keeps more, which copies inputs and outputs to float32; measured on a reader of 7
million weights."""
_BEGINNING, _EACH_STEP = 8.0, 0.05
"""Seconds for loading what computes, and for each step's events and its share of the checkpoints."""
_SPREAD = (0.6, 1.8)
_CHECKPOINTS = 4
"""Two checkpoints, the best weights and a draft may lie there at once."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What there is to learn: lessons of an epoch, their tokens and answer tokens, the longest one; and
    tokens that are checked on each time."""

    lessons: int
    tokens: int
    answer_tokens: int
    longest: int
    held_tokens: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds at least, likely and at most; bytes needed and free; what the GPU's sharing comes to."""

    steps: int
    tokens: int
    seconds: tuple[float, float, float]
    memory: int
    memory_free: int
    disk: int
    disk_free: int
    kwh: float
    device: str
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For events and the command's output."""
        return asdict(self)

    def describe(self) -> str:
        """One sentence for people."""
        low, likely, high = (_say_span(one) for one in self.seconds)
        return (
            f"About {likely} ({low} to {high}) for {self.steps} steps over {self.tokens:,} tokens; "
            f"{self.memory / GIB:.1f} GB of memory, {self.disk / 2**20:.0f} MB of disk, {self.kwh:.3f} kWh."
        )


@dataclass(frozen=True, slots=True)
class Machine:
    """What is free: bytes of memory for the model (the GPU's on CUDA), of disk; and of all GPU memory."""

    kind: str
    memory: int
    disk: int
    gpu_total: int = 0


def estimate(
    base: BaseFolder,
    recipe: Recipe,
    amount: Amount,
    machine: Machine,
    forward_seconds: Callable[[int], float],
) -> Estimate:
    """What the run takes. Refuses nothing: see `fit_recipe`."""
    steps = math.ceil(amount.lessons / recipe.batch) * recipe.epochs
    tokens = amount.tokens * recipe.epochs
    passes = 3 if recipe.method == "full" else 2
    if recipe.recompute:
        passes += 1
    head = 2 * amount.answer_tokens / max(1, amount.tokens) * base.vocabulary * base.hidden
    body = sum(into * out * many for into, out, many in base.matrices)
    likely = forward_seconds(tokens) * passes * _BESIDES * (1 + head / max(1, body))
    likely += forward_seconds(amount.held_tokens * recipe.epochs * recipe.checks) * _BESIDES
    likely += _BEGINNING + steps * _EACH_STEP
    low, high = (likely * share for share in _SPREAD)
    watts = WATTS_A_CORE * recipe.threads if machine.kind == "cpu" else 350.0
    return Estimate(
        steps=steps,
        tokens=tokens,
        seconds=(round(low, 1), round(likely, 1), round(high, 1)),
        memory=estimate_memory(base, recipe, amount),
        memory_free=machine.memory,
        disk=estimate_disk(base, recipe),
        disk_free=machine.disk,
        kwh=round(likely * watts / 3.6e6, 5),
        device=machine.kind,
    )


def estimate_memory(base: BaseFolder, recipe: Recipe, amount: Amount) -> int:
    """Bytes for the weights, what is trained, and the longest row's activations and scores."""
    width = _WIDTH[recipe.precision]
    stored = {"full": _ADAM, "qlora": 0.6}.get(recipe.method, float(width))
    row = max(amount.longest, min(recipe.row_tokens, amount.tokens))
    answers = row * amount.answer_tokens / max(1, amount.tokens)
    inputs = sum(into * many for into, _, many in base.matrices)
    outputs = sum(out * many for _, out, many in base.matrices)
    kept: float = inputs * (width + 1) + outputs * (width + 2)  # as `train.lora.low_rank` keeps them
    if recipe.method == "qlora" or recipe.epsilon:
        kept = _COPIES_KEPT * (inputs * (width + 8) + outputs * (width + 4))
    if recipe.recompute:
        kept = kept / max(1, base.depth) + base.hidden * base.depth * width
    scores = answers * base.vocabulary * 4 * 3
    loading = base.weights * width * 0.1
    return int(
        PROGRAM + base.weights * stored + count_lora(base, recipe) * _ADAM + row * kept + scores + loading
    )


def estimate_disk(base: BaseFolder, recipe: Recipe) -> int:
    """Bytes for checkpoints, the best weights and the adapter itself."""
    trained = base.weights if recipe.method == "full" else count_lora(base, recipe)
    return int(trained * 12 * _CHECKPOINTS + 2 * trained * 4 + 32 * 2**20)


def count_lora(base: BaseFolder, recipe: Recipe) -> int:
    """Parameters of the LoRA matrices."""
    if recipe.method == "full":
        return 0
    every = sum((into + out) * recipe.rank * many for into, out, many in base.matrices)
    return every * min(recipe.layers or base.depth, base.depth) // max(1, base.depth)


def fit_recipe(
    base: BaseFolder,
    recipe: Recipe,
    automatic: frozenset[str],
    amount: Amount,
    machine: Machine,
    forward_seconds: Callable[[int], float],
) -> tuple[Recipe, Estimate]:
    """The recipe, or one that needs less memory where the settings for that were left open; what it takes.

    Raises TrainingRefused, with what to do, where it does not fit.
    """
    tried = [recipe]
    if "row_tokens" in automatic:
        tried.append(replace(recipe, row_tokens=amount.longest))
    if "recompute" in automatic:
        tried.append(replace(tried[-1], recompute=True))
    for one in tried:
        found = estimate(base, one, amount, machine, forward_seconds)
        if found.memory <= machine.memory * SPARE:
            break
    else:
        raise TrainingRefused(_say_no_room(found, recipe, machine))
    if found.disk > machine.disk * SPARE:
        raise TrainingRefused(
            f"Expected {found.disk / 2**20:.0f} MB of free disk for checkpoints and the adapter, found "
            f"{machine.disk / 2**20:.0f} MB. Make room, or put the run's folder on another disk."
        )
    remarks = []
    if one is not recipe:
        changed = f"rows of {one.row_tokens} tokens"
        changed += ", activations computed twice" if one.recompute else ""
        remarks.append(f"To fit the memory: {changed}. It is slower so.")
    if machine.gpu_total:
        remarks.append(plan_gpu(found.memory, machine.memory, machine.gpu_total))
    return one, replace(found, remarks=tuple(remarks))


def measure_amount(train: Sequence[tuple[int, int]], held: Sequence[tuple[int, int]], replay: int) -> Amount:
    """The amount in lessons given as (tokens, answer tokens), with so many general answers besides."""
    of_replay = 80
    return Amount(
        lessons=len(train) + replay,
        tokens=sum(length for length, _ in train) + replay * of_replay,
        answer_tokens=sum(answer for _, answer in train) + replay * of_replay // 2,
        longest=max((length for length, _ in (*train, *held)), default=0),
        held_tokens=sum(length for length, _ in held),
    )


def _say_no_room(found: Estimate, recipe: Recipe, machine: Machine) -> str:
    if machine.gpu_total:
        try:
            return plan_gpu(found.memory, machine.memory, machine.gpu_total)
        except TrainingRefused as refused:
            return str(refused)
    cheaper = ["a smaller base"]
    if recipe.precision == "fp32" and recipe.method != "full":
        cheaper.insert(0, 'precision = "bf16"')
    if recipe.method == "full":
        cheaper.insert(0, 'method = "lora"')
    return (
        f"Expected {found.memory / GIB:.1f} GB of free memory, found {machine.memory / GIB:.1f}. Free some, "
        "train "
        f"on a machine with more, or choose a shorter context, {' or '.join(cheaper)}."
    )


def _say_span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
