"""vLLM's own LoRA layers over small random linear layers, without an engine around them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import torch
from vllm.config import CacheConfig, VllmConfig, set_current_vllm_config
from vllm.config.lora import LoRAConfig
from vllm.distributed import (
    cleanup_dist_env_and_memory,
    init_distributed_environment,
    initialize_model_parallel,
)
from vllm.lora.layers import (
    LoRAMapping,
    MergedColumnParallelLinearWithLoRA,
    MergedQKVParallelLinearWithLoRA,
    RowParallelLinearWithLoRA,
)
from vllm.model_executor.layers.linear import (
    MergedColumnParallelLinear,
    QKVParallelLinear,
    RowParallelLinear,
)

WIDTH, INNER, RANK, SLOTS = 64, 96, 16, 3
Adapter = tuple[list[torch.Tensor | None], list[torch.Tensor | None]]
"""Per slice A (rank, in) and B (out, rank), or None for a slice that the adapter leaves alone."""


@contextmanager
def one_process() -> Iterator[None]:
    """vLLM's parallel state for one process and a plain configuration."""
    with (
        tempfile.TemporaryDirectory() as folder,
        set_current_vllm_config(VllmConfig(cache_config=CacheConfig())),
    ):
        init_distributed_environment(1, 0, f"file://{folder}/meet", 0, backend="gloo")
        initialize_model_parallel(1, 1)
        try:
            yield
        finally:
            cleanup_dist_env_and_memory()


def make_layers(wrapper: Any, dtype: torch.dtype = torch.bfloat16) -> dict[str, Any]:
    """One layer each of packed q/k/v, packed gate/up, and plain, with SLOTS empty slots of RANK."""
    with torch.device("cpu"):
        made: dict[str, tuple[Any, Any]] = {
            "qkv_proj": (
                MergedQKVParallelLinearWithLoRA,
                QKVParallelLinear(WIDTH, 16, 4, 2, bias=False, params_dtype=dtype),
            ),
            "gate_up_proj": (
                MergedColumnParallelLinearWithLoRA,
                MergedColumnParallelLinear(WIDTH, [INNER, INNER], bias=False, params_dtype=dtype),
            ),
            "down_proj": (
                RowParallelLinearWithLoRA,
                RowParallelLinear(INNER, WIDTH, bias=False, params_dtype=dtype),
            ),
        }
    layers = {}
    config = LoRAConfig(max_lora_rank=RANK, max_loras=SLOTS, lora_dtype=dtype)
    generator = torch.Generator().manual_seed(7)
    for name, (kind, base) in made.items():
        drawn = torch.randn(base.weight.shape, generator=generator) * base.weight.shape[1] ** -0.5
        base.weight.data.copy_(drawn)
        base.quant_method.process_weights_after_loading(base)
        layer = kind(base)
        layer.create_lora_weights(SLOTS, config)
        layer.set_mapping(wrapper)
        layer.drawn = drawn.to(dtype)
        layers[name] = layer
    return layers


def make_adapter(layer: Any, rank: int, seed: int, leave: Sequence[int] = ()) -> Adapter:
    """Random matrices of that rank for every slice of `layer` but those in `leave`."""
    generator = torch.Generator().manual_seed(seed)
    downs: list[torch.Tensor | None] = []
    ups: list[torch.Tensor | None] = []
    for number, (down, up) in enumerate(zip(layer.lora_a_stacked, layer.lora_b_stacked, strict=True)):
        a = torch.randn((rank, down.shape[-1]), generator=generator) * down.shape[-1] ** -0.5
        b = torch.randn((up.shape[2], rank), generator=generator)
        downs.append(None if number in leave else a.to(down.dtype))
        ups.append(None if number in leave else b.to(up.dtype))
    return downs, ups


def set_adapter(layer: Any, slot: int, adapter: Adapter) -> None:
    downs, ups = adapter
    packed = len(downs) > 1
    layer.set_lora(slot, downs if packed else downs[0], ups if packed else ups[0])


def map_rows(wrapper: Any, slots: Sequence[int]) -> None:
    """Row i belongs to the adapter in slots[i], -1 to none."""
    ids = tuple(slot + 1 for slot in slots)
    wrapper.update_metadata(LoRAMapping(ids, ids, is_prefill=True), list(range(1, SLOTS + 1)), SLOTS + 1, 100)


def reference(layer: Any, x: torch.Tensor, adapters: Sequence[Adapter | None]) -> torch.Tensor:
    """What each row should be, in float64; adapters[i] is row i's."""
    rows = []
    for row, adapter in zip(x.double(), adapters, strict=True):
        whole = layer.drawn.double() @ row
        if adapter is not None:
            start = 0
            for down, up, columns in zip(*adapter, layer.lora_b_stacked, strict=True):
                size = columns.shape[2]
                if down is not None and up is not None:
                    whole[start : start + size] += up.double() @ (down.double() @ row)
                start += size
        rows.append(whole)
    return torch.stack(rows)


def make_wrapper(kind: Any) -> Any:
    return kind(512, max_batches=512, device=torch.device("cpu"), lora_config=SimpleNamespace())
