"""What an adapter's weights must be before the engine computes with them.

A NaN or an infinity is not one row's affair: it gets into the engine's key-value cache, and blocks of it
are given to other requests, whose masked positions then count (0 times NaN is NaN).
"""

# ruff: noqa: ANN401  (vLLM's own interfaces are untyped)
from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

LARGEST = 128.0
"""Trained weights stay far below 1; from about a thousand times that on, bfloat16 layers overflow."""


def check_weights(weights: Path, config: Path) -> None:
    """Raises ValueError for weights that are not finite, too large, or not of the stated rank."""
    from safetensors import SafetensorError, safe_open

    rank = json.loads(config.read_bytes()).get("r")
    try:
        with safe_open(weights, "pt") as file:
            for name in file.keys():
                tensor = file.get_tensor(name)
                if not bool((tensor.abs() < LARGEST).all()):
                    raise ValueError(f"{name[:80]} holds NaN, or a value of {LARGEST:g} or more")
                found = tensor.shape[0 if ".lora_A." in name else -1] if tensor.ndim == 2 else None
                if found != rank:
                    raise ValueError(f"{name[:80]} has rank {found}, the config says {rank}")
    except SafetensorError as error:
        raise ValueError(f"{weights.name} is no safetensors file: {error}") from None


def check_shapes(linear: type) -> None:
    """Have the linear layers with LoRA, `linear` and all kinds below it, refuse matrices that do not fit.

    vLLM pads those of a narrower base with zeros, without a word, and computes nonsense.
    """
    for kind in [linear, *_kinds_below(linear)]:
        method = kind.__dict__.get("set_lora")
        if method is not None and not hasattr(method, "checks_shapes"):
            kind.set_lora = _checking(method)  # type: ignore[attr-defined]


def _kinds_below(kind: type) -> list[type]:
    found: list[type] = []
    below: type
    for below in kind.__subclasses__():
        found += [below, *_kinds_below(below)]
    return found


def _checking(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def check(self: Any, index: int, lora_a: Any, lora_b: Any, *arguments: Any, **named: Any) -> None:
        if getattr(self, "tp_size", 1) == 1:  # else these are the whole model's, and vLLM cuts them itself
            _check_fit(self, _as_list(lora_a), _as_list(lora_b))
        method(self, index, lora_a, lora_b, *arguments, **named)

    check.checks_shapes = True  # type: ignore[attr-defined]
    return check


def _check_fit(layer: Any, downs: list[Any], ups: list[Any]) -> None:
    slots = zip(layer.lora_a_stacked, layer.lora_b_stacked, strict=True)
    for (down_slots, up_slots), down, up in zip(slots, downs, ups, strict=False):
        for name, matrix, side, wanted in (
            ("lora_A", down, 1, down_slots.shape[-1]),
            ("lora_B", up, 0, up_slots.shape[2]),
        ):
            if matrix is not None and matrix.shape[side] != wanted:
                raise ValueError(
                    f"{name} is for a layer {matrix.shape[side]} wide, this base's is {wanted}: "
                    "the adapter was trained on another base."
                )


def _as_list(matrices: Any) -> list[Any]:
    return list(matrices) if isinstance(matrices, (list, tuple)) else [matrices]
