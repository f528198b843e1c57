"""Whether a pair rests on a record that the public may not see."""

from __future__ import annotations

from collections.abc import Iterator

from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, shorten
from train.pairs.pair import Pair


def check_restricted(pair: Pair, context: Context) -> Iterator[Finding]:
    """Stop a pair for each restricted record among its passages: the adapter could repeat its words."""
    for place, evidence in enumerate(pair.evidence):
        if not evidence.public:
            yield Finding(
                code="restricted",
                severity="stop",
                sentence=f"Passage [{place + 1}], “{shorten(evidence.heading)}”, is from a record that is "
                "closed to the public. Take it out, with all that the answer says from it, or wait until it "
                "is open.",
                field="evidence",
                words=evidence.heading,
                item=place,
            )
