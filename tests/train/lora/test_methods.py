"""The other ways to train: the last layers, every weight, beside the base's own answers, in private."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from serve.adapters.base import read_base as read_served_base
from serve.adapters.lora_config import find_config_problems
from tests.train.lora.made import ask_run, make_base, make_dataset, make_pairs, read_result
from train.datasets.folder import DatasetFolder
from train.lora.base import read_base
from train.lora.errors import TrainingFailed
from train.lora.model import check_moved
from train.lora.pausing import Pause
from train.lora.replay import HELD
from train.lora.run import run


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base") / "small")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, base: Path) -> DatasetFolder:
    return make_dataset(tmp_path_factory.mktemp("dataset"), make_pairs(24), base)


def test_the_head_alone_is_lora_on_the_last_layers_in_a_form_that_serving_takes(
    base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    folder = ask_run(tmp_path, base, dataset.path, method="head", layers=1, epochs=1)
    run(folder, Pause())
    weights = load_file(folder / "adapter" / "adapter_model.safetensors")
    assert len(weights) == 14 and all(".layers.1." in name for name in weights)
    config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    assert list(find_config_problems(config, 16)) == []
    shapes = read_served_base(base).shapes
    named = {m for m in shapes if any(m == t or m.endswith(f".{t}") for t in config["target_modules"])}
    assert named == {name for name in shapes if ".layers.1." in name}


def test_a_full_fine_tuning_is_a_base_of_its_own(base: Path, dataset: DatasetFolder, tmp_path: Path) -> None:
    folder = ask_run(tmp_path, base, dataset.path, method="full", rate=0.001, epochs=1)
    run(folder, Pause())
    result = read_result(folder)
    assert (result["kind"], result["promotable"]) == ("model", False)
    assert any("this is a new base" in said for said in result["remarks"])
    assert not (folder / "adapter").exists()
    tuned, before = read_served_base(folder / "model"), read_served_base(base)
    assert tuned.sha256 != before.sha256 and tuned.shapes == before.shapes
    assert (tuned.tokenizer_sha256, tuned.template_sha256) == (
        before.tokenizer_sha256,
        before.template_sha256,
    )
    model = AutoModelForCausalLM.from_pretrained(folder / "model")
    assert result["trained_parameters"] == sum(one.numel() for one in model.parameters()) > 200_000


def test_replay_is_the_base_s_own_greedy_answers(base: Path, dataset: DatasetFolder, tmp_path: Path) -> None:
    folder = ask_run(tmp_path, base, dataset.path, replay=0.2, epochs=1)
    run(folder, Pause())
    result = read_result(folder)
    told = [json.loads(line) for line in (folder / "replay.jsonl").read_text().splitlines()]
    parts = [one["of"] for one in told]
    assert parts.count("learnt") == result["lessons"]["replay"] == round(result["lessons"]["train"] * 0.25)
    assert parts.count("held") == HELD and len({one["question"] for one in told}) == len(told)
    model = AutoModelForCausalLM.from_pretrained(base).eval()  # type: ignore[no-untyped-call]
    for one in told[:2]:
        with torch.no_grad():
            scores = model(torch.tensor([[*one["prompt"], *one["answer"]]])).logits[0]
        foretold = scores[len(one["prompt"]) - 1 : -1].argmax(-1).tolist()
        assert foretold == one["answer"] and 0 < len(one["answer"]) <= 96


def test_privacy_is_kept_within_what_was_asked_and_the_weights_still_move(
    base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    folder = ask_run(tmp_path, base, dataset.path, epsilon=4.0, epochs=1)
    run(folder, Pause())
    result = read_result(folder)
    assert 3.0 < result["privacy"]["epsilon"] <= 4.0 and result["privacy"]["noise"] > 0.5
    assert result["moved"]["least"] > 0 and any("epsilon" in said for said in result["remarks"])
    assert not (folder / "checkpoints").exists()
    assert "chance" not in json.dumps(result)


def test_weights_that_did_not_move_or_are_no_numbers_are_no_result(
    base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    from safetensors.torch import save_file

    from tests.train.lora.made import make_recipe

    zero, spoilt = tmp_path / "zero", tmp_path / "spoilt"
    name = "base_model.model.model.layers.0.self_attn.q_proj.lora_{}.weight"
    for folder, value in ((zero, 0.0), (spoilt, float("nan"))):
        folder.mkdir()
        tensors = {name.format("A"): torch.ones(8, 32), name.format("B"): torch.full((32, 8), value)}
        save_file(tensors, folder / "adapter_model.safetensors")
    with pytest.raises(TrainingFailed, match="found 1 that have not, such as base_model"):
        check_moved(zero, make_recipe(), read_base(base))
    with pytest.raises(TrainingFailed, match="hold what is no number"):
        check_moved(spoilt, make_recipe(), read_base(base))
