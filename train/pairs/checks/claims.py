"""What a sentence states outside its quotations, and whether a passage shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from train.pairs.checks.claim import Claim, blank
from train.pairs.checks.containers import read_containers
from train.pairs.checks.dates_named import read_named_dates
from train.pairs.checks.names_named import read_names, stands_in
from train.pairs.checks.numbers_named import read_numbers
from train.pairs.checks.shelf_marks import read_shelf_marks
from train.pairs.checks.shown import Shown

_DECLINING = frozenset({"de", "pl", "cs", "ru", "uk", "la", "el", "sv", "da", "no"})
"""Languages whose names take endings."""


def read_claims(prose: str, language: str) -> list[Claim]:
    """Everything in a sentence that can be looked for, each part of it read once, in order."""
    found: list[Claim] = []
    rest = prose
    for start, end in read_shelf_marks(rest):
        found.append(Claim("shelf mark", prose[start:end], start, end))
    rest = blank(rest, [(claim.start, claim.end) for claim in found])
    containers = read_containers(rest)
    found += [Claim("container", prose[one.start : one.end], one.start, one.end) for one in containers]
    rest = blank(rest, [(one.start, one.end) for one in containers])
    dates = read_named_dates(rest)
    found += [Claim("date", prose[one.start : one.end], one.start, one.end) for one in dates]
    rest = blank(rest, [(one.start, one.end) for one in dates])
    found += [Claim("number", prose[start:end], start, end) for _, start, end in read_numbers(rest)]
    found += [Claim("name", name, start, end) for name, start, end in read_names(rest, language)]
    return sorted(found, key=lambda claim: claim.start)


def find_unshown(claims: Sequence[Claim], passages: Sequence[Shown], language: str) -> Iterator[Claim]:
    """Those that none of the passages shows. "Folders 1 to 4" may be shown by four of them together."""
    containers = frozenset(key for passage in passages for key in passage.containers)
    for claim in claims:
        if claim.kind == "container":
            shown = containers.issuperset(_read_keys(claim))
        else:
            shown = any(is_shown(claim, passage, language) for passage in passages)
        if not shown and not (claim.kind == "number" and _counts(claim, len(passages))):
            yield claim


def is_shown(claim: Claim, passage: Shown, language: str) -> bool:
    """Whether a passage has what is claimed, however it is written there."""
    if claim.kind == "container":
        return passage.containers.issuperset(_read_keys(claim))
    if claim.kind == "date":
        return all(passage.has_date(date) for date in read_named_dates(claim.words))
    if claim.kind == "number":
        return any(value in passage.numbers for value, _, _ in read_numbers(claim.words))
    if claim.kind == "shelf mark":
        return passage.has_mark(claim.words)
    return stands_in(claim.words, passage.words, inflected=language in _DECLINING)


def _read_keys(claim: Claim) -> set[str]:
    """The containers of a claim; what is abbreviated ("f. 3") is one only behind another."""
    named = read_containers(claim.words) or read_containers(f"Box 0, {claim.words}")[1:]
    return {key for container in named for key in container.keys}


def _counts(claim: Claim, passages: int) -> bool:
    """ "Three letters" where three passages are cited is counted, not quoted."""
    return any(value == passages for value, _, _ in read_numbers(claim.words))
