"""Whether an approved pair asks the same already."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.words import split_words
from train.pairs.checks.approved import Nearness, Neighbour
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, Severity, shorten
from train.pairs.pair import Pair

_HOW: dict[Nearness, str] = {
    "same": "asks the same",
    "spelling": "asks nearly the same",
    "meaning": "may ask the same in other words",
}


def check_near_duplicate(pair: Pair, context: Context) -> Iterator[Finding]:
    """Show approved pairs that ask the same; stop one that says the same as well."""
    for neighbour in context.approved.find_neighbours(pair):
        yield _describe(pair, neighbour, context.approved.called)


def _describe(pair: Pair, neighbour: Neighbour, called: str) -> Finding:
    other = neighbour.pair
    repeats = neighbour.nearness == "same" and split_words(pair.answer) == split_words(other.answer)
    repeats = repeats and {item.record_id for item in pair.evidence} == {
        item.record_id for item in other.evidence
    }
    severity: Severity = "stop" if repeats else "warn" if neighbour.nearness != "meaning" else "hint"
    todo = (
        "Its answer and its passages are the same too: set this pair aside."
        if repeats
        else "Keep the better of the two, or keep both if they are to be asked in both wordings."
    )
    return Finding(
        code="near-duplicate",
        severity=severity,
        sentence=f"{called} {_HOW[neighbour.nearness]}: “{shorten(other.question)}”. {todo}",
        field="question",
        words=pair.question,
        start=0,
        end=len(pair.question),
        others=(other.id,),
    )
