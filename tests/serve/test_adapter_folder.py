"""The adapter folder: a sound version is listed without problems, and each thing wrong is named."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import (
    CONFIG,
    LIMITS,
    MANIFEST,
    WEIGHTS,
    check_adapter,
    list_adapters,
)
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.adapter_parts import problems
from tests.serve.made_adapters import RANK, make_adapter, write_manifest


def test_a_sound_adapter_is_listed_with_what_it_is(adapter: Path, base: BaseModel) -> None:
    (found,) = list_adapters(adapter.parent, base)
    assert found.problems == ()
    assert (found.name, found.path, found.rank) == (adapter.name, adapter.resolve(), RANK)
    assert (found.adapter, found.number) == ("letters", 1)
    assert found.targets == ("down_proj", "o_proj", "q_proj")
    assert found.base_sha256 == base.sha256
    assert found.sha256 == hashlib.sha256((adapter / WEIGHTS).read_bytes()).hexdigest()


def test_the_bundled_adapters_fit_the_bundled_reader() -> None:
    found = list_adapters(BUNDLED_ADAPTERS, read_base(BUNDLED_READER), most_rank=8)
    assert [(version.adapter, version.number, version.problems) for version in found] == [
        ("formal", 1, ()),
        ("terse", 1, ()),
    ]
    assert [version.lineage["created"] for version in found] == ["2026-11-22", "2026-11-22"]


@pytest.mark.parametrize(("number", "rank"), [(2, 1), (3, 16), (999_999, 4)])
def test_versions_of_every_rank_and_number_are_sound(
    tmp_path: Path, model: Path, base: BaseModel, number: int, rank: int
) -> None:
    made = make_adapter(tmp_path, model, "maps", 2, number=number, rank=rank, targets=("v_proj", "up_proj"))
    found = check_adapter(made, base, most_rank=16)
    assert (found.problems, found.number, found.rank) == ((), number, rank)
    assert found.targets == ("up_proj", "v_proj")


def test_no_folder_is_no_adapters(tmp_path: Path) -> None:
    assert list_adapters(tmp_path / "nowhere") == ()


def test_versions_come_by_name_and_files_beside_them_are_passed_over(tmp_path: Path, model: Path) -> None:
    folder = tmp_path / "adapters"
    made = [make_adapter(folder, model, name, seed) for seed, name in enumerate(("terse", "formal"))]
    (folder / "README.md").write_text("notes")
    (folder / ".building").mkdir()
    assert [found.name for found in list_adapters(folder)] == sorted(path.name for path in made)


def test_lineage_is_what_the_manifest_tells_besides(adapter: Path, base: BaseModel) -> None:
    write_manifest(adapter, base.sha256, run="r-7", lineage={"dataset": "d-3"})
    found = check_adapter(adapter, base, most_rank=16)
    assert (found.problems, found.lineage) == ((), {"run": "r-7", "dataset": "d-3"})


def test_what_peft_itself_writes_is_sound(tmp_path: Path, adapter: Path, base: BaseModel) -> None:
    peft = pytest.importorskip("peft")
    targets = ["q_proj", "o_proj", "down_proj"]
    config = peft.LoraConfig(
        r=RANK, lora_alpha=16, lora_dropout=0.05, target_modules=targets, task_type="CAUSAL_LM"
    )
    config.save_pretrained(tmp_path)
    assert len(json.loads((tmp_path / CONFIG).read_text())) > 30
    (adapter / CONFIG).write_bytes((tmp_path / CONFIG).read_bytes())
    write_manifest(adapter, base.sha256)
    assert problems(adapter, base) == ""


def change_config(key: str, value: object) -> Callable[[Path], None]:
    def change(adapter: Path) -> None:
        config = json.loads((adapter / CONFIG).read_text())
        (adapter / CONFIG).write_text(json.dumps({**config, key: value}))
        described = json.loads((adapter / MANIFEST).read_text())
        write_manifest(adapter, described["base_sha256"])

    return change


def change_manifest(**values: object) -> Callable[[Path], None]:
    def change(adapter: Path) -> None:
        manifest = json.loads((adapter / MANIFEST).read_text())
        (adapter / MANIFEST).write_text(json.dumps({**manifest, **values}))

    return change


def write(name: str, content: bytes | str) -> Callable[[Path], object]:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda adapter: (adapter / name).write_bytes(data)


def flip_a_weight(adapter: Path) -> None:
    weights = bytearray((adapter / WEIGHTS).read_bytes())
    weights[-1] ^= 1
    (adapter / WEIGHTS).write_bytes(weights)


def cut_the_weights(adapter: Path) -> None:
    with (adapter / WEIGHTS).open("r+b") as stream:
        stream.truncate(stream.seek(0, 2) - 100)


def link_the_config(adapter: Path) -> None:
    (adapter / CONFIG).rename(adapter.parent / "elsewhere.json")
    (adapter / CONFIG).symlink_to(adapter.parent / "elsewhere.json")


def grow(name: str, size: int) -> Callable[[Path], None]:
    def damage(adapter: Path) -> None:
        with (adapter / name).open("r+b") as stream:
            stream.truncate(size)

    return damage


def make_config_a_pipe(adapter: Path) -> None:
    (adapter / CONFIG).unlink()
    os.mkfifo(adapter / CONFIG)


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (flip_a_weight, "adapter_model.safetensors is not the file that manifest.json describes"),
        (flip_a_weight, "the name ends in "),
        (cut_the_weights, "where its header says"),
        (write(WEIGHTS, b""), "is not a whole safetensors file"),
        (write(CONFIG, "{}"), "adapter_config.json is not the file"),
        (write(CONFIG, "[]"), "adapter_config.json is not a JSON object"),
        (write(CONFIG, "{"), "adapter_config.json is not valid JSON"),
        (write(CONFIG, b"\xff\xfe"), "adapter_config.json is not UTF-8"),
        (write(CONFIG, "[" * 100_000), "adapter_config.json is nested too deeply"),
        (write(CONFIG, '{"r": 8, "r": 16}'), "adapter_config.json holds a key twice"),
        (write(CONFIG, '{"lora_alpha": NaN}'), "adapter_config.json holds NaN"),
        (write(CONFIG, '{"r": 1' + "0" * 5000 + "}"), "adapter_config.json Exceeds the limit"),
        (grow(CONFIG, LIMITS[CONFIG] + 1), "adapter_config.json: expected 1048576 bytes at most"),
        (grow(WEIGHTS, LIMITS[WEIGHTS] + 1), "adapter_model.safetensors: expected 4294967296 bytes at most"),
        (link_the_config, "adapter_config.json is not a plain file"),
        (make_config_a_pipe, "adapter_config.json is not a plain file"),
        (lambda adapter: (adapter / MANIFEST).unlink(), "manifest.json is missing"),
        (lambda adapter: (adapter / WEIGHTS).unlink(), "adapter_model.safetensors is missing"),
        (lambda adapter: (adapter / "sub").mkdir(), "sub does not belong"),
        (write(MANIFEST, "{}"), "lists no files"),
        (write(MANIFEST, '{"note": "\\ud800"}'), "holds what is no number or no text"),
        (write(MANIFEST, '{"note": 1e999}'), "holds what is no number or no text"),
        (change_manifest(files=[1]), "lists no files"),
        (change_manifest(files={WEIGHTS: 7}), "adapter_model.safetensors is not the file"),
        (change_manifest(base_sha256=["x"]), "names no base_sha256"),
        (change_manifest(base_sha256=""), "names no base_sha256"),
        (change_manifest(base_sha256="A" * 64), "names no base_sha256"),
        (change_manifest(base_sha256="0" * 64), "made for the base model 000000000000"),
        (change_manifest(tokenizer_sha256="0" * 64), "tokenizer: expected "),
        (change_manifest(template_sha256="0" * 64), "chat template: expected "),
        (change_manifest(tokenizer_sha256={"a": 1}), "tokenizer: expected "),
        (change_manifest(name="maps"), "expected name letters, found 'maps'"),
        (change_manifest(version=3), "expected version v1-"),
        (write("adapter_model.bin", b"\x80\x04."), "adapter_model.bin does not belong"),
        (write("model.py", "x"), "model.py does not belong"),
        (write("chat_template.jinja", "x"), "chat_template.jinja does not"),
        (change_config("r", 4), "does not fit rank 4"),
        (change_config("r", 32), "expected 16 at most, as the engine was started with, found 32"),
        (change_config("r", "8"), "expected a rank from 1 to 512, found '8'"),
        (change_config("r", True), "expected a rank from 1 to 512, found True"),
        (change_config("r", 4096), "found 4096"),
        (change_config("r", None), "found None"),
        (change_config("peft_type", "IA3"), "expected LORA, found 'IA3'"),
        (change_config("lora_alpha", 0), "lora_alpha: expected a number above 0"),
        (change_config("lora_alpha", -16), "lora_alpha: expected a number above 0"),
        (change_config("lora_alpha", "16"), "lora_alpha: expected a number above 0"),
        (change_config("lora_alpha", True), "lora_alpha: expected a number above 0"),
        (change_config("lora_alpha", 10**400), "lora_alpha: expected a number above 0"),
        (change_config("use_rslora", True), "use_rslora: expected none, found True"),
        (change_config("use_dora", True), "use_dora: expected none, found True"),
        (change_config("use_dora", 0), "use_dora: expected none, found 0"),
        (change_config("inference_mode", 1), "inference_mode: expected True or False, found 1"),
        (change_config("modules_to_save", ["lm_head"]), "modules_to_save: expected none"),
        (change_config("rank_pattern", {"q_proj": 4}), "rank_pattern: expected none"),
        (change_config("alpha_pattern", {"q_proj": 4}), "alpha_pattern: expected none"),
        (change_config("layers_to_transform", [0]), "layers_to_transform: expected none"),
        (change_config("layer_replication", [[0, 2]]), "layer_replication: expected none"),
        (change_config("trainable_token_indices", [3]), "trainable_token_indices: expected none"),
        (change_config("bias", "all"), "bias: expected none, found 'all'"),
        (change_config("init_lora_weights", "pissa"), "init_lora_weights: expected True or False or"),
        (change_config("task_type", "SEQ_CLS"), "task_type: expected CAUSAL_LM or None, found 'SEQ_CLS'"),
        (change_config("auto_map", {"x": "y"}), "auto_map would run code"),
        (change_config("vllm_lora_scaling_factor", 9.0), "'vllm_lora_scaling_factor' is no setting"),
        (change_config("\u202er", 1), "'\\u202er' is no setting of a plain LoRA"),
        (change_config("target_modules", "all-linear"), "expected a list of names such as q_proj"),
        (change_config("target_modules", []), "expected a list of names such as q_proj"),
        (change_config("target_modules", [["q_proj"]]), "expected a list of names such as q_proj"),
        (change_config("target_modules", ["q_proj", "o_proj"]), "mlp.down_proj: not among target_modules"),
        (
            change_config("target_modules", ["q_proj", "o_proj", "down_proj", "v_proj"]),
            "model.layers.0.self_attn.v_proj, model.layers.1.self_attn.v_proj: named by adapter_config.json",
        ),
        (
            change_config("target_modules", ["q_proj", "o_proj", "down_proj", "w_proj"]),
            "nothing is called w_proj",
        ),
    ],
)
def test_what_is_wrong_is_named(
    adapter: Path, base: BaseModel, damage: Callable[[Path], object], expected: str
) -> None:
    assert problems(adapter, base) == ""
    damage(adapter)
    assert expected in problems(adapter, base)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("letters", "expected a folder name like"),
        ("Letters--v1-00000000", "expected a folder name like"),
        ("letters--v1-0000000", "expected a folder name like"),
        ("letters--v1-", "expected a folder name like"),
        ("letters--v01-00000000", "expected a folder name like"),
        ("letters--v0-00000000", "expected a folder name like"),
        ("letters--v1-00000000\n", "expected a folder name like"),
        ("letters--v1-0000000\uff10", "expected a folder name like"),
        ("l\u0435tters--v1-00000000", "expected a folder name like"),
        ("l--v1-00000000--v2-00000000", "expected a folder name like"),
        (f"{'l' * 42}--v1-00000000", "expected a folder name like"),
        ("text--v1-00000000", "cannot be called text"),
        ("refusal--v1-00000000", "cannot be called refusal"),
        ("default--v1-00000000", "cannot be called default"),
        ("base--v1-00000000", "cannot be called base"),
        ("reader--v1-00000000", "cannot be called reader"),
    ],
)
def test_a_name_that_fits_no_version_is_refused(
    adapter: Path, base: BaseModel, name: str, expected: str
) -> None:
    moved = adapter.rename(adapter.with_name(name))
    told = problems(moved, base)
    assert expected in told
    assert told.isascii(), "a look-alike must be seen in the message"


@pytest.mark.parametrize("name", ["../letters--v1-00000000", "/etc", "letters--v1-00000000/..", ""])
def test_a_name_that_is_a_path_is_refused(adapter: Path, base: BaseModel, name: str) -> None:
    found = check_adapter(adapter, base, most_rank=16, name=name)
    assert "expected a folder name like" in found.problems[0]
    assert (found.adapter, found.number) == ("", 0)


def test_a_link_in_place_of_a_folder_is_refused(tmp_path: Path, adapter: Path, base: BaseModel) -> None:
    elsewhere = adapter.rename(tmp_path / adapter.name)
    adapter.symlink_to(elsewhere, target_is_directory=True)
    (found,) = list_adapters(adapter.parent, base)
    assert "a link or a file, where a real folder is expected" in found.problems[0]


def test_a_folder_that_is_gone_is_a_problem_and_no_error(adapter: Path, base: BaseModel) -> None:
    assert "No such file" in problems(adapter.with_name("letters--v9-00000000"), base)


def test_every_problem_says_which_adapter(adapter: Path, base: BaseModel) -> None:
    (adapter / CONFIG).unlink()
    assert problems(adapter, base).startswith(f"{adapter.name}: ")
