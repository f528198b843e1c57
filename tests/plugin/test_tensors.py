"""What the engine itself refuses of an adapter's weights."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from vllm.lora.layers.base_linear import BaseLinearLayerWithLoRA

from reading_room_engine.rows import GroupedRows
from reading_room_engine.tensors import LARGEST, check_shapes, check_weights
from serve.settings import BUNDLED_ADAPTERS
from tests.plugin.layers import make_adapter, make_layers, make_wrapper, one_process, set_adapter

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
FIRST = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


@pytest.fixture(scope="module", autouse=True)
def parallel_state() -> Iterator[None]:
    check_shapes(BaseLinearLayerWithLoRA)
    with one_process():
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(next(BUNDLED_ADAPTERS.glob("terse--*")), tmp_path / "version"))


def put(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    def change(tensor: torch.Tensor) -> torch.Tensor:
        changed = tensor.clone()
        changed[0, 0] = value
        return changed

    return change


def test_trained_weights_are_taken(folder: Path) -> None:
    check_weights(folder / WEIGHTS, folder / CONFIG)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (put(float("nan")), "q_proj.lora_A.weight holds NaN"),
        (put(float("-inf")), "q_proj.lora_A.weight holds NaN, or a value of 128 or more"),
        (put(LARGEST), "value of 128 or more"),
        (put(-LARGEST), "value of 128 or more"),
        (lambda tensor: tensor[:4].contiguous(), "has rank 4, the config says 8"),
        (lambda tensor: tensor[0].contiguous(), "has rank None, the config says 8"),
    ],
)
def test_weights_that_would_spoil_the_cache_are_refused(
    folder: Path, change: Callable[[torch.Tensor], torch.Tensor], complaint: str
) -> None:
    weights = load_file(folder / WEIGHTS)
    save_file(weights | {FIRST: change(weights[FIRST])}, folder / WEIGHTS)
    with pytest.raises(ValueError, match=complaint):
        check_weights(folder / WEIGHTS, folder / CONFIG)


def test_a_config_that_states_another_rank_is_refused(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | {"r": 4}))
    with pytest.raises(ValueError, match="has rank 8, the config says 4"):
        check_weights(folder / WEIGHTS, folder / CONFIG)


def test_a_file_that_is_none_is_refused(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(ValueError, match="no safetensors file"):
        check_weights(folder / WEIGHTS, folder / CONFIG)


@pytest.mark.parametrize("name", ["qkv_proj", "gate_up_proj", "down_proj"])
@pytest.mark.parametrize("side", [0, 1])
def test_matrices_of_a_narrower_base_do_not_get_into_a_slot(name: str, side: int) -> None:
    layer = make_layers(make_wrapper(GroupedRows))[name]
    downs, ups = make_adapter(layer, 4, seed=1)
    down, up = downs[0], ups[0]
    assert down is not None and up is not None
    narrow = ([down[:, ::2], *downs[1:]], ups) if side == 0 else (downs, [up[::2], *ups[1:]])
    with pytest.raises(ValueError, match="trained on another base"):
        set_adapter(layer, 0, narrow)
    assert all(not matrix.any() for matrix in (*layer.lora_a_stacked, *layer.lora_b_stacked))
    set_adapter(layer, 0, (downs, ups))
    assert all(matrix[0].any() for matrix in (*layer.lora_a_stacked, *layer.lora_b_stacked))
