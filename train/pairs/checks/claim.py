"""A thing that a text states and that can be looked for in another: a date, a number, a name and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ClaimKind = Literal["container", "date", "number", "shelf mark", "name"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`words` as they stand at `start` of the text they were read from."""

    kind: ClaimKind
    words: str
    start: int
    end: int


def blank(text: str, areas: list[tuple[int, int]]) -> str:
    """The text with `#` for each character of the areas, so that nothing is read twice."""
    for start, end in areas:
        text = f"{text[:start]}{'#' * (end - start)}{text[end:]}"
    return text
