"""`reading-room train card|publish|reproduce|curve|tune` as staff type them, over real runs and folders."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from serve.adapters.registry import Registry
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.handlers import make_handlers
from tests.serve.dataset_parts import withdraw
from tests.serve.training.test_deciding import examine
from tests.serve.training_parts import (
    QUICK,
    do_job,
    make_scene,
    make_settings,
    publish,
    submit,
)
from train.datasets.folder import open_dataset

Call = Callable[..., str]
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def settings(database: Database, tmp_path: Path, base: Path) -> Settings:
    url = database.engine.url.render_as_string(hide_password=False)
    return make_settings(tmp_path, base, database_url=url)


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


def dataset_of(training: Training) -> str:
    return training.datasets.versions()[0].version


def test_the_card_tells_the_exam_the_gate_and_the_decision(
    call: Call, training: Training, settings: Settings, base: Path
) -> None:
    trained = publish(training, settings, base, submit(training, dataset_of(training), **QUICK))
    before = call("train", "card", trained.version)
    assert "It has not sat an exam that this program knows of" in before
    run = examine(training, trained)
    call("train", "decide", run.id, "keep", "--why", "too few votes | yet")
    text = call("train", "card", run.version)
    assert text.startswith('---\nlibrary_name: "peft"\n')
    assert f"# Model card of {run.version}\n" in text
    assert "| keep | too few votes \\| yet |" in text
    assert "Verdict: not enough evidence." in text and "| automatic | pass |" in text
    assert "Question by question beside the base: 35 fixed, 0 broken" in text
    told = json.loads(call("train", "card", run.version, "--json"))
    figure = told["front"]["reading_room"]["scores"]["grounded_correctness"]
    assert figure["low"] < figure["value"] < figure["high"]
    with pytest.raises(NotFound, match="There is no adapter version .letters--v9-00000000"):
        call("train", "card", "letters--v9-00000000")


def test_a_card_goes_on_without_its_dataset(
    call: Call, training: Training, settings: Settings, base: Path
) -> None:
    run = publish(training, settings, base, submit(training, dataset_of(training), **QUICK))
    folder = training.datasets.store.find(run.dataset)
    (version,) = Registry(training.database).snapshot().versions
    folder.chmod(0o700)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    text = call("train", "card", version.name)
    assert "That version's folder is not here any more, so nothing else is known of it." in text


def test_publishing_writes_a_peft_folder_once(
    call: Call, training: Training, settings: Settings, base: Path, tmp_path: Path
) -> None:
    run = publish(training, settings, base, submit(training, dataset_of(training), **QUICK))
    out = tmp_path / "given"
    told = ("--out", str(out), "--licence", "cc-by-4.0", "--base-name", "org/reader")
    said = call("train", "publish", run.version, *told)
    assert str(out / "README.md") in said and "No licence" not in said
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "adapter_config.json", WEIGHTS]
    front = ModelCard.load(out / "README.md").data.to_dict()
    assert (front["license"], front["base_model"]) == ("cc-by-4.0", "org/reader")
    assert json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"] == "org/reader"
    with pytest.raises(Conflict, match="to be a new folder, found something there"):
        call("train", "publish", run.version, *told)
    assert "No licence is stated for it" in call(
        "train", "publish", run.version, "--out", str(tmp_path / "other")
    )


def test_a_version_is_made_again_by_one_command(
    call: Call, training: Training, settings: Settings, database: Database
) -> None:
    """Trained by a real worker, and again from what its manifest keeps: the weights are the same."""
    run = submit(training, dataset_of(training))
    job = do_job(database, {"train": make_handlers(settings, database)["train"]}, run.job)
    assert (job.state, job.problem) == ("succeeded", "")
    run = training.find(run.id)
    (version,) = Registry(database).snapshot().versions
    first = (settings.adapters / version.name / "README.md").read_text()
    assert f"| the adapter's weights | {version.sha256} |" in first
    assert "It has not sat an exam that this program knows of" in first
    assert ModelCard(first).data["reading_room"]["run"] == run.id
    said = call("train", "reproduce", version.name)
    assert f"The same weights, bit for bit: SHA-256 {version.sha256}." in said
    made = training.root / f"again-{version.name}" / "adapter" / WEIGHTS
    assert hashlib.sha256(made.read_bytes()).hexdigest() == version.sha256
    text = call("train", "card", version.name)
    assert f"| the adapter's weights | {version.sha256} |" in text and "not trained here" not in text
    assert str(settings.data.resolve()) not in text
    held = open_dataset(training.datasets.store.find(run.dataset)).train()
    shutil.rmtree(training.root / f"again-{version.name}")
    withdraw(database, held[0].pair.id)
    with pytest.raises(Conflict, match="Of the pairs of .* 1 may not be trained on again: withdrawn since"):
        call("train", "reproduce", version.name)
    assert "1 pair that it was trained on may not be used any more" in call("train", "card", version.name)
    with pytest.raises(Conflict, match="was trained on pairs that were withdrawn since"):
        call("train", "publish", version.name, "--out", str(training.root / "given"))
    assert not (training.root / "given").exists()
    assert not (training.root / f"again-{version.name}").exists()
    for study in ("curve", "tune"):
        with pytest.raises(Conflict, match="were withdrawn since it was made. Build a new version"):
            call("train", study, "--dataset", run.dataset)


def test_what_was_not_trained_here_cannot_be_made_again(
    call: Call, training: Training, settings: Settings, base: Path
) -> None:
    run = publish(training, settings, base, submit(training, dataset_of(training), **QUICK))
    with pytest.raises(Conflict, match="was not trained here: what it was made of is not known"):
        call("train", "reproduce", run.version)


@pytest.mark.parametrize("shares", ["50", "0,100", "50,200", "50,50"])
def test_shares_that_are_none_are_refused(call: Call, training: Training, shares: str) -> None:
    with pytest.raises(BadRequest, match="expected two or more different percentages"):
        call("train", "curve", "--dataset", dataset_of(training), "--shares", shares)
