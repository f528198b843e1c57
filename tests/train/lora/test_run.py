"""A whole run on a small base: what comes out, and that stopping it anywhere changes nothing."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.adapters.base import read_base as read_served_base
from serve.adapters.folder import check_adapter
from serve.training.exam import read_replay_loss
from tests.train.lora.made import ask_run, make_base, make_dataset, make_pairs, read_result
from tests.train.lora.processes import finish_run, stop_run
from train.datasets.folder import DatasetFolder
from train.lora.events import Event, read_curves, read_events
from train.lora.files import folder_sha256
from train.lora.replay import HELD

PAUSED = 75


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("base") / "small")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, base: Path) -> DatasetFolder:
    return make_dataset(tmp_path_factory.mktemp("dataset"), make_pairs(30), base)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, base: Path, dataset: DatasetFolder) -> Path:
    """A run that nobody disturbed."""
    folder = ask_run(tmp_path_factory.mktemp("whole"), base, dataset.path)
    assert finish_run(folder) == (0, "")
    return folder


def test_what_comes_out_is_an_adapter_that_serving_takes(whole: Path, base: Path, tmp_path: Path) -> None:
    result = read_result(whole)
    assert sorted(file.name for file in (whole / "adapter").iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert result["files"] == folder_sha256(whole / "adapter")
    config = json.loads((whole / "adapter" / "adapter_config.json").read_text())
    assert (config["r"], config["lora_alpha"], config["bias"]) == (8, 32, "none")
    assert config["base_model_name_or_path"] == "small"
    served = read_served_base(base)
    assert result["base"]["sha256"] == served.sha256
    assert result["base"]["tokenizer_sha256"] == served.tokenizer_sha256
    assert result["base"]["template_sha256"] == served.template_sha256
    weights = result["files"]["adapter_model.safetensors"]
    copy = tmp_path / f"letters--v1-{weights[:8]}"
    shutil.copytree(whole / "adapter", copy)
    manifest = {"base_sha256": served.sha256, "files": result["files"]}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    assert check_adapter(copy, served, most_rank=16).problems == ()


def test_the_result_says_what_was_done_with_what(whole: Path, dataset: DatasetFolder) -> None:
    result = read_result(whole)
    assert result["dataset"]["sha256"] == dataset.manifest.sha256
    held, train = result["dataset"]["held"], result["dataset"]["train"]
    assert held + train == dataset.manifest.counts["pairs"] and held >= 2
    assert result["lessons"]["train"] == train and result["lessons"]["replay"] == 0
    assert result["steps"]["planned"] == -(-train // 4) * 2
    assert result["promotable"] is False and any("A trial only" in said for said in result["remarks"])
    assert result["loss"]["valid"][-1][1] < result["loss"]["valid"][0][1]
    assert result["loss"]["valid"][0][0] == 0 and len(result["loss"]["train"]) == result["steps"]["done"]
    assert result["moved"]["matrices"] == 14 and result["moved"]["least"] > 0
    assert result["recipe"]["rate"] == 0.01 and "rate" not in result["automatic"]
    assert "rank" in result["automatic"] and result["seeds"] == {"all": 0}
    assert result["seconds"]["wall"] > 0 and result["seconds"]["sessions"] == 1
    assert result["energy"]["kwh"] > 0 and result["hardware"]["threads"] == 1
    assert set(result["versions"]) >= {"python", "torch", "transformers", "peft"}
    assert not (whole / "checkpoints").exists()


def test_what_the_base_says_of_itself_is_held_against_it(whole: Path) -> None:
    told = [json.loads(line) for line in (whole / "replay.jsonl").read_text().splitlines()]
    assert [one["of"] for one in told] == ["held"] * HELD, "no replay was asked for, and all is held back"
    loss = read_result(whole)["replay_loss"]
    # A rate of 0.01 on a base of random weights: what it said before, it does not say any more.
    assert 0 < loss["before"] < loss["after"]
    change = read_replay_loss(whole)
    assert change is not None and change == pytest.approx(loss["after"] / loss["before"] - 1)


def test_the_exam_is_never_seen(whole: Path, dataset: DatasetFolder) -> None:
    exam = {member.pair.id for member in dataset.exam()}
    assert exam and not any(one in (whole / "events.jsonl").read_text() for one in exam)
    counts = read_result(whole)["dataset"]
    assert counts["held"] + counts["train"] == len(dataset.train())


def test_a_run_that_is_done_does_nothing_more(whole: Path) -> None:
    before = folder_sha256(whole)
    assert finish_run(whole) == (0, "")
    assert {**folder_sha256(whole), "stderr": ""} == {**before, "stderr": ""}


def at_step(step: int) -> Callable[[list[Event]], bool]:
    return lambda events: any(
        event.type == "metrics" and event.data.get("step") == step and "train_loss" in event.data
        for event in events
    )


@pytest.mark.parametrize("steps", [(1, 4), (2,), (6, 7, 9)])
def test_killed_at_any_step_it_goes_on_to_the_same_weights(
    whole: Path, base: Path, dataset: DatasetFolder, tmp_path: Path, steps: tuple[int, ...]
) -> None:
    folder = ask_run(tmp_path / "run", base, dataset.path)
    for step in steps:
        assert stop_run(folder, at_step(step), signal.SIGKILL) == -signal.SIGKILL
        assert not (folder / "result.json").exists() and not (folder / "adapter").exists()
    assert finish_run(folder) == (0, "")
    assert folder_sha256(folder / "adapter") == folder_sha256(whole / "adapter")
    curves, expected = (
        read_curves(read_events(folder / "events.jsonl")),
        read_curves(read_events(whole / "events.jsonl")),
    )
    assert curves == expected
    assert read_result(folder)["replay_loss"] == read_result(whole)["replay_loss"]
    assert read_result(folder)["seconds"]["sessions"] == len(steps) + 1


def test_asked_to_stop_it_pauses_and_goes_on_to_the_same_weights(
    whole: Path, base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    folder = ask_run(tmp_path / "run", base, dataset.path, checkpoint_seconds=3600.0)
    assert stop_run(folder, at_step(3), signal.SIGTERM) == PAUSED
    assert read_events(folder / "events.jsonl")[-1].type == "paused"
    assert stop_run(folder, lambda events: events[-1].type == "resumed", signal.SIGTERM) == PAUSED
    assert finish_run(folder) == (0, "")
    assert folder_sha256(folder / "adapter") == folder_sha256(whole / "adapter")


def test_a_checkpoint_that_was_spoilt_is_not_gone_on_from(
    whole: Path, base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    folder = ask_run(tmp_path / "run", base, dataset.path)
    stop_run(folder, at_step(4), signal.SIGKILL)
    written = (folder / "checkpoints").glob("checkpoint-*/adapter_model.safetensors")
    newest = max(written, key=lambda one: int(one.parent.name.split("-")[1]))
    with newest.open("r+b") as weights:
        weights.seek(-8, 2)
        weights.write(b"\0" * 8)
    assert finish_run(folder) == (0, "")
    assert folder_sha256(folder / "adapter") == folder_sha256(whole / "adapter")


def test_it_does_not_go_on_under_another_plan_or_base(
    base: Path, dataset: DatasetFolder, tmp_path: Path
) -> None:
    folder = ask_run(tmp_path / "run", base, dataset.path)
    stop_run(folder, at_step(2), signal.SIGKILL)
    ask_run(folder, base, dataset.path, rate=0.02)
    code, said = finish_run(folder)
    assert code == 2 and said.startswith("This run was begun with another plan: expected ")
    assert not (folder / "result.json").exists()


def test_it_stops_early_and_keeps_what_was_best(base: Path, dataset: DatasetFolder, tmp_path: Path) -> None:
    """At a rate far too high the loss on the part held back rises: it is told, and the lowest is kept."""
    folder = ask_run(tmp_path / "run", base, dataset.path, rate=0.5, epochs=12, checks=1, patience=2)
    assert finish_run(folder) == (0, "")
    result = read_result(folder)
    valid = dict(map(tuple, result["loss"]["valid"][1:]))
    assert result["stopped"] == "The loss on the part held back did not fall for 2 checks."
    assert result["steps"]["done"] < result["steps"]["planned"]
    assert valid[result["steps"]["kept"]] == min(valid.values())
    assert result["steps"]["kept"] < result["steps"]["done"]
