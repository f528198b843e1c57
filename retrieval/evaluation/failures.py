"""Why a question was not answered as it should have been, as far as the program itself can tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from retrieval.audience import STAFF
from retrieval.evaluation.asking import Outcome, holds_gold
from retrieval.evaluation.gold import GoldQuestion
from retrieval.evaluation.gold_match import is_gold
from retrieval.index import Index
from retrieval.ranking.search import MOST_HITS
from retrieval.records import Record


def find_failures(outcomes: Sequence[Outcome], k: int) -> list[Outcome]:
    """What went wrong, worst first: not found, answered though nothing answers it, refused, a low rank."""
    failed = [outcome for outcome in outcomes if _badness(outcome, k)]
    return sorted(failed, key=lambda outcome: -_badness(outcome, k))


def explain(index: Index, outcome: Outcome, k: int) -> str:
    """One line: where the gold record is, what was read from the question, and what came first instead."""
    question = outcome.question
    parts = [_place_gold(index, outcome, k) if question.is_answerable else "answered, though nothing does"]
    if question.is_answerable and outcome.refused:
        parts.append("refused as not held")
    parts += _tell_reading(outcome)
    if outcome.rank != 1 and outcome.result.hits:
        top = outcome.result.hits[0].record
        parts.append(f'first instead: "{top.heading[:80]}" ({top.source})')
    return "; ".join(parts)


def _badness(outcome: Outcome, k: int) -> float:
    """0 for right, more for worse."""
    if not outcome.question.is_answerable:
        return 0.0 if outcome.refused else 2.0
    missed = 3.0 if outcome.rank == 0 else 1.0 if outcome.rank > k else 0.0
    return max(missed, 1.5 if outcome.refused else 0.0, 0.5 if outcome.container_right is False else 0.0)


def _place_gold(index: Index, outcome: Outcome, k: int) -> str:
    question = outcome.question
    if question.file and not outcome.in_index:
        return f"not in the index: {question.file} was not read"
    if 0 < outcome.rank <= k:
        return f"found at rank {outcome.rank}" + _tell_container(outcome)
    rank = outcome.rank or _search_deeper(index, question)
    if rank:
        return f"found at rank {rank}"
    gold = next(_find_gold(index, question), None)
    if gold is None:
        return "no record of the index holds the gold snippet"
    if gold.withheld_until:
        return f"withheld from the public until {gold.withheld_until}"
    dates = gold.dates or "no date"
    return f'not among the first {MOST_HITS}: "{gold.heading[:60]}" ({dates}, {gold.level})'


def _search_deeper(index: Index, question: GoldQuestion) -> int:
    result = index.search(index.complete(question.text, question.earlier), top_k=MOST_HITS)
    return next((rank for rank, hit in enumerate(result.hits, start=1) if holds_gold(hit, question)), 0)


def _find_gold(index: Index, question: GoldQuestion) -> Iterator[Record]:
    """Gold records wherever they are, withheld ones too."""
    for summary in index.collections(STAFF):
        top = index.record(summary.record_id, STAFF)
        waiting = [top] if top else []
        while waiting:
            record = waiting.pop()
            if is_gold(record, question):
                yield record
            waiting += index.children(record.id, STAFF)


def _tell_reading(outcome: Outcome) -> list[str]:
    result = outcome.result
    told = []
    if result.years:
        told.append(f"read as {result.years[0]} to {result.years[1]}")
    if result.chips:
        told.append("chips: " + ", ".join(chip.label for chip in result.chips))
    if result.relaxed:
        told.append("set aside: " + ", ".join(result.relaxed))
    if result.corrections:
        told.append("corrected: " + ", ".join(f"{asked} to {used}" for asked, used in result.corrections))
    return told


def _tell_container(outcome: Outcome) -> str:
    if outcome.container_right is not False or not outcome.result.hits:
        return ""
    found = outcome.result.hits[0].record.container or "no container"
    return f", the first hit in {found} where {outcome.question.container} is right"
