"""Batches in which no passage that is right for one question counts as wrong for another."""

from __future__ import annotations

import random
from collections.abc import Sequence

from train.embedding.lesson import Lesson


def make_batches(lessons: Sequence[Lesson], size: int, seed: int, epoch: int) -> list[list[int]]:
    """Places of the lessons in batches of at most `size`, the same for the same seed and epoch.

    Two lessons that share a key are never in one batch; a batch of one, which has no other's passages, is
    left out unless the lesson brings negatives of its own.
    """
    order = list(range(len(lessons)))
    random.Random(f"{seed} epoch {epoch}").shuffle(order)
    open_batches: list[tuple[list[int], set[str]]] = []
    done: list[list[int]] = []
    for place in order:
        keys = set(lessons[place].keys)
        fitting = next((one for one in open_batches if not one[1] & keys), None)
        if fitting is None:
            fitting = ([], set())
            open_batches.append(fitting)
        fitting[0].append(place)
        fitting[1].update(keys)
        if len(fitting[0]) == size:
            open_batches.remove(fitting)
            done.append(fitting[0])
    left = [batch for batch, _ in open_batches]
    return done + [batch for batch in left if len(batch) > 1 or lessons[batch[0]].negatives]
