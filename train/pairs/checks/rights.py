"""Whether somebody agreed to a pair's use, and under which licence."""

from __future__ import annotations

from collections.abc import Iterator

from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding
from train.pairs.pair import Pair

_SAYS_NOTHING = frozenset(
    {"", "?", "-", "n/a", "na", "none", "unknown", "tbd", "todo", "unclear", "unlicensed"}
)


def check_rights(pair: Pair, context: Context) -> Iterator[Finding]:
    """Stop a pair that nobody agreed to, or whose licence is not named."""
    if pair.consent == "none":
        yield Finding(
            code="rights",
            severity="stop",
            sentence=(
                "Nobody has agreed yet that this pair may be used for training. Ask the patron, or write the "
                "question and the answer anew in your own words and record your own consent."
            ),
        )
    elif pair.origin == "feedback" and pair.consent == "file":
        yield Finding(
            code="rights",
            severity="stop",
            sentence=(
                "This pair comes from a patron's chat, but its consent was given for a file. "
                "Record whether the patron agreed."
            ),
        )
    if pair.licence.strip().casefold() in _SAYS_NOTHING:
        found = f"says only “{pair.licence.strip()}”" if pair.licence.strip() else "is empty"
        yield Finding(
            code="rights",
            severity="stop",
            sentence=(
                f"The licence of this pair {found}. Name the terms under which its text may be used, "
                "such as “CC0-1.0”, “CC-BY-4.0” or “library's own text”."
            ),
            words=pair.licence.strip(),
        )
