"""A version is made again from its lineage alone: two real runs of a tiny base, and their weights compared."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from tests.train.lora.made import ROOT, ask_run, make_base, make_dataset, make_pairs, read_result, start_run
from train.card.card import Subject
from train.card.lineage import Lineage, make_lineage, read_lineage
from train.card.making import make_card
from train.card.publishing import publish
from train.card.reproduction import Outcome, compare_run, plan_again
from train.datasets.folder import DatasetFolder
from train.lora.errors import TrainingRefused
from train.lora.files import file_sha256
from train.lora.plan import read_plan, write_plan

WEIGHTS = "adapter_model.safetensors"
PATIENCE = 900
"""Seconds a run of a few small steps may take on a machine that others keep busy."""


GUARD = """
import os, sys
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
def watch(event, args):
    if event in NETWORK:
        os.write(2, f"{event} {args}".encode())
        os._exit(99)
sys.addaudithook(watch)
from train.lora.__main__ import main
sys.exit(main([sys.argv[1]]))
"""


@dataclass(frozen=True)
class Made:
    """A version that was trained: `told` is what its manifest keeps."""

    base: Path
    dataset: DatasetFolder
    adapter: Path
    told: Mapping[str, Any]
    sha256: str

    @property
    def lineage(self) -> Lineage:
        return read_lineage(self.told)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("first")
    base = make_base(root / "base")
    dataset = make_dataset(root / "sets", make_pairs(30), base)
    folder = ask_run(root / "run", base, dataset.path)
    run = start_run(folder)
    _, complaint = run.communicate(timeout=PATIENCE)
    assert run.returncode == 0, complaint
    told = make_lineage(
        run="run-1", plan=read_plan(folder), result=read_result(folder), dataset=dataset.manifest
    )
    kept = json.loads(json.dumps(told))  # as a manifest keeps it
    adapter = (folder / "adapter").rename(root / "adapter")
    shutil.rmtree(folder)  # nothing of the first run is left but its lineage and its weights
    return Made(base, dataset, adapter, kept, file_sha256(adapter / WEIGHTS))


def again(made: Made, lineage: Lineage | None = None, **changed: Any) -> Any:
    told = {
        "base": made.base,
        "dataset": made.dataset.path,
        "index": None,
        "embedder": "",
        "instructions": "",
    }
    return plan_again(lineage or made.lineage, **{**told, **changed})


def test_the_same_facts_give_the_same_weights_and_ask_no_network(made: Made, tmp_path: Path) -> None:
    """An attempt to connect or to look a name up would end the process: the audit hook sees it first."""
    folder = tmp_path / "again"
    write_plan(folder, again(made))
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSF"))
    }
    done = subprocess.run(
        [sys.executable, "-c", GUARD, str(folder)],
        cwd=ROOT,
        env={**environment, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    outcome = compare_run(folder, made.lineage, made.sha256)
    assert outcome == Outcome(expected=made.sha256, found=made.sha256, lessons=True, differences=())
    assert outcome.describe() == f"The same weights, bit for bit: SHA-256 {made.sha256}."

    # and where they are not the same, it says so, and what may be why
    with (folder / "adapter" / WEIGHTS).open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))
    outcome = compare_run(folder, made.lineage, made.sha256)
    assert not outcome.is_same and outcome.differences == ()
    assert "What was taught was the same, token by token. Nothing that is kept differs" in outcome.describe()
    older = replace(
        made.lineage,
        versions={**made.lineage.versions, "torch": "2.0.0"},
        lessons={**made.lineage.lessons, "sha256": "f" * 64},
        recipe={key: value for key, value in made.lineage.recipe.items() if key != "dropout"},
    )
    outcome = compare_run(folder, older, made.sha256)
    assert "What was taught was not the same, token by token." in outcome.describe()
    assert outcome.differences[0].startswith("torch 2.0.0 then, ")
    assert outcome.differences[1] == "dropout not known then, 0.1 now"


def test_others_load_what_is_published_with_peft_alone(made: Made, tmp_path: Path) -> None:
    subject = Subject(
        version="letters--v1-1a2b3c4d",
        sha256=made.sha256,
        base_sha256=made.lineage.base["sha256"],
        rank=8,
        targets=("q_proj",),
        library="Harrow Point Library",
        lineage=made.lineage,
        dataset=made.dataset.manifest,
        sheet=made.dataset.sheet(),
    )
    out = tmp_path / "published"
    publish(made.adapter, make_card(subject), out, sha256=made.sha256, base="org/reader")
    model = AutoModelForCausalLM.from_pretrained(made.base, dtype=torch.float32)
    tuned = PeftModel.from_pretrained(model, str(out)).eval()
    tokens = torch.tensor([[5, 6, 7, 8]])
    with torch.inference_mode():
        with tuned.disable_adapter():
            before = tuned(input_ids=tokens).logits
        after = tuned(input_ids=tokens).logits
    assert float((after - before).abs().max()) > 1e-3
    assert tuned.peft_config["default"].base_model_name_or_path == "org/reader"
    text = (out / "README.md").read_text()
    assert str(made.base) not in text and str(made.base) not in (out / "adapter_config.json").read_text()
    assert f"| the adapter's weights | {made.sha256} |" in text
    how = "measured" if made.lineage.energy["measured"] else "estimated"
    assert re.search(rf"\| Energy \| [0-9.e-]+ kWh \| {how}: ", text)


def test_another_base_is_refused(made: Made, tmp_path: Path) -> None:
    other = make_base(tmp_path / "other", seed=1)
    with pytest.raises(TrainingRefused, match="Expected the base's weights as the run had it"):
        again(made, base=other)


def test_another_dataset_version_is_refused(made: Made, tmp_path: Path) -> None:
    other = make_dataset(tmp_path, make_pairs(29), made.base)
    with pytest.raises(TrainingRefused, match="Expected the dataset version as the run had it"):
        again(made, dataset=other.path)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"run": ""}, "whose dataset and recipe are not known"),
        ({"withdrawn": 3}, "3 pairs were left out of the run"),
        ({"instructions_sha256": "f" * 64}, "Expected the library's instructions as the run had it"),
        ({"prompt_version": "another"}, "Expected the prompt's version as the run had it"),
        ({"passages": "index 20200101T000000-00000000"}, "Expected the index 20200101T000000-00000000"),
        (
            {"recipe": {"rank": 8, "magic": 1}},
            "The run had a setting magic, which this program does not know",
        ),
    ],
)
def test_what_is_not_as_it_was_is_refused(made: Made, changed: dict[str, Any], problem: str) -> None:
    with pytest.raises(TrainingRefused, match=problem):
        again(made, replace(made.lineage, **changed))
