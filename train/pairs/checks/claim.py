"""A thing that a text states and that can be looked for in another: a date, a number, a name and so on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_RUN = re.compile(r"\s{5,}")

ClaimKind = Literal["container", "date", "number", "shelf mark", "name"]


@dataclass(frozen=True, slots=True)
class Claim:
    """`words` as they stand at `start` of the text they were read from."""

    kind: ClaimKind
    words: str
    start: int
    end: int


def hold_spaces(text: str) -> str:
    """The text with `#` inside long runs of white space, over which patterns take very long."""
    return _RUN.sub(lambda found: f" {'#' * (len(found[0]) - 2)} ", text)


def blank(text: str, areas: list[tuple[int, int]]) -> str:
    """The text with `#` for each character of the areas, so that nothing is read twice."""
    for start, end in areas:
        text = f"{text[:start]}{'#' * (end - start)}{text[end:]}"
    return text
