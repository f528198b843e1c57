"""The base model that adapters are held against: read by its headers, known by its digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from serve.adapters.base import BaseModel, read_base
from serve.adapters.folder import (
    weights_sha256,
)
from serve.errors import EngineDown
from tests.serve.adapter_parts import TEMPLATE


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
