"""What a judge sees of two answers: two sides under names that say nothing, in an order that says nothing.

Side names and order are drawn with the comparison's secret from judge and question, so that they are the same
whenever the judge looks, differ from judge to judge and from question to question, and tell nobody who lacks
the secret which version wrote what. Nothing of it is stored: there is nothing to read it off.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from serve.comparisons.comparison import ARMS, Arm, Choice, Comparison
from serve.errors import BadRequest

SHARED = 5
"""Questions that every judge begins with, so that it can be seen whether judges agree."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two answers; `name` is what crosses the wire in the place of `arm`."""

    name: str
    arm: Arm


def draw_sides(comparison: Comparison, judge: str, question: str) -> tuple[Side, Side]:
    """Both sides in the order in which this judge sees them: that of their names."""
    first, second = sorted(
        (Side(_draw(comparison, "side", judge, question, arm)[:16], arm) for arm in ARMS),
        key=lambda side: side.name,
    )
    return first, second


def read_choice(sides: tuple[Side, Side], given: str) -> Choice:
    """What a judge chose, given a side's name, "tie" or "neither". Raises BadRequest."""
    if given == "tie" or given == "neither":
        return "tie" if given == "tie" else "neither"
    for side in sides:
        if hmac.compare_digest(side.name.encode(), given.encode("utf-8", "replace")):
            return side.arm
    raise BadRequest(
        "choice: expected the name of one of the two sides as this judge was shown them, tie or neither. "
        "Look at the question again.",
        param="choice",
    )


def name_judge(comparison: Comparison, who: str) -> str:
    """What a judge is called in this comparison: it can be linked neither to another one nor to a person."""
    return _draw(comparison, "judge", who)


def weigh_question(comparison: Comparison, judge: str, question: str) -> str:
    """What questions are put in order by: another order for each judge."""
    return _draw(comparison, "order", judge, question)


def choose_shared(comparison: Comparison, questions: list[str]) -> frozenset[str]:
    """The questions that every judge begins with."""
    return frozenset(sorted(questions, key=lambda one: _draw(comparison, "shared", one))[:SHARED])


def _draw(comparison: Comparison, *parts: str) -> str:
    """64 hex digits that only the secret and these parts together give."""
    said = "\n".join(parts).encode("utf-8", "replace")
    return hmac.new(comparison.secret.encode(), said, hashlib.sha256).hexdigest()
