"""What stands in quotation marks, of any of the kinds that libraries write."""

from __future__ import annotations

import re
from dataclasses import dataclass

_QUOTED = re.compile(
    r"“(?P<curly>[^“”]{1,2000})[”“]"
    r"|„(?P<low>[^„“”\"]{1,2000})[“”\"]"
    r"|«\s?(?P<angled>[^«»]{1,2000}?)\s?»"
    r"|»(?P<turned>[^«»]{1,2000})«"
    r"|「(?P<corner>[^「」]{1,2000})」"
    r"|(?<![\w\"])\"(?P<straight>(?:[^\"\n]|(?<=[\"(\s])\"[^\"\n]{1,300}\"(?=[),.;:])){1,2000}?)\"(?!\w)"
    r"|(?<!\w)‘(?P<single>[^‘’]*(?:’\w[^‘’]*)*\s[^‘’]*(?:’\w[^‘’]*)*)’(?!\w)"
)
"""Straight ones may have a pair inside, as titles do: "Unidentified ("Your loving Nell"), undated".
Single ones only around more than one word: else they are apostrophes."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """The words between the marks, and where they stand (without the marks)."""

    words: str
    start: int
    end: int


def read_quotations(text: str) -> list[Quotation]:
    """All quotations of a text, in order, the outer ones."""
    found = []
    for match in _QUOTED.finditer(text):
        name = match.lastgroup or ""
        if match[name].strip():
            found.append(Quotation(match[name], match.start(name), match.end(name)))
    return found


def blank_quotations(text: str, fill: str = " ") -> str:
    """The text with every character between quotation marks made `fill`, so that places stay the same."""
    for quotation in read_quotations(text):
        length = quotation.end - quotation.start
        text = f"{text[: quotation.start]}{fill * length}{text[quotation.end :]}"
    return text
