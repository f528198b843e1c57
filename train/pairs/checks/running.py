"""All checks, over one pair or over a set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from train.pairs.checks.citations import check_citations
from train.pairs.checks.context import Context
from train.pairs.checks.contradictions import check_contradiction
from train.pairs.checks.finding import Finding, Severity
from train.pairs.checks.instructions import check_instructions
from train.pairs.checks.languages import check_language
from train.pairs.checks.length import check_length
from train.pairs.checks.near_duplicates import check_near_duplicate
from train.pairs.checks.personal_data import check_personal_data
from train.pairs.checks.quotations import check_quotations
from train.pairs.checks.refusals import check_refusal
from train.pairs.checks.restricted import check_restricted
from train.pairs.checks.rights import check_rights
from train.pairs.checks.support import check_support
from train.pairs.pair import Pair

_CHECKS: tuple[Callable[[Pair, Context], Iterator[Finding]], ...] = (
    check_rights,
    check_restricted,
    check_personal_data,
    check_refusal,
    check_citations,
    check_quotations,
    check_support,
    check_near_duplicate,
    check_contradiction,
    check_instructions,
    check_length,
    check_language,
)
_ORDER: dict[Severity, int] = {"stop": 0, "warn": 1, "hint": 2}


def check_pair(pair: Pair, context: Context) -> tuple[Finding, ...]:
    """What every check finds in one pair, the gravest first; empty where all is well. Never raises."""
    found = [finding for check in _CHECKS for finding in check(pair, context)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))


def check_all(pairs: Sequence[Pair], context: Context) -> dict[str, tuple[Finding, ...]]:
    """Findings by the pair's id, for every pair of a set, with what only the set shows. Never raises."""
    return {pair.id: check_pair(pair, context) for pair in pairs}
