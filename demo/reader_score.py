"""How well the reader answers held-out lessons, without generating.

An answer counts if every token of it is the most likely one.
With greedy decoding that is the same as answering word for word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from demo.reader_batches import Batch, Tree, collate
from demo.reader_model import ReaderModel


@dataclass(frozen=True, slots=True)
class Score:
    """Shares answered word for word: of answerable questions, of unanswerable ones, and how many of each."""

    answered: float
    refused: float
    answerable: int
    unanswerable: int


def exact_answers(logits: Tensor, batch: Batch) -> Tensor:
    """For each answer of a batch, whether all its tokens are the most likely ones (bool)."""
    count = int(batch.branch.max()) + 1
    missed = torch.zeros(count).index_add_(0, batch.branch, (logits.argmax(-1) != batch.targets).float())
    return missed == 0


def score(model: ReaderModel, trees: Sequence[Tree], refusal: Sequence[int]) -> Score:
    """Score held-out trees, each with its branches; `refusal` is the refusal as token ids."""
    tally: dict[bool, list[bool]] = defaultdict(list)
    for tree in sorted(trees, key=len):
        batch = collate([tree])
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits = model.score(model(batch.ids, batch.positions, batch.mask)[batch.rows, batch.columns])
        for branch, exact in zip(tree.branches, exact_answers(logits, batch).tolist(), strict=True):
            tally[branch.ids[branch.answer : -1] == list(refusal)].append(exact)
    return Score(_mean(tally[False]), _mean(tally[True]), len(tally[False]), len(tally[True]))


def _mean(values: Sequence[bool]) -> float:
    return sum(values) / len(values) if values else 0.0
