"""A whole small study: real runs of a tiny base on made-up pairs, measured on what none of them saw."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.lora.made import QUICK, make_base, make_dataset, make_pairs
from train.curve.learning import draw_curve
from train.curve.measured import TOKENS
from train.curve.report import write_curve
from train.curve.study import Study
from train.lora.errors import TrainingRefused
from train.lora.plan import Plan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    root = tmp_path_factory.mktemp("study")
    base = make_base(root / "base")
    dataset = make_dataset(root / "sets", make_pairs(60), base)
    return Plan(base=base, dataset=dataset.path, recipe={**QUICK, "checkpoint_seconds": 60.0, "epochs": 4})


def test_a_study_runs_measures_and_goes_on(plan: Plan, tmp_path: Path) -> None:
    said: list[str] = []
    study = Study(tmp_path / "curve", plan, said.append)
    curve = draw_curve(study, (0.5, 1.0))
    half, whole = curve.found
    assert (curve.base.pairs, whole.pairs) == (0, whole.result["dataset"]["train"])
    assert abs(half.pairs - whole.pairs / 2) <= 1
    learnt = whole.result["dataset"]["train"] + whole.result["dataset"]["held"]
    assert learnt == study.held.others  # what is measured on was not learnt from
    for found in (curve.base, half, whole):
        assert [one.id for one in found.measured.marked] == list(study.held.ids)
    losses = [found.measured.estimate()["loss"].value for found in (curve.base, half, whole)]
    assert losses[2] < losses[0] and losses[1] < losses[0]  # it has learnt something
    assert curve.gain.count == len(study.held.pairs)
    assert curve.base.measured.estimate()[TOKENS].value < 0.1  # random weights know nothing
    write_curve(study.root, curve)
    before = (study.root / "outcome.json").read_bytes()
    assert sum("training" in line for line in said) == 2

    again: list[str] = []
    curve = draw_curve(Study(tmp_path / "curve", plan, again.append), (0.5, 1.0))
    write_curve(study.root, curve)
    assert again == [] and (study.root / "outcome.json").read_bytes() == before
    with pytest.raises(TrainingRefused, match="holds another study"):
        Study(tmp_path / "curve", replace(plan, recipe={**plan.recipe, "rate": 0.5}), again.append)
    # words of the pairs are in no file of the study but the runs' own
    for name in ("study.json", "outcome.json", "100/measured.json", "100/measure.json", "base/measured.json"):
        assert "Letter about" not in (study.root / name).read_text()
    assert json.loads(before)["points"][0]["name"] == "base, untrained"


def test_a_folder_with_something_else_in_it_is_left_alone(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(TrainingRefused, match="to be a new folder, found something in it"):
        Study(tmp_path, plan, print)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_dataset_that_was_tampered_with_is_refused(plan: Plan, tmp_path: Path) -> None:
    copy = tmp_path / plan.dataset.name
    shutil.copytree(plan.dataset, copy)
    (copy / "pairs.jsonl").chmod(0o600)
    text = (copy / "pairs.jsonl").read_text()
    (copy / "pairs.jsonl").write_text(text.replace("Yes:", "No:", 1))
    (copy / "pairs.jsonl").chmod(0o440)
    with pytest.raises(TrainingRefused, match="The dataset version cannot be trusted"):
        Study(tmp_path / "curve", replace(plan, dataset=copy), print)
    assert not (tmp_path / "curve").exists()
