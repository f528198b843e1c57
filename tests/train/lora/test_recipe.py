"""Settings: chosen by size, laid down in TOML, and refused in words."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from train.lora.choosing import Device, choose_recipe
from train.lora.errors import TrainingRefused
from train.lora.recipe import parse_recipe, render_recipe

CPU = Device("cpu", 2, True, 4096)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (50, {"rank": 8, "alpha": 32, "dropout": 0.1, "rate": 1e-4, "warmup": 0.1, "batch": 4, "epochs": 3}),
        (199, {"rank": 8, "batch": 5, "epochs": 3}),
        (200, {"rank": 16, "alpha": 32, "dropout": 0.05, "rate": 2e-4, "warmup": 0.05, "batch": 6}),
        (999, {"rank": 16, "batch": 16, "epochs": 3}),
        (1000, {"rank": 16, "batch": 16, "epochs": 2, "patience": 2}),
        (50_000, {"batch": 16, "epochs": 2}),
    ],
)
def test_settings_by_the_size_of_the_dataset(pairs: int, expected: dict[str, float]) -> None:
    chosen = asdict(choose_recipe(pairs, CPU).recipe)
    assert {key: chosen[key] for key in expected} == expected
    assert (chosen["precision"], chosen["context"], chosen["threads"]) == ("bf16", 4096, 2)


@pytest.mark.parametrize(
    ("width", "rate"), [(0, 2e-4), (4096, 2e-4), (2000, 2e-4), (320, 8.37e-4), (16, 1e-3)]
)
def test_a_narrow_base_learns_at_a_higher_rate(width: int, rate: float) -> None:
    chosen = choose_recipe(500, Device("cpu", 2, True, 4096, width)).recipe
    assert chosen.rate == pytest.approx(rate, rel=1e-3)


def test_what_is_laid_down_is_kept_and_the_rest_is_named_as_chosen() -> None:
    asked = parse_recipe('rank = 4\nrate = 1\nepochs = "auto"\n')
    assert asked == {"rank": 4, "rate": 1}
    chosen = choose_recipe(100, CPU, asked)
    assert (chosen.recipe.rank, chosen.recipe.rate) == (4, 1)
    assert "rank" not in chosen.automatic and {"epochs", "batch", "precision"} <= chosen.automatic
    text = render_recipe(chosen.recipe, chosen.automatic)
    assert "rank = 4\n" in text and "epochs = 3  # chosen automatically\n" in text
    assert parse_recipe(text) == asdict(chosen.recipe)


def test_the_head_alone_and_all_of_it() -> None:
    assert choose_recipe(100, CPU, {"method": "head"}).recipe.layers == 2
    full = choose_recipe(100, CPU, {"method": "full"}).recipe
    assert full.precision == "fp32" and full.rate == pytest.approx(1e-5)
    assert choose_recipe(100, Device("cuda", 8, True, 0), {"method": "qlora"}).recipe.method == "qlora"
    assert choose_recipe(100, Device("cpu", 1, False, 512)).recipe.precision == "fp32"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rnak = 4", "no setting called rnak"),
        ("rank = 0", "rank: expected 1 to 512, found 0"),
        ("rank = 4.5", "rank: expected a whole number, found 4.5"),
        ("rank = true", "rank: expected a whole number, found True"),
        ("rate = nan", "rate: expected 1e-08 to 1, found nan"),
        ("rate = '1'", "rate: expected a number, found '1'"),
        ("method = 'dora'", "method: expected one of lora, head, full, qlora, found 'dora'"),
        ("smoke = 1", "smoke: expected true or false, found 1"),
        ("rank = ", "The recipe is no TOML"),
        ("method = 'qlora'", 'expected "lora" on a machine without an NVIDIA GPU'),
        ("method = 'full'\nprecision = 'bf16'", 'precision: expected "fp32" for a full fine-tuning'),
        ("context = 128\nanswer_tokens = 128", "answer_tokens: expected fewer than the context's 128"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(text: str, said: str) -> None:
    with pytest.raises(TrainingRefused) as refused:
        choose_recipe(100, CPU, parse_recipe(text))
    assert said in str(refused.value)
