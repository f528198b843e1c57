"""An answer as its sentences, each with the passages that it cites."""

from __future__ import annotations

import re
from dataclasses import dataclass

from train.pairs.checks.quoted import blank_quotations

_ONE = r"(?:\[\[?|【)\s*(?:(?i:passages?|sources?)\s*)?(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*(?:\]\]?|】)"
MARKER = re.compile(_ONE)
"""A citation, as the service reads it while an answer streams."""
_END = re.compile(
    rf"(?P<stop>[.!?。！？][\"'”’»)]*)(?P<cited>(?:\s*{_ONE})*+)(?=\s+[^\W_a-z]|\s*[\"“„«(\[‘]|\s*$)"
    r"|\n+\s*(?:[-*•]\s+)?"
)
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[^\W\d_]|\d{1,2}|Mrs?|Ms|Dr|St|Rev|Capt|Col|Gen|Lt|Prof|Hon|Jr|Sr|No|Nos|Nr|Vol|vol|pp?|fol|f|ff|ca?|Bd"
    r"|bx|Co|Inc|ed|etc|cf|approx|Mme|Mlle|Sra|Sr|Hr|Fr|geb|gest|bzw|usw)\.$"
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its place in the answer; `cited` are passage numbers from 1, each once, in order."""

    text: str
    start: int
    cited: tuple[int, ...]

    @property
    def prose(self) -> str:
        """The sentence with spaces where the citations stand, so that places stay the same."""
        return MARKER.sub(lambda found: " " * len(found[0]), self.text)


def split_answer(answer: str) -> list[Sentence]:
    """The sentences of an answer, in order. A full stop inside a quotation ends none."""
    masked = blank_quotations(answer, "x")
    found: list[Sentence] = []
    start = 0
    for end in _END.finditer(masked):
        is_break = end["stop"] is None
        if not is_break and _ABBREVIATED.search(masked[start : end.start() + 1]) and end.end() < len(masked):
            continue
        _add(found, answer, start, end.start() if is_break else end.end())
        start = end.end()
    _add(found, answer, start, len(answer))
    return found


def read_numbers(marker: str) -> list[int]:
    """The passage numbers of one citation; a range is opened up, but never beyond 20 numbers."""
    numbers: list[int] = []
    for part in re.split(r"\s*[,;]\s*", marker):
        ends = [int(end) for end in re.split(r"\s*[–-]\s*", part)]
        numbers.extend(range(ends[0], min(ends[-1], ends[0] + 20) + 1))
    return list(dict.fromkeys(numbers))


def _add(found: list[Sentence], answer: str, start: int, end: int) -> None:
    text = answer[start:end]
    lead = len(text) - len(text.lstrip())
    text = text.strip()
    if text:
        cited = dict.fromkeys(
            number for marker in MARKER.finditer(text) for number in read_numbers(marker[1])
        )
        found.append(Sentence(text, start + lead, tuple(cited)))
