"""Pairs for the tests, as a library of the sample kind would have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from train.pairs.checks import Approved, Context, Finding, check_pair
from train.pairs.pair import Evidence, Pair

LETTER = Evidence(
    record_id="ms101-0068",
    collection_id="ms101",
    heading="Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 3, Folder 1)",
    breadcrumb=("Marsh Family Papers", "Correspondence"),
    text="The Senneck flood of 14 April 1905 took the lower bridge. Father is better and the orchard is in bloom.",
)
ACCOUNTS = Evidence(
    record_id="mc7-0011",
    collection_id="mc7",
    heading="Account books, 1881-1902 (Box 11)",
    breadcrumb=("Creamery Association Records",),
    text="Two volumes, kept by the treasurer, Silas Whitcomb.",
)
GOOD = Pair(
    id="p1",
    question="Do you have any letters by Ellen Marsh from 1905?",
    answer='Yes: "Ellen Marsh to Thomas Marsh, 16 April 1905 (Box 3, Folder 1)" [1].',
    evidence=(LETTER,),
    consent="staff",
    licence="CC0-1.0",
    contributor="ada",
)
TODAY = date(2026, 11, 21)


def vary(pair: Pair = GOOD, /, **changes: object) -> Pair:
    """The pair with some fields changed."""
    return replace(pair, **changes)  # type: ignore[arg-type]


def context(*approved: Pair, **changes: object) -> Context:
    """A context of a fixed day, with these pairs approved."""
    return Context(approved=Approved(approved), today=TODAY, **changes)  # type: ignore[arg-type]


def find(pair: Pair, code: str, using: Context | None = None) -> list[Finding]:
    """What is found in a pair under one code."""
    return [finding for finding in check_pair(pair, using or context()) if finding.code == code]
