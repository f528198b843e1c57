"""Lessons laid end to end, without padding: each sees itself alone, with positions of its own.

Exact where attention keeps to the lessons' bounds: by `train.lora.attention`, or by positions that begin
anew, which transformers reads as such where no attention mask is given and no cache is used (and not
otherwise: tests/train/lora/test_packing.py holds that).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from train.lora.lessons import Lesson


@dataclass(frozen=True, slots=True)
class Row:
    """Lessons end to end. `tokens` and `positions` have the shape (1, length); `wanted` are the places after
    which an answer's token follows, `targets` these tokens, both (answer tokens,); `bounds` where lessons
    begin, and the length."""

    tokens: torch.Tensor
    positions: torch.Tensor
    wanted: torch.Tensor
    targets: torch.Tensor
    bounds: tuple[int, ...]

    def to(self, device: torch.device | str) -> Row:
        """The same row on a device."""
        return Row(
            self.tokens.to(device),
            self.positions.to(device),
            self.wanted.to(device),
            self.targets.to(device),
            self.bounds,
        )


def pack(lessons: Sequence[Lesson], row_tokens: int) -> list[Row]:
    """The lessons in rows of at most `row_tokens` tokens, a longer lesson in one of its own.

    First fit by falling length: the rows are few, and the same for the same lessons.
    """
    rows: list[list[Lesson]] = []
    room: list[int] = []
    for lesson in sorted(lessons, key=lambda one: (-len(one), one.id)):
        at = next((place for place, left in enumerate(room) if left >= len(lesson)), None)
        if at is None:
            rows.append([lesson])
            room.append(row_tokens - len(lesson))
        else:
            rows[at].append(lesson)
            room[at] -= len(lesson)
    return [make_row(row) for row in rows]


def make_row(lessons: Sequence[Lesson]) -> Row:
    """One row of these lessons."""
    bounds = (0, *accumulate(map(len, lessons)))
    wanted: list[int] = []
    for start, lesson in zip(bounds, lessons, strict=False):
        first = start + len(lesson.prompt) - 1
        wanted += range(first, first + len(lesson.answer))
    return Row(
        tokens=torch.tensor([[token for one in lessons for token in (*one.prompt, *one.answer)]]),
        positions=torch.cat([torch.arange(len(one)) for one in lessons])[None],
        wanted=torch.tensor(wanted),
        targets=torch.tensor([token for one in lessons for token in one.answer]),
        bounds=bounds,
    )
