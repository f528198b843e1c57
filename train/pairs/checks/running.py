"""All checks, over one pair or over a set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from train.pairs.checks.approved import Approved
from train.pairs.checks.citations import check_citations
from train.pairs.checks.clusters import check_clusters
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
_BRIEF = (check_rights, check_restricted, check_length)
"""All that is asked of a pair that is far too long to be one."""
LONGEST = 20_000
"""Characters of question, answer and history together that are looked at: far more than fits anywhere."""
LONGEST_PASSAGE = 50_000
"""Characters of one passage that are looked at."""
_MOST = 40
"""Findings of one check in one pair: nobody reads more."""
_ORDER: dict[Severity, int] = {"stop": 0, "warn": 1, "hint": 2}


def check_pair(pair: Pair, context: Context) -> tuple[Finding, ...]:
    """What every check finds in one pair, the gravest first; empty where all is well. Never raises."""
    written = len(pair.question) + len(pair.answer) + sum(len(turn.content) for turn in pair.history)
    if written > LONGEST:
        return _rank([finding for check in _BRIEF for finding in check(pair, context)])
    pair = _cut_passages(pair)
    found = [finding for check in _CHECKS for finding in islice(check(pair, context), _MOST)]
    return _rank(found)


def _cut_passages(pair: Pair) -> Pair:
    if all(len(item.text) <= LONGEST_PASSAGE for item in pair.evidence):
        return pair
    return replace(
        pair, evidence=tuple(replace(item, text=item.text[:LONGEST_PASSAGE]) for item in pair.evidence)
    )


def check_all(pairs: Sequence[Pair], context: Context) -> dict[str, tuple[Finding, ...]]:
    """Findings by the pair's id, for every pair of a set, with what only the set shows. Never raises.

    Of several pairs that say the same, all but the first are stopped.
    """
    found = {pair.id: list(check_pair(pair, context)) for pair in pairs}
    among = Approved(pairs, context.approved.embedder, called="Another pair of this set")
    inside = replace(context, approved=among)
    order = {pair.id: place for place, pair in enumerate(pairs)}
    for pair in pairs:
        for finding in (*check_near_duplicate(pair, inside), *check_contradiction(pair, inside)):
            is_first = all(order[other] > order[pair.id] for other in finding.others)
            if not (finding.severity == "stop" and is_first):
                found[pair.id].append(finding)
    for pair_id, finding in check_clusters(pairs, context):
        found[pair_id].append(finding)
    return {pair_id: _rank(findings) for pair_id, findings in found.items()}


def find_duplicates(pairs: Sequence[Pair]) -> list[tuple[str, ...]]:
    """Ids of pairs that ask the same but for small words and spelling, in groups; others are in none."""
    among = Approved(pairs)
    group = {pair.id: pair.id for pair in pairs}

    def lead(pair_id: str) -> str:
        while group[pair_id] != pair_id:
            group[pair_id] = group[group[pair_id]]
            pair_id = group[pair_id]
        return pair_id

    for pair in pairs:
        for neighbour in among.find_neighbours(pair):
            group[lead(neighbour.pair.id)] = lead(pair.id)
    gathered: dict[str, list[str]] = {}
    for pair in pairs:
        gathered.setdefault(lead(pair.id), []).append(pair.id)
    return [tuple(ids) for ids in gathered.values() if len(ids) > 1]


def _rank(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))
