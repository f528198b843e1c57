"""The adapter folder: a sound version is listed without problems, and each thing wrong is named."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.adapters.folder import CONFIG, MANIFEST, WEIGHTS, list_adapters, weights_sha256
from tests.serve.made_adapters import RANK, make_adapter, write_manifest

CONFIG_OF_A_SMALL_LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 2,
    "num_hidden_layers": 2,
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG_OF_A_SMALL_LLAMA))
    (folder / "model.safetensors").write_bytes(b"the base model's weights")
    return folder


@pytest.fixture
def adapter(tmp_path: Path, model: Path) -> Path:
    return make_adapter(tmp_path / "adapters", model, "letters", seed=1)


def problems(adapter: Path, model: Path) -> str:
    (found,) = list_adapters(adapter.parent, weights_sha256(model))
    return "\n".join(found.problems)


def test_a_sound_adapter_is_listed_with_its_rank(adapter: Path, model: Path) -> None:
    (found,) = list_adapters(adapter.parent, weights_sha256(model))
    assert found.problems == ()
    assert (found.name, found.path, found.rank) == (adapter.name, adapter.resolve(), RANK)
    assert found.targets == ("down_proj", "o_proj", "q_proj")
    assert found.base_sha256 == weights_sha256(model)


def test_no_folder_is_no_adapters(tmp_path: Path) -> None:
    assert list_adapters(tmp_path / "nowhere") == ()


def test_versions_come_by_name_and_files_beside_them_are_passed_over(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "adapters"
    made = [make_adapter(folder, model, name, seed) for seed, name in enumerate(("terse", "formal"))]
    (folder / "README.md").write_text("notes")
    (folder / ".building").mkdir()
    assert [found.name for found in list_adapters(folder)] == sorted(path.name for path in made)


def change_config(key: str, value: object) -> Callable[[Path], None]:
    def change(adapter: Path) -> None:
        config = json.loads((adapter / CONFIG).read_text())
        (adapter / CONFIG).write_text(json.dumps({**config, key: value}))
        described = json.loads((adapter / MANIFEST).read_text())
        write_manifest(adapter, described["base_sha256"])

    return change


def flip_a_weight(adapter: Path) -> None:
    weights = bytearray((adapter / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (adapter / WEIGHTS).write_bytes(weights)


def cut_the_weights(adapter: Path) -> None:
    (adapter / WEIGHTS).write_bytes((adapter / WEIGHTS).read_bytes()[:-100])


def write_a_huge_header_length(adapter: Path) -> None:
    (adapter / WEIGHTS).write_bytes(struct.pack("<Q", 2**60) + b"{}")


def replace_header(header: object) -> Callable[[Path], None]:
    def replace(adapter: Path) -> None:
        raw = json.dumps(header).encode()
        (adapter / WEIGHTS).write_bytes(struct.pack("<Q", len(raw)) + raw)

    return replace


def link_the_weights(adapter: Path) -> None:
    elsewhere = adapter.parent.parent / "elsewhere"
    (adapter / WEIGHTS).rename(elsewhere)
    (adapter / WEIGHTS).symlink_to(elsewhere)


def nest_the_config(adapter: Path) -> None:
    (adapter / CONFIG).write_text("[" * 50_000)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (flip_a_weight, "the weights have another digest"),
        (flip_a_weight, "is not the file that manifest.json describes"),
        (cut_the_weights, "copy it again"),
        (write_a_huge_header_length, "not a whole safetensors file"),
        (replace_header({"a": {"shape": [1], "dtype": "F32", "data_offsets": [0]}}), "broken header"),
        (replace_header([]), "broken header"),
        (replace_header({}), "broken header"),
        (link_the_weights, "not a plain file"),
        (nest_the_config, "not valid JSON"),
        (lambda adapter: (adapter / CONFIG).write_text("[]"), "not a JSON object"),
        (lambda adapter: (adapter / CONFIG).unlink(), "adapter_config.json is missing"),
        (lambda adapter: (adapter / MANIFEST).unlink(), "manifest.json is missing"),
        (lambda adapter: (adapter / WEIGHTS).unlink(), "adapter_model.safetensors"),
        (lambda adapter: (adapter / MANIFEST).write_text("{}"), "lists no files"),
        (lambda adapter: write_manifest(adapter, ""), "names no base_sha256"),
        (lambda adapter: write_manifest(adapter, "0" * 64), "made for the base model 000000000000"),
        (
            lambda adapter: (adapter / "adapter_model.bin").write_bytes(b"x"),
            "adapter_model.bin does not belong",
        ),
        (lambda adapter: (adapter / "model.py").write_text("x"), "model.py does not belong"),
        (lambda adapter: (adapter / "chat_template.jinja").write_text("x"), "chat_template.jinja does not"),
        (change_config("r", 4), "does not fit rank 4"),
        (change_config("r", "8"), "expected a rank from 1 to 512, found '8'"),
        (change_config("r", 4096), "found 4096"),
        (change_config("peft_type", "IA3"), "expected LORA, found 'IA3'"),
        (change_config("use_dora", True), "use_dora is not supported"),
        (change_config("modules_to_save", ["lm_head"]), "modules_to_save is not supported"),
        (change_config("bias", "all"), "expected none, found 'all'"),
        (change_config("auto_map", {"x": "y"}), "auto_map would run code"),
    ],
)
def test_what_is_wrong_is_named(
    adapter: Path, model: Path, damage: Callable[[Path], object], expected: str
) -> None:
    damage(adapter)
    assert expected in problems(adapter, model)


@pytest.mark.parametrize("name", ["letters", "Letters--v1-00000000", "letters--v1-0000000", "letters--v1-"])
def test_a_name_that_fits_no_version_is_refused(adapter: Path, model: Path, name: str) -> None:
    adapter.rename(adapter.with_name(name))
    assert "expected a folder name like" in problems(adapter.with_name(name), model)


def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, adapter: Path, model: Path) -> None:
    elsewhere = adapter.rename(tmp_path / adapter.name)
    adapter.symlink_to(elsewhere, target_is_directory=True)
    assert "a link" in problems(adapter, model)


def test_every_problem_says_which_adapter(adapter: Path, model: Path) -> None:
    (adapter / CONFIG).unlink()
    assert problems(adapter, model).startswith(f"{adapter.name}: ")
