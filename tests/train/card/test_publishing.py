"""A version as peft and the hub read it, in a folder for others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard
from safetensors.numpy import load_file, save_file

from tests.train.card.made import VERSION, make_subject
from train.card.card import Card
from train.card.errors import PublishingRefused
from train.card.making import make_card
from train.card.publishing import publish


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    return make_card(make_subject(tmp_path_factory.mktemp("version")))


@pytest.fixture
def version(tmp_path: Path) -> Path:
    folder = tmp_path / VERSION
    folder.mkdir()
    save_file({"a": np.arange(4, dtype=np.float32)}, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "/home/ada/models/reader"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "manifest.json").write_text('{"lineage": {"run": "secret-run"}}')
    return folder


def digest(folder: Path) -> str:
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


def test_three_files_and_no_folder_of_ours(version: Path, card: Card, tmp_path: Path) -> None:
    out = tmp_path / "given" / "letters"
    files = publish(version, card, out, sha256=digest(version), base="org/reader")
    assert sorted(path.name for path in out.iterdir()) == sorted(path.name for path in files)
    assert [path.name for path in files] == ["adapter_config.json", "adapter_model.safetensors", "README.md"]
    config = json.loads(files[0].read_text())
    assert config == {"peft_type": "LORA", "r": 8, "base_model_name_or_path": "org/reader"}
    assert digest(out) == digest(version) and load_file(files[1])["a"].tolist() == [0, 1, 2, 3]
    assert ModelCard.load(files[2]).data.to_dict()["library_name"] == "peft"
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_with_something_in_it_is_left_alone(version: Path, card: Card, tmp_path: Path) -> None:
    out = tmp_path / "given"
    out.mkdir()
    publish(version, card, out, sha256=digest(version), base="reader")
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(PublishingRefused, match="Expected .* to be a new folder, found something there"):
        publish(version, card, out, sha256=digest(version), base="other")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


@pytest.mark.parametrize("damage", ["weights", "config", "no config"])
def test_a_damaged_version_is_not_given_out(version: Path, card: Card, tmp_path: Path, damage: str) -> None:
    sha256, out = digest(version), tmp_path / "given"
    if damage == "weights":
        with (version / "adapter_model.safetensors").open("r+b") as stream:
            stream.seek(-1, 2)
            stream.write(b"\x7f")
    elif damage == "config":
        (version / "adapter_config.json").write_text("[]")
    else:
        (version / "adapter_config.json").unlink()
    with pytest.raises(PublishingRefused, match="Put the version back from a copy|Put the version back"):
        publish(version, card, out, sha256=sha256, base="reader")
    assert sorted(path.name for path in tmp_path.iterdir()) == [VERSION]
