"""Muon (K. Jordan, 2024) for all weight matrices of a model, those of one size at once.

torch.optim.Muon goes matrix by matrix: at 84 small ones, launching its kernels would take a quarter of each
step on a GPU. Rate scaled as by Moonshot AI (2025), so that AdamW's rate serves: 0.2 times the root of the
longer side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

_TERMS = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal by five Newton-Schulz steps in bfloat16; decay apart from the gradient."""

    def __init__(
        self, params: Iterable[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.05
    ) -> None:
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update of every matrix that has a gradient."""
        for group in self.param_groups:
            for alike in _group_by_size(group["params"]).values():
                self._update(alike, group)

    def _update(self, matrices: list[Tensor], group: dict[str, Any]) -> None:
        gradients = [matrix.grad for matrix in matrices if matrix.grad is not None]
        kept = [self.state[m].setdefault("momentum_buffer", torch.zeros_like(m)) for m in matrices]
        torch._foreach_lerp_(kept, gradients, 1 - group["momentum"])
        steps = torch._foreach_lerp(gradients, kept, group["momentum"])
        turned = orthogonalise(torch.stack(list(steps))).to(matrices[0].dtype)
        rate = group["lr"] * 0.2 * max(matrices[0].shape) ** 0.5
        torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
        torch._foreach_add_(matrices, list(turned.unbind()), alpha=-rate)


def orthogonalise(stack: Tensor, steps: int = 5) -> Tensor:
    """Matrices (n, rows, columns) with singular values brought near 1."""
    x = stack.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    a, b, c = _TERMS
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    turned: Tensor = x.mT if tall else x
    return turned


def _group_by_size(matrices: Iterable[Tensor]) -> dict[torch.Size, list[Tensor]]:
    groups: dict[torch.Size, list[Tensor]] = defaultdict(list)
    for matrix in matrices:
        if matrix.grad is not None:
            groups[matrix.shape].append(matrix)
    return groups
