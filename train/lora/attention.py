"""Attention over lessons laid end to end: causal within each, nothing between them.

Given to transformers as an attention implementation of its own. No mask over all pairs of tokens is made,
so the work grows with the lessons' lengths and not with the row's, and PyTorch's fused kernel serves each.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch.nn import functional as F

NAME = "reading_room_segments"


def attend_within(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    bounds: tuple[int, ...] | None = None,
    sliding_window: int | None = None,
    **_: object,
) -> tuple[torch.Tensor, None]:
    """Query (1, heads, length, width), key and value with as many or fewer heads; out (1, length, heads,
    width). `bounds` are where lessons begin, and the length; without them the row is one lesson."""
    shared = query.shape[1] != key.shape[1]
    lengths = [end - start for start, end in pairwise(bounds or (0, query.shape[2]))]
    parts = []
    whole = (torch.split(one, lengths, dim=2) for one in (query, key, value))
    for asked, seen, told in zip(*whole, strict=True):
        near = _mask_far(asked.shape[2], sliding_window, query.device)
        parts.append(
            F.scaled_dot_product_attention(
                asked,
                seen,
                told,
                attn_mask=near,
                dropout_p=dropout,
                is_causal=near is None,
                scale=scaling,
                enable_gqa=shared,
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2).contiguous(), None


def register() -> None:
    """Make it known to transformers under NAME; it needs no mask."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend_within)
    AttentionMaskInterface.register(NAME, lambda *_, **__: None)


def _mask_far(length: int, window: int | None, device: torch.device) -> torch.Tensor | None:
    """Which tokens are seen where a layer looks back `window` tokens only; None where it is all before."""
    if window is None or length <= window:
        return None
    apart = torch.arange(length, device=device)[:, None] - torch.arange(length, device=device)[None]
    return (apart >= 0) & (apart < window)
