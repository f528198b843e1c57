"""The adapter folder: a sound version is listed without problems, and each thing wrong is named."""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import (
    CONFIG,
    LIMITS,
    MANIFEST,
    WEIGHTS,
    check_adapter,
    list_adapters,
    weights_sha256,
)
from serve.adapters.weights import HEADER_BYTES, read_header
from serve.errors import EngineDown
from serve.settings import BUNDLED_ADAPTERS, BUNDLED_READER
from tests.serve.made_adapters import RANK, Weights, make_adapter, make_base, write_manifest

TEMPLATE = "{% for message in messages %}{{ message.content }}{% endfor %}"
Q = "base_model.model.model.layers.0.self_attn.q_proj"
O = "base_model.model.model.layers.1.self_attn.o_proj"  # noqa: E741


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make_base(tmp_path / "model")


@pytest.fixture
def base(model: Path) -> BaseModel:
    return read_base(model)


@pytest.fixture
def adapter(tmp_path: Path, model: Path) -> Path:
    return make_adapter(tmp_path / "adapters", model, "letters", seed=1)


def problems(adapter: Path, base: BaseModel | None, most_rank: int = 16) -> str:
    found = check_adapter(adapter, base, most_rank=most_rank, base_names=("reader",))
    return "\n".join(found.problems)


def rename_to_digest(adapter: Path) -> Path:
    """Describe changed files anew, so that only what they hold is wrong, and neither name nor digest."""
    write_manifest(adapter, json.loads((adapter / MANIFEST).read_text())["base_sha256"])
    digest = hashlib.sha256((adapter / WEIGHTS).read_bytes()).hexdigest()
    return adapter.rename(adapter.with_name(f"{adapter.name[:-8]}{digest[:8]}"))


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
    assert [version.lineage["created"] for version in found] == ["2026-11-21", "2026-11-21"]


@pytest.mark.parametrize(("number", "rank"), [(2, 1), (3, 16), (999_999, 4)])
def test_versions_of_every_rank_and_number_are_sound(
    tmp_path: Path, model: Path, base: BaseModel, number: int, rank: int
) -> None:
    made = make_adapter(tmp_path, model, "maps", 2, number=number, rank=rank, targets=("v_proj", "up_proj"))
    found = check_adapter(made, base, most_rank=16)
    assert (found.problems, found.number, found.rank) == ((), number, rank)
    assert found.targets == ("up_proj", "v_proj")


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_half_precision_is_sound(adapter: Path, base: BaseModel, dtype: str) -> None:
    rewrite(adapter, lambda weights: recode(weights, dtype))
    assert problems(rename_to_digest(adapter), base) == ""


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


# What the folder, the manifest and the config may hold.


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


# What the weights may hold.


def rewrite(adapter: Path, change: Callable[[Weights], object]) -> None:
    """Save the weights as they are after `change`; a dict it gives back is written by hand, header and all."""
    weights = load_file(adapter / WEIGHTS)
    made = change(weights)
    if isinstance(made, bytes):
        (adapter / WEIGHTS).write_bytes(made)
    else:
        save_file(weights, adapter / WEIGHTS)


def recode(weights: Weights, dtype: str) -> bytes | None:
    """The same weights in half precision; bfloat16, which numpy lacks, is written by hand."""
    if dtype == "F16":
        weights.update({name: value.astype(np.float16) for name, value in weights.items()})
        return None
    header: dict[str, Any] = {}
    data = b""
    for name, value in weights.items():
        words = (np.ascontiguousarray(value).view(np.uint32) >> 16).astype(np.uint16).tobytes()
        header[name] = describe("BF16", value.shape, len(data), len(data) + len(words))
        data += words
    return assemble(header, data)


def describe(dtype: object, shape: object, start: object, end: object) -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def assemble(header: object, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def put(name: str, at: int, value: float) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        weights[name].flat[at] = value

    return change


def zero(side: str) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        for name in weights:
            if f"lora_{side}" in name:
                weights[name][:] = -0.0

    return change


def drop(*names: str) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        for name in names:
            del weights[name]

    return change


def add(name: str, *shape: int) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        weights[name] = np.ones(shape, np.float32)

    return change


def reshape(name: str, *shape: int) -> Callable[[Weights], None]:
    return add(name, *shape)


def cast_to_double(weights: Weights) -> None:
    weights.update({name: value.astype(np.float64) for name, value in weights.items()})


def infinite_bfloat(weights: Weights) -> bytes | None:
    weights[f"{Q}.lora_A.weight"].flat[5] = np.inf
    return recode(weights, "BF16")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (put(f"{Q}.lora_A.weight", 7, np.nan), "expected finite weights, found NaN or infinity"),
        (put(f"{O}.lora_B.weight", -1, np.inf), "expected finite weights, found NaN or infinity"),
        (put(f"{O}.lora_B.weight", 0, -np.inf), "layers.1.self_attn.o_proj.lora_B.weight: expected finite"),
        (infinite_bfloat, "expected finite weights, found NaN or infinity"),
        (zero("B"), "zero, so it changes nothing"),
        (zero("A"), "zero, so it changes nothing"),
        (drop(f"{Q}.lora_B.weight"), "expected A and B of every module, found one of them"),
        (
            drop(f"{O}.lora_A.weight", f"{O}.lora_B.weight"),
            "model.layers.1.self_attn.o_proj: named by adapter_config.json, but not in",
        ),
        (reshape(f"{Q}.lora_A.weight", 4, 32), "lora_A of shape [4, 32], which does not fit rank 8"),
        (reshape(f"{Q}.lora_A.weight", 32, 8), "lora_A of shape [32, 8], which does not fit rank 8"),
        (reshape(f"{Q}.lora_B.weight", 8), "lora_B of shape [8], which does not fit rank 8"),
        (reshape(f"{Q}.lora_B.weight", 32, 8, 1), "lora_B of shape [32, 8, 1], which does not fit"),
        (reshape(f"{Q}.lora_A.weight", 8, 31), "q_proj.lora_A expects 32, found 31"),
        (reshape(f"{Q}.lora_B.weight", 33, 8), "q_proj.lora_B expects 32, found 33"),
        (reshape(f"{Q}.lora_B.weight", 0, 8), "q_proj.lora_B expects 32, found 0"),
        (cast_to_double, "expected weights of type F32, F16, BF16, found F64"),
        (add("base_model.model.lm_head.weight", 4, 4), "lm_head.weight, no LoRA weight"),
        (add("base_model.model.l\u0430yer.lora_A.weight", 8, 4), "l\\u0430yer.lora_A.weight, no LoRA weight"),
        (add(f"{Q}.lora_A.default.weight", 8, 32), "no LoRA weight"),
        (lambda weights: weights.clear(), "holds no tensors"),
    ],
)
def test_weights_that_do_not_fit_are_named(
    adapter: Path, base: BaseModel, change: Callable[[Weights], object], expected: str
) -> None:
    rewrite(adapter, change)
    assert expected in problems(rename_to_digest(adapter), base)


def test_a_layer_too_many_is_named(tmp_path: Path, base: BaseModel) -> None:
    deeper = make_adapter(tmp_path / "adapters", make_base(tmp_path / "deep", layers=3), "letters", 1)
    told = problems(deeper, base)
    assert "model.layers.2.mlp.down_proj" in told
    assert "the base has no such layer" in told


@pytest.mark.parametrize(("width", "inner"), [(16, 32), (64, 128)])
def test_an_adapter_of_a_smaller_or_larger_base_is_refused_even_if_its_manifest_lies(
    tmp_path: Path, base: BaseModel, width: int, inner: int
) -> None:
    other = make_base(tmp_path / "other", width=width, inner=inner)
    made = make_adapter(tmp_path / "adapters", other, "letters", 1)
    assert "made for the base model" in problems(made, base)
    write_manifest(made, base.sha256)
    told = problems(made, base)
    assert f"self_attn.o_proj.lora_A expects 32, found {width}" in told
    assert "made for layers of another size" in told


def test_without_a_base_what_is_wrong_in_itself_is_still_named(adapter: Path) -> None:
    assert problems(adapter, None) == ""
    rewrite(adapter, put(f"{Q}.lora_A.weight", 0, np.nan))
    assert "expected finite weights" in problems(rename_to_digest(adapter), None)


SIXTEEN = b"\0" * 16


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (assemble({"a": describe("F32", [2], 0, 8), "b": describe("F32", [2], 4, 12)}, SIXTEEN), "overlap"),
        (assemble({"a": describe("F32", [2], 0, 8), "b": describe("F32", [1], 12, 16)}, SIXTEEN), "a gap"),
        (assemble({"a": describe("F32", [2], 8, 16)}, SIXTEEN), "overlap or leave a gap"),
        (assemble({"a": describe("F32", [8], 0, 32)}, SIXTEEN), "where its header says"),
        (assemble({"a": describe("F32", [2], 0, 8)}, SIXTEEN), "where its header says"),
        (assemble({"a": describe("F32", [3], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [4], 16, 0)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [-4], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [4.0], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [True, 4], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", {"0": 4}, 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [4], "0", "16")}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe(32, [4], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [2**62, 2**62], 0, 16)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": describe("F32", [4], 0, 2**70)}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": "F32"}, SIXTEEN), "describes 'a' wrongly"),
        (assemble({"a": {**describe("F32", [4], 0, 16), "x": 1}}, SIXTEEN), "describes 'a' wrongly"),
        (assemble([], SIXTEEN), "not a JSON object"),
        (assemble(b" {}", b""), "not a JSON object"),
        (assemble(b'{"a": {}, "a": {}}', b""), "header that holds a key twice"),
        (assemble(b'{"a":' * 50_000, b""), "header that is nested too deeply"),
        (assemble(b'{"\xff": 1}', b""), "header that is not UTF-8"),
        (struct.pack("<Q", 2**63) + SIXTEEN, "is not a whole safetensors file"),
        (struct.pack("<Q", 0) + SIXTEEN, "is not a whole safetensors file"),
        (b"\x08\0\0", "is not a whole safetensors file"),
        (b"\x80\x04\x95" + b"pickle" * 8, "is not a whole safetensors file"),
    ],
)
def test_a_header_that_lies_is_refused(adapter: Path, base: BaseModel, content: bytes, expected: str) -> None:
    (adapter / WEIGHTS).write_bytes(content)
    assert expected in problems(rename_to_digest(adapter), base)


def test_a_huge_header_is_refused_unread(adapter: Path, base: BaseModel) -> None:
    with (adapter / WEIGHTS).open("wb") as stream:
        stream.write(struct.pack("<Q", HEADER_BYTES + 1))
        stream.truncate(HEADER_BYTES * 2)  # a hole: no disk is used
    assert f"header of {HEADER_BYTES + 1} bytes, expected {HEADER_BYTES} at most" in problems(adapter, base)


@pytest.mark.parametrize("value", [None, 0, 7, -1.5, "text", True, [], [[]], {}, {"a": [1]}])
@pytest.mark.parametrize("name", [CONFIG, MANIFEST])
def test_no_value_of_any_type_in_any_place_raises(
    adapter: Path, base: BaseModel, name: str, value: object
) -> None:
    sound = json.loads((adapter / name).read_text())
    for key in (*sound, "tokenizer_sha256", "name", "version", "lineage", "rank_pattern", "bias"):
        (adapter / name).write_text(json.dumps({**sound, key: value}))
        check_adapter(adapter, base, most_rank=16)
    (adapter / name).write_text(json.dumps(value))
    assert problems(adapter, base) != ""


# The base model.


def test_the_base_is_read_by_its_header(model: Path, base: BaseModel) -> None:
    assert base.sha256 == hashlib.sha256((model / "model.safetensors").read_bytes()).hexdigest()
    assert base.shapes["model.layers.1.mlp.down_proj"] == (64, 32)
    assert base.shapes["model.layers.0.self_attn.k_proj"] == (32, 16)
    assert len(base.shapes) == 14
    assert not any("embed" in module or "norm" in module or "head" in module for module in base.shapes)


def test_a_base_in_two_files_has_one_digest_and_all_shapes(tmp_path: Path, model: Path) -> None:
    whole = load_file(model / "model.safetensors")
    names = sorted(whole)
    folder = tmp_path / "sharded"
    folder.mkdir()
    parts = {"a.safetensors": names[:7], "b.safetensors": names[7:]}
    for file, part in parts.items():
        save_file({name: whole[name] for name in part}, folder / file)
    save_file(whole, folder / "consolidated.safetensors")
    index = {"weight_map": {name: file for file, part in parts.items() for name in part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    lines = "".join(
        f"{file} {hashlib.sha256((folder / file).read_bytes()).hexdigest()}\n" for file in sorted(parts)
    )
    base = read_base(folder)
    assert base.sha256 == weights_sha256(folder) == hashlib.sha256(lines.encode()).hexdigest()
    assert base.shapes == read_base(model).shapes


def test_the_template_counts_by_its_text_wherever_it_is_kept(model: Path) -> None:
    assert read_base(model).template_sha256 == ""
    (model / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE}))
    within = read_base(model).template_sha256
    (model / "tokenizer_config.json").write_text("{}")
    (model / "chat_template.jinja").write_text(TEMPLATE)
    assert read_base(model).template_sha256 == within == hashlib.sha256(TEMPLATE.encode()).hexdigest()


def test_a_base_that_changed_has_another_digest(model: Path, base: BaseModel) -> None:
    weights = load_file(model / "model.safetensors")
    weights["model.norm.weight"][0] += 1
    save_file(weights, model / "model.safetensors")
    (model / "tokenizer.json").write_text("another")
    changed = read_base(model)
    assert changed.sha256 != base.sha256
    assert changed.tokenizer_sha256 == hashlib.sha256(b"another").hexdigest() != base.tokenizer_sha256


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("model.safetensors", "not weights", "model.safetensors is not a whole safetensors file"),
        ("model.safetensors.index.json", '{"weight_map": {"a": "../x.safetensors"}}', "outside the folder"),
        ("model.safetensors.index.json", '{"weight_map": 3}', "has no weight_map"),
        ("model.safetensors.index.json", '{"weight_map": {"a": "x.safetensors"}}', "No such file"),
    ],
)
def test_a_base_that_cannot_be_read_is_told(model: Path, name: str, content: str, expected: str) -> None:
    (model / name).write_text(content)
    with pytest.raises(EngineDown, match=expected):
        read_base(model)


def test_the_reader_of_headers_agrees_with_the_library(adapter: Path) -> None:
    header = read_header(adapter / WEIGHTS)
    weights = load_file(adapter / WEIGHTS)
    assert len(weights) == 12
    assert {name: tensor.shape for name, tensor in header.items()} == {
        name: value.shape for name, value in weights.items()
    }
