"""`reading-room train ...` and `gate` as staff type them."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.adapters.registry import Registry
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.jobs.queue import Jobs
from serve.settings import Settings
from serve.training.administration import Training
from tests.serve.training.test_deciding import examine
from tests.serve.training_parts import make_scene, make_settings, publish, submit

Call = Callable[..., str]


@pytest.fixture
def settings(database: Database, tmp_path: Path, base: Path) -> Settings:
    url = database.engine.url.render_as_string(hide_password=False)
    return make_settings(tmp_path, base, database_url=url)


@pytest.fixture
def training(database: Database, settings: Settings) -> Training:
    return make_scene(database, settings)[0]


def dataset_of(training: Training) -> str:
    return training.datasets.versions()[0].version


def test_a_run_is_asked_for_followed_and_ended(call: Call, training: Training, tmp_path: Path) -> None:
    assert call("train", "list").startswith("There are no runs yet.")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('epochs = 2\nrate = "auto"\n')
    dataset = dataset_of(training)
    told = ("--recipe", str(recipe), "--set", "method=head", "--set", "epochs=1", "--set", "recompute=true")
    said = call("train", "lora", "--dataset", dataset, "--why", "to try", *told)
    (run,) = training.list()[0]
    assert (run.adapter, run.why, run.created_by) == ("letters", "to try", getpass.getuser())
    assert run.asked == {"epochs": 1, "method": "head", "recompute": True}
    assert said.startswith(f"{run.id}: letters on {dataset}, 58 pairs to train on, 10 in the exam.")
    assert f"{run.id}  waiting: letters on {dataset}" in call("train", "list")
    assert json.loads(call("train", "list", "--json"))[0]["stage"] == "waiting"
    assert f"{run.job} is paused." in call("train", "pause", run.id)
    assert f"{run.id}: paused. letters on {dataset}" in call("train", "show", run.id)
    assert f"{run.job} is queued." in call("train", "resume", run.id)
    assert f"{run.job} is cancelled." in call("train", "cancel", run.id, "--why", "a mistake")
    assert Jobs(training.database).find(run.job).state == "cancelled"


@pytest.mark.parametrize(
    ("words", "error", "told"),
    [
        (("--set", "speed=9"), BadRequest, "no setting called speed"),
        (("--set", "epochs=many"), BadRequest, "epochs: expected a whole number"),
        (("--recipe", "nowhere.toml"), BadRequest, "expected a recipe in TOML, found none to read"),
        (("--set", "rank=64"), Conflict, "rank: expected 16 at most"),
        (("--base", "nowhere"), Conflict, "Expected the base model on this machine"),
        (("--name", "base"), BadRequest, "means nothing else here"),
    ],
)
def test_what_cannot_be_trained_is_said(
    call: Call, training: Training, words: tuple[str, ...], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        call("train", "lora", "--dataset", dataset_of(training), *words)
    assert training.list()[1] == 0


def test_the_gate_is_read_and_decided_on(
    call: Call, training: Training, settings: Settings, base: Path
) -> None:
    run = examine(training, publish(training, settings, base, submit(training, dataset_of(training))))
    said = call("gate", run.version, code=2)
    assert "people: not enough evidence. Nobody has compared its answers blindly yet." in said
    assert json.loads(call("gate", run.id, "--json", code=2))["verdict"] == "not enough evidence"
    with pytest.raises(Conflict, match="an administrator promotes it all the same"):
        call("train", "decide", run.version, "promote", "--why", "better")
    said = call(
        "train", "decide", run.id, "promote", "--why", "better", "--override", "few of us", "--share", "100"
    )
    assert said.splitlines()[0] == f"letters: {run.version} answers 100 % of the conversations."
    assert Registry(training.database).snapshot().aliases[0].stable == run.version
    assert "promote. better; against the gate: few of us" in call("train", "show", run.version)
    assert call("train", "affected").startswith("No adapter version was trained on a pair")
    with pytest.raises(NotFound, match="No run here made letters--v9-00000000"):
        call("gate", "letters--v9-00000000")
