"""How fast this machine is at the base's own matrices, measured in a second or two."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from train.lora.base import BaseFolder
from train.lora.recipe import Recipe

_TIMED_TOKENS = 256


def measure_speed(base: BaseFolder, recipe: Recipe, device: str) -> Callable[[int], float]:
    """Times each shape of matrix once; gives seconds of one forward pass over so many tokens."""
    import torch

    kind = {"fp32": torch.float32, "bf16": torch.bfloat16}[recipe.precision]
    threads = torch.get_num_threads()
    torch.set_num_threads(recipe.threads)
    total = 0.0
    with torch.inference_mode():
        for into, out, many in base.matrices:
            tokens = torch.zeros((_TIMED_TOKENS, into), dtype=kind, device=device)
            weights = torch.zeros((out, into), dtype=kind, device=device)
            spans = [_time(tokens, weights, device) for _ in range(4)]
            total += min(spans[1:]) * many
    torch.set_num_threads(threads)
    return lambda tokens: total * tokens / _TIMED_TOKENS


def _time(tokens: Any, weights: Any, device: str) -> float:  # noqa: ANN401 (tensors: torch is not imported)
    import torch

    started = time.perf_counter()
    torch.nn.functional.linear(tokens, weights)
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - started
