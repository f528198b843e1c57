"""What a run is reckoned to take, and what is done where that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from train.lora.base import BaseFolder
from train.lora.choosing import Device, choose_recipe
from train.lora.errors import TrainingRefused
from train.lora.estimate import (
    Amount,
    Machine,
    count_lora,
    estimate,
    estimate_memory,
    fit_recipe,
)
from train.lora.recipe import Recipe
from train.lora.sharing import GIB, plan_gpu

SMALL = BaseFolder(
    path=Path("small"),
    sha256="",
    tokenizer_sha256="",
    template_sha256="",
    context=2048,
    weights=134_515_008,
    bytes=269_030_016,
    matrices=((576, 192, 60), (576, 576, 60), (576, 1536, 60), (1536, 576, 30)),
    hidden=576,
    depth=30,
    vocabulary=49_152,
)
"""The shape of SmolLM2-135M."""
AMOUNT = Amount(lessons=256, tokens=128_000, answer_tokens=20_000, longest=700, held_tokens=12_000)


def speed(tokens: int) -> float:
    return tokens / 1000


def make(**asked: object) -> Recipe:
    return choose_recipe(256, Device("cpu", 2, True, 2048), {"threads": 2, **asked}).recipe


def test_time_grows_with_what_is_done() -> None:
    machine = Machine("cpu", 64 * GIB, 64 * GIB)
    lora = estimate(SMALL, make(), AMOUNT, machine, speed)
    assert (lora.steps, lora.tokens) == (-(-256 // 7) * 3, 384_000)
    assert lora.seconds[0] < lora.seconds[1] < lora.seconds[2]
    full = estimate(SMALL, make(method="full"), AMOUNT, machine, speed)
    twice = estimate(SMALL, make(recompute=True), AMOUNT, machine, speed)
    assert lora.seconds[1] < twice.seconds[1] and full.seconds[1] > 1.3 * lora.seconds[1]
    assert lora.kwh == pytest.approx(lora.seconds[1] * 20 / 3.6e6, abs=1e-4)


def test_memory_grows_with_rows_and_precision() -> None:
    small, large = (estimate_memory(SMALL, make(row_tokens=n), AMOUNT) for n in (1024, 2048))
    assert small < large < estimate_memory(SMALL, make(row_tokens=2048, precision="fp32"), AMOUNT)
    assert estimate_memory(SMALL, make(row_tokens=2048, recompute=True), AMOUNT) < small
    assert estimate_memory(SMALL, make(row_tokens=2048, method="full"), AMOUNT) > large + 14 * SMALL.weights
    assert count_lora(SMALL, make(rank=16)) == 16 * (60 * 768 + 60 * 1152 + 60 * 2112 + 30 * 2112)
    assert count_lora(SMALL, make(method="head", rank=16)) == count_lora(SMALL, make(rank=16)) * 2 // 30


def test_where_memory_is_short_rows_are_shortened_and_it_is_said() -> None:
    recipe = make()
    chosen = frozenset({"row_tokens", "recompute"})
    needed = estimate_memory(SMALL, recipe, AMOUNT)
    machine = Machine("cpu", int(needed / 0.9) - 1, 64 * GIB)
    fitted, found = fit_recipe(SMALL, recipe, chosen, AMOUNT, machine, speed)
    assert (fitted.row_tokens, fitted.recompute) == (700, False) and found.memory < needed
    assert found.remarks == ("To fit the memory: rows of 700 tokens. It is slower so.",)
    with pytest.raises(TrainingRefused, match="GB of free memory, found .* choose a shorter context"):
        fit_recipe(SMALL, recipe, frozenset(), AMOUNT, machine, speed)
    with pytest.raises(TrainingRefused, match="Expected .* GB of free memory"):
        fit_recipe(SMALL, recipe, chosen, AMOUNT, Machine("cpu", GIB // 2, GIB), speed)


def test_where_the_disk_is_full_it_is_not_begun() -> None:
    with pytest.raises(TrainingRefused, match="MB of free disk for checkpoints and the adapter, found 20 MB"):
        fit_recipe(SMALL, make(), frozenset(), AMOUNT, Machine("cpu", 64 * GIB, 20 * 2**20), speed)


def test_one_gpu_is_shared_with_the_engine_or_not() -> None:
    assert "fits beside what is in use (48.0 GB)" in plan_gpu(20 * GIB, 32 * GIB, 80 * GIB)
    with pytest.raises(TrainingRefused) as refused:
        plan_gpu(40 * GIB, 8 * GIB, 80 * GIB)
    assert "put the engine to sleep" in str(refused.value) and "share of 0.40 at most" in str(refused.value)
    with pytest.raises(TrainingRefused) as refused:
        plan_gpu(66 * GIB, 8 * GIB, 80 * GIB)
    assert "no share is left" in str(refused.value)
    with pytest.raises(TrainingRefused, match='found 24 in all. Train with method = "qlora"'):
        plan_gpu(40 * GIB, 20 * GIB, 24 * GIB)
