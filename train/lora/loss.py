"""The loss over answers alone: the head is computed where an answer's token is to be foretold, nowhere else.

Most of a lesson is prompt, and the head over the whole vocabulary is the dearest layer of a small model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional as F

from train.lora.attention import NAME
from train.lora.packing import Row


def add_up_loss(model: torch.nn.Module, row: Row) -> torch.Tensor:
    """The cross entropy of a row's answers, in nats, added up over their tokens; a float32 scalar.

    No attention mask is given and no cache used: see `train.lora.packing`.
    """
    told: dict[str, Any] = {}
    if getattr(model, "config", None) is not None and model.config._attn_implementation == NAME:  # type: ignore[union-attr]
        told["bounds"] = row.bounds
    logits: torch.Tensor = model(
        input_ids=row.tokens,
        position_ids=row.positions,
        logits_to_keep=row.wanted,
        use_cache=False,
        **told,
    ).logits
    return F.cross_entropy(logits[0].float(), row.targets, reduction="sum")


def count_targets(rows: Sequence[Row]) -> int:
    """Answer tokens of rows, turn ends among them."""
    return sum(len(row.targets) for row in rows)


@torch.no_grad()
def measure_loss(model: torch.nn.Module, rows: Sequence[Row], device: torch.device | str) -> float:
    """The mean loss for each answer token, without dropout; draws nothing by chance."""
    was_training = model.training
    model.eval()
    total = sum(float(add_up_loss(model, row.to(device))) for row in rows)
    model.train(was_training)
    return total / max(1, count_targets(rows))
