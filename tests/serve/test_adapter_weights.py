"""An adapter's weights: what does not fit the base, and headers that lie."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from serve.adapters.base import BaseModel
from serve.adapters.folder import (
    CONFIG,
    MANIFEST,
    WEIGHTS,
    check_adapter,
)
from serve.adapters.weights import HEADER_BYTES, read_header
from tests.serve.adapter_parts import O, Q, problems, rename_to_digest
from tests.serve.made_adapters import Weights, make_adapter, make_base, write_manifest


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


def test_the_reader_of_headers_agrees_with_the_library(adapter: Path) -> None:
    header = read_header(adapter / WEIGHTS)
    weights = load_file(adapter / WEIGHTS)
    assert len(weights) == 12
    assert {name: tensor.shape for name, tensor in header.items()} == {
        name: value.shape for name, value in weights.items()
    }


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_half_precision_is_sound(adapter: Path, base: BaseModel, dtype: str) -> None:
    rewrite(adapter, lambda weights: recode(weights, dtype))
    assert problems(rename_to_digest(adapter), base) == ""
