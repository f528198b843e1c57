"""A version's run in a real MLflow store, written by the real process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serve.errors import BadRequest
from serve.training.tracking import SILENT, track
from tests.train.card.made import VERSION, WEIGHTS, make_result, make_subject
from tests.train.lora.made import ROOT
from train.card.tracking import describe_tracked
from train.lora.files import write_json


def test_what_is_written_is_the_recipe_the_losses_and_the_scores(tmp_path: Path) -> None:
    told = describe_tracked(make_subject(tmp_path), make_result())
    assert told["name"] == VERSION and told["params"]["epochs"] == "2"
    assert told["tags"]["sha256"] == WEIGHTS and told["tags"]["run"] == "run-1"
    metrics = told["metrics"]
    assert [one for one in metrics if one[0] == "valid_loss"] == [
        ("valid_loss", 2.0, 0),
        ("valid_loss", 1.5, 1),
        ("valid_loss", 1.75, 2),
    ]
    scores = {name: value for name, value, _ in metrics if name.startswith("exam.grounded_correctness")}
    assert scores["exam.grounded_correctness"] == 0.75
    assert scores["exam.grounded_correctness.low"] < 0.75 < scores["exam.grounded_correctness.high"]
    assert told["card"].startswith("---\n")


def test_without_mlflow_it_says_so() -> None:
    """Python takes a module of None for one that is not there."""
    run = "import sys; sys.modules['mlflow'] = None; from train.card.tracking import main; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", run], input="{}", capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == (
        "Expected MLflow, which is not installed. Install it: pip install reading-room[mlflow]\n"
    )


@pytest.mark.filterwarnings("ignore")  # MLflow's own, about SQLAlchemy
def test_mlflow_has_the_run(tmp_path: Path) -> None:
    mlflow = pytest.importorskip(
        "mlflow"
    )  # its older dependencies keep it out of what is installed for tests
    folder = tmp_path / "run"
    folder.mkdir()
    write_json(folder / "result.json", make_result())
    store = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = track(make_subject(tmp_path), folder, store, "letters")
    client = mlflow.MlflowClient(tracking_uri=store)
    found = client.get_run(run)
    assert found.info.status == "FINISHED" and found.info.run_name == VERSION
    assert found.data.params["rank"] == "8" and found.data.tags["sha256"] == WEIGHTS
    assert found.data.metrics["exam.grounded_correctness"] == 0.75
    history = [(one.step, one.value) for one in client.get_metric_history(run, "valid_loss")]
    assert sorted(history) == [(0, 2.0), (1, 1.5), (2, 1.75)]
    assert found.data.tags["mlflow.note.content"].startswith("---\n")
    with pytest.raises(BadRequest):
        track(make_subject(tmp_path / "other"), folder, "nonsense://nowhere", "letters")


def test_mlflow_is_told_to_tell_nobody() -> None:
    pytest.importorskip("mlflow")
    assert SILENT["MLFLOW_DISABLE_TELEMETRY"] == "true"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from mlflow.telemetry.utils import is_telemetry_disabled; print(is_telemetry_disabled())",
        ],
        env={**os.environ, **SILENT},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "True", done.stderr
