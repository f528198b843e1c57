"""Which lessons make up which step: the same for the same seed and epoch, however often a run was stopped."""

from __future__ import annotations

import math
from collections.abc import Iterator

from torch.utils.data import Sampler

from train.lora.passages import make_random


class EpochBatches(Sampler[list[int]]):
    """Every lesson once in each epoch, in an order drawn by the seed and the epoch's number alone.

    `set_epoch` is called by transformers and accelerate, here or on `sampler`, whichever they look at.
    """

    def __init__(self, many: int, batch: int, seed: int) -> None:
        self.sampler = self
        self._many, self._batch, self._seed, self._epoch = many, batch, seed, 0

    def __len__(self) -> int:
        return math.ceil(self._many / self._batch)

    def __iter__(self) -> Iterator[list[int]]:
        order = list(range(self._many))
        make_random(self._seed, "order", self._epoch).shuffle(order)
        for at in range(0, self._many, self._batch):
            yield order[at : at + self._batch]

    def set_epoch(self, epoch: int) -> None:
        """The epoch that comes now, from 0."""
        self._epoch = epoch
