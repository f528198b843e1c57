"""What a check finds in a pair, in words for the person who reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["stop", "warn", "hint"]
"""`stop`: has to be mended before the pair can be approved (law, or a form that would spoil the training).
`warn`: a person decides, and may approve it as it is. `hint`: worth knowing, may well be nothing."""

Code = Literal[
    "near-duplicate",
    "contradiction",
    "unsupported",
    "quotation",
    "citation",
    "refusal",
    "personal-data",
    "restricted",
    "rights",
    "length",
    "language",
    "instructions",
    "cluster",
]
"""Which check speaks: pages group by it, and a waiver names it."""

Field = Literal["question", "answer", "evidence", "history", "pair"]
"""The part of the pair that is meant; `pair` where it is none of its texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding: a sentence that names the words meant and says what to do.

    `words` are those words as they stand in `field`, from `start` to `end` (characters; -1 where they are
    not marked in the text, in `evidence` and `history` within item `item`, counted from 0).
    `others` are ids of other pairs that it is about. All text in it is plain text and may be hostile.
    """

    code: Code
    severity: Severity
    sentence: str
    field: Field = "pair"
    words: str = ""
    start: int = -1
    end: int = -1
    item: int = -1
    others: tuple[str, ...] = ()


def shorten(text: str, most: int = 80) -> str:
    """A text on one line for a message, cut between words."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    return f"{line[: most - 1].rpartition(' ')[0] or line[: most - 1]}…"


def join_words(words: list[str]) -> str:
    """Words in quotation marks, as a sentence lists them: “a”, “b” and “c”."""
    quoted = [f"“{shorten(word)}”" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
