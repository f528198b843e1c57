"""A whole run with a small model: to its verdict, over kills and stops, into service and out of it again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from retrieval.embedding import Embedder, load_embedder
from retrieval.library import Library
from retrieval.store.snapshot import read_current, switch_to
from tests.train.datasets.made_pairs import make_refusal, make_version
from tests.train.embedding.scene import (
    build_letters,
    make_example,
    make_letter_pair,
    make_tiny_model,
    say_nothing,
)
from train.embedding.example import write_examples
from train.embedding.plan import Plan, read_plan, write_plan
from train.embedding.run import run_embedding
from train.embedding.service import put_in_service
from train.lora.errors import TrainingPaused, TrainingRefused
from train.lora.events import read_curves, read_events

RECIPE = {"batch": 4, "epochs": 6, "checkpoint_every": 1, "learning_rate": 1e-2, "rank": 4, "negatives": 1}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load_embedder()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    """A library's data: an index of letters, a dataset version, and a small model to begin with."""
    folder = tmp_path_factory.mktemp("library")
    build_letters(folder / "data" / "index", embedder)
    make_tiny_model(folder)
    make_version(folder / "versions", [*map(make_letter_pair, range(30)), make_refusal(90)])
    write_examples(folder / "cases.jsonl", [make_example("fire"), make_example("engine")])
    return folder


def make_plan(place: Path, **changed: Any) -> Plan:
    (version,) = (place / "versions").iterdir()
    made = Plan(
        index=place / "data" / "index",
        dataset=version,
        cases=place / "cases.jsonl",
        model=str(place / "tiny"),
        force=True,
        recipe=RECIPE,
    )
    return replace(made, **changed)


@pytest.fixture(scope="module")
def done(place: Path) -> Path:
    """A run that went through at once."""
    folder = place / "run"
    write_plan(folder, make_plan(place))
    run_embedding(folder)
    return folder


def read_result(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((folder / "result.json").read_bytes())
    return told


def test_it_learns_and_says_what_it_is_worth(done: Path, place: Path, embedder: Embedder) -> None:
    result = read_result(done)
    learned = result["learned"]
    assert learned["method"] == "lora"
    assert learned["steps"] == len(learned["losses"]) > 30
    assert sum(learned["losses"][-5:]) < 0.8 * sum(learned["losses"][:5])
    assert (result["lessons"]["told"], result["lessons"]["lessons"]) == (0, result["lessons"]["groups"])
    assert (result["forced"], result["base"]) == (True, str(place / "tiny"))
    assert result["recipe"]["batch"] == 4
    assert "batch" not in result["automatic"]
    assert result["verdict"]["ruling"] == "not enough evidence"
    assert result["verdict"]["needed"] == 30
    assert result["embedder"]["before"] == embedder.digest
    assert result["embedder"]["after"].startswith(("int8v1-", "fp32v1-"))
    assert len(result["exam"]["before"]) == len(result["exam"]["after"])
    assert result["guard"]["of"] == "titles"
    assert result["versions"]["sentence-transformers"]
    assert not (done / "checkpoints").exists()


def test_the_adapter_is_left_as_peft_writes_it_without_a_place_on_this_machine(done: Path) -> None:
    config = json.loads((done / "adapter" / "adapter_config.json").read_bytes())
    assert (config["r"], config["base_model_name_or_path"]) == (4, "tiny")
    assert sorted(path.name for path in (done / "adapter").iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors",
    ]  # fmt: skip
    with safe_open(done / "adapter" / "adapter_model.safetensors", "pt") as weights:
        moved = [float(abs(weights.get_tensor(key)).max()) for key in weights.keys() if "lora_B" in key]
    assert len(moved) == 12
    assert min(moved) > 0


def test_the_exam_is_not_learned_from(done: Path, place: Path) -> None:
    result = read_result(done)
    examined = {one["id"] for one in result["exam"]["before"]}
    lessons = [json.loads(line) for line in (done / "lessons.jsonl").read_text("utf-8").splitlines()]
    assert examined
    assert not examined & {lesson["example"] for lesson in lessons}
    exam = {make_letter_pair(int(one[1:])).evidence[0].record_id for one in examined if one[1:] < "0090"}
    assert not any(record in lesson["keys"] for lesson in lessons for record in exam)


def test_events_tell_the_losses(done: Path) -> None:
    events = read_events(done / "events.jsonl")
    assert [events[0].type, events[-1].type] == ["started", "done"]
    losses = read_result(done)["learned"]["losses"]
    assert read_curves(events).train == tuple(enumerate(losses, start=1))
    warned = [event.message for event in events if event.level == "warn"]
    assert "fewer than 300: forced" in warned[0]


def test_a_run_that_is_done_is_not_done_again(done: Path) -> None:
    before = (done / "events.jsonl").read_bytes()
    assert run_embedding(done) == read_result(done)
    assert (done / "events.jsonl").read_bytes() == before


def test_killed_and_stopped_it_goes_on_to_the_same_weights(done: Path, place: Path) -> None:
    folder = place / "killed"
    write_plan(folder, make_plan(place))
    with start(folder) as process:
        wait_for_step(folder, 3)
        process.kill()
    assert not (folder / "learned.json").exists()
    reached = max(
        event.data["step"] for event in read_events(folder / "events.jsonl") if event.type == "checkpoint"
    )
    assert reached >= 3
    steps = iter(range(8))
    with pytest.raises(TrainingPaused, match="Stopped after step"):
        run_embedding(folder, lambda: next(steps, None) is None)
    with pytest.raises(TrainingPaused, match="between two stages"):
        run_embedding(folder, (folder / "learned.json").exists)
    one, other = (json.loads((run / "learned.json").read_bytes()) for run in (done, folder))
    assert other["losses"] == one["losses"]
    for name in ("adapter/adapter_model.safetensors", "model/model.safetensors"):
        assert (folder / name).read_bytes() == (done / name).read_bytes()
    assert [event.type for event in read_events(folder / "events.jsonl")].count("resumed") == 2


@contextmanager
def start(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The run in a process of its own, which does not outlive the test."""
    command = [sys.executable, "-m", "train.embedding", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_step(folder: Path, step: int) -> None:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        events = read_events(folder / "events.jsonl")
        if any(event.type == "checkpoint" and event.data["step"] >= step for event in events):
            return
        time.sleep(0.02)
    raise AssertionError("no checkpoint")


def test_sigterm_stops_it_with_75_and_a_refusal_is_2(place: Path) -> None:
    folder = place / "terminated"
    write_plan(folder, make_plan(place, recipe={**RECIPE, "epochs": 20}))
    with start(folder) as process:
        wait_for_step(folder, 2)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=600)
    assert process.returncode == 75
    assert told.splitlines()[-1].startswith("Stopped after step ")
    write_plan(folder, make_plan(place))
    with pytest.raises(TrainingRefused, match="expected the plan that this run began with, found another"):
        run_embedding(folder)


def test_what_is_not_better_goes_into_service_with_a_reason_only_and_out_again(
    done: Path, place: Path, embedder: Embedder
) -> None:
    root = place / "data" / "index"
    library = Library(root, embedder)
    before = library.current().version
    with pytest.raises(
        TrainingRefused, match="Expected a model that is better, found the verdict 'not enough"
    ):
        put_in_service(done, root, say_nothing)
    assert read_current(root) == before
    built = put_in_service(done, root, say_nothing, reason="a trial at the reading room")
    assert built.reused == built.manifest.passages  # taken over from the run's trial
    assert library.refresh() is True
    assert library.embedder.digest == read_result(done)["embedder"]["after"]
    assert library.embedder.name.startswith("tiny tuned ")
    assert library.current().search("Who wrote of the clock?").hits
    switch_to(root, before)
    assert library.refresh() is True
    assert library.embedder.digest == embedder.digest


def test_a_changed_model_is_not_put_in_service(done: Path, place: Path) -> None:
    root = place / "data" / "index"
    before = read_current(root)
    (model,) = (done / "export").glob("*/model.onnx")
    whole = model.read_bytes()
    model.write_bytes(whole[:-1] + b"x")
    try:
        with pytest.raises(TrainingRefused, match="not the one that was examined"):
            put_in_service(done, root, say_nothing, reason="it should not matter")
    finally:
        model.write_bytes(whole)
    assert read_current(root) == before


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"force": False},
            "Expected at least 300 lessons, found 2. of 2. examples. Give more pairs, or force",
        ),
        ({"dataset": Path("none")}, "none: expected a version's folder, found none"),
        ({"cases": Path("none.jsonl")}, "none.jsonl: expected examples, found no file"),
        ({"index": Path("none")}, "The index to tune for cannot be used: no index in none"),
        ({"guard": Path("none.jsonl")}, "The guard questions cannot be used: none.jsonl: cannot be read"),
        ({"model": "no/such-model"}, "cannot load the embedding model 'no/such-model'"),
    ],
)
def test_what_cannot_be_run_is_refused(
    place: Path, tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    write_plan(tmp_path / "run", make_plan(place, **changed))
    with pytest.raises(TrainingRefused, match=told):
        run_embedding(tmp_path / "run")
    assert not (tmp_path / "run" / "result.json").exists()
    assert read_events(tmp_path / "run" / "events.jsonl")[-1].type == "refused"


def test_withdrawn_pairs_are_not_learned_from(place: Path, tmp_path: Path) -> None:
    everything = tuple(f"p{number:04}" for number in range(30))
    write_plan(tmp_path / "run", make_plan(place, withdrawn=everything, cases=None))
    with pytest.raises(TrainingRefused, match="found 0 of 0 examples. Give more pairs."):
        run_embedding(tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "expected a plan, found none"),
        ('{"index": ""}', "expected the folder of the index"),
        ('{"index": "i"}', "expected a dataset version or cases, found neither"),
        ('{"index": "i", "cases": "c", "speed": 1}', "speed cannot be read"),
        ('{"index": "i", "cases": "c", "force": "yes"}', "force cannot be read"),
        ('{"index": "i", "cases": "c", "recipe": {"batch": 0}}', "batch: expected a whole number"),
    ],
)
def test_a_plan_that_is_none_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "plan.json").write_text(text, "utf-8")
    with pytest.raises(TrainingRefused, match=told):
        read_plan(tmp_path)


def test_a_plan_comes_back_from_its_file(place: Path, tmp_path: Path) -> None:
    plan = make_plan(place, withdrawn=("p0001",), guard=Path("questions.jsonl"))
    write_plan(tmp_path, plan)
    assert read_plan(tmp_path) == plan


def test_nothing_to_run_for_is_nothing_in_service(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="expected the result of a run, found none"):
        put_in_service(tmp_path, tmp_path / "index", say_nothing)
