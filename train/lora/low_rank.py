"""A frozen linear layer and its LoRA as one step, in the precision of the base.

peft computes LoRA in float32 beside a base in bfloat16: it copies every layer's input and output to float32
and back, and keeps the copies for the way back. Here both parts are matrix products of the base's precision,
added up in place; the input is kept once, though three layers read it, and the dropout's mask as one byte for
each value. What is trained stays in float32, as in any training in mixed precision.
"""

from __future__ import annotations

from typing import Any

import torch
from peft.tuners.lora import Linear
from torch.nn import functional as F


class LowRankLinear(Linear):
    """peft's LoRA on `torch.nn.Linear`, computed as above; its weights have peft's names and shapes."""

    def forward(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401 (peft's)
        """x (..., in) to (..., out)."""
        (name,) = self.active_adapters
        if self.disable_adapters or self.merged or args or kwargs:
            return super().forward(x, *args, **kwargs)
        dropout = self.lora_dropout[name]
        dropped = round(dropout.p * 256) if isinstance(dropout, torch.nn.Dropout) and self.training else 0
        out: torch.Tensor = _LowRank.apply(  # type: ignore[no-untyped-call]
            x,
            self.base_layer.weight,
            self.base_layer.bias,
            self.lora_A[name].weight,
            self.lora_B[name].weight,
            self.scaling[name] / (1 - dropped / 256),
            draw_kept(x, dropped) if dropped else None,
        )
        return out


def draw_kept(x: torch.Tensor, dropped: int) -> torch.Tensor:
    """Which values of x are kept, `dropped` of 256 by chance being left out; a bool of x's shape.

    A byte of chance for each value: drawing a number for each takes longer than the matrix products.
    """
    words = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
    return (words.view(torch.uint8)[: x.numel()] >= dropped).view(x.shape)


class _LowRank(torch.autograd.Function):
    """x W' + b + scale * (x * kept) A' B', with the gradients of x, A and B."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 (torch's)
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
        kept: torch.Tensor | None,
    ) -> torch.Tensor:
        down = (x if kept is None else x * kept) @ a.to(x.dtype).T
        out = F.linear(x, weight, bias)
        out.flatten(0, -2).addmm_(down.flatten(0, -2), (b * scale).to(x.dtype).T)
        ctx.save_for_backward(x, weight, a, b, down, kept)
        ctx.scale = scale
        return out

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # noqa: ANN401
        x, weight, a, b, down, kept = ctx.saved_tensors
        flat = grad.flatten(0, -2)
        back = flat @ (b * ctx.scale).to(grad.dtype)
        seen = (x if kept is None else x * kept).flatten(0, -2)
        grad_a = (back.T @ seen).to(a.dtype)
        grad_b = (flat.T @ down.flatten(0, -2)).to(b.dtype) * ctx.scale
        grad_x = None
        if ctx.needs_input_grad[0]:
            grad_x = flat @ weight
            if kept is None:
                grad_x.addmm_(back, a.to(grad.dtype))
            else:
                grad_x.add_((back @ a.to(grad.dtype)) * kept.flatten(0, -2))
            grad_x = grad_x.view_as(x)
        return grad_x, None, None, grad_a, grad_b, None, None
