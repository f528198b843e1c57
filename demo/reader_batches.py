"""Training batches: several questions over one set of passages, each learning its answer tokens alone.

A `Tree` is a shared beginning (system text and passages) and branches (a question with its answer).
Every branch sees the beginning and itself and takes up positions where the beginning ends, so that each is
exactly the prompt that the product would send for that question, at a fraction of the cost.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from demo.reader_tokenizer import PAD

_FAR = 64
"""Longest stretch of positions skipped at one passage boundary (see `gaps`)."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A question and its answer as token ids; those from `answer` on are learnt."""

    ids: list[int]
    answer: int


@dataclass(frozen=True, slots=True)
class Tree:
    """A shared beginning with its branches; at `gaps` in the beginning, positions may skip ahead."""

    start: list[int]
    branches: list[Branch]
    gaps: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.start) + sum(len(branch.ids) for branch in self.branches)


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded trees: ids, positions (batch, time), additive mask (batch, 1, time, time), what is learnt.

    `rows`, `columns` name the places that predict; `targets` what they should; `branch` which answer
    each belongs to, counted over the batch.
    """

    ids: Tensor
    positions: Tensor
    mask: Tensor
    rows: Tensor
    columns: Tensor
    targets: Tensor
    branch: Tensor


def make_tree(sequences: Sequence[tuple[list[int], int]]) -> Tree:
    """Fold whole prompts with answers (token ids, index of the first answer token) into one tree."""
    shortest = min(answer for _, answer in sequences) - 1
    first = sequences[0][0]
    shared = 0
    while shared < shortest and all(ids[shared] == first[shared] for ids, _ in sequences):
        shared += 1
    branches = [Branch(ids[shared:], answer - shared) for ids, answer in sequences]
    return Tree(first[:shared], branches)


def collate(trees: Sequence[Tree], rng: random.Random | None = None) -> Batch:
    """Pad trees into one batch; with `rng`, positions skip ahead at random at some `gaps`."""
    length = max(len(tree) for tree in trees)
    ids = torch.full((len(trees), length), PAD, dtype=torch.long)
    positions = torch.zeros((len(trees), length), dtype=torch.long)
    owner = torch.full((len(trees), length), -1, dtype=torch.long)
    picks: list[tuple[int, int, int, int]] = []
    answers = 0
    for row, tree in enumerate(trees):
        end = len(tree.start)
        ids[row, :end] = torch.tensor(tree.start, dtype=torch.long)
        places = _places(tree, rng)
        positions[row, :end] = torch.tensor(places[:end], dtype=torch.long)
        owner[row, :end] = 0
        at = end
        for number, branch in enumerate(tree.branches, start=1):
            stop = at + len(branch.ids)
            ids[row, at:stop] = torch.tensor(branch.ids, dtype=torch.long)
            positions[row, at:stop] = torch.arange(places[end], places[end] + len(branch.ids))
            owner[row, at:stop] = number
            picks += [
                (row, at + i - 1, branch.ids[i], answers) for i in range(branch.answer, len(branch.ids))
            ]
            answers += 1
            at = stop
    rows, columns, targets, branch_of = (torch.tensor(column) for column in zip(*picks, strict=True))
    return Batch(ids, positions, _mask(owner), rows, columns, targets, branch_of)


def _places(tree: Tree, rng: random.Random | None) -> list[int]:
    skips = dict.fromkeys(tree.gaps, 0)
    if rng is not None and tree.gaps and rng.random() < 0.3:
        skips = {gap: rng.randrange(_FAR * 4) for gap in tree.gaps}
    place, places = 0, []
    for index in range(len(tree.start) + 1):
        place += skips.get(index, 0)
        places.append(place)
        place += 1
    return places


def _mask(owner: Tensor) -> Tensor:
    time = owner.shape[1]
    earlier = torch.ones((time, time), dtype=torch.bool).tril()
    mine = owner[:, :, None] == owner[:, None, :]
    shared = (owner == 0)[:, None, :]
    seen = (earlier & (mine | shared)) | torch.eye(time, dtype=torch.bool)
    mask = torch.zeros(seen.shape, dtype=torch.bfloat16)
    return mask.masked_fill_(~seen, float("-inf"))[:, None]
