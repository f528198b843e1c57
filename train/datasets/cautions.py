"""What should be known of a version before anything is trained on it, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from train.datasets.split import EXAM_LEAST, EXAM_SHARE, Parts
from train.datasets.spread import Table
from train.pairs.pair import Pair

FEW_PAIRS = 50
"""Fewer are a smoke test: nothing that is trained on them can be told from chance."""
_FEW_REFUSALS, _MANY_REFUSALS = 0.05, 0.3
_OFTEN = ("collection", "origin", "source", "contributor", "approver", "person", "place", "decade")
"""What one value may dominate without anybody having meant it; each is warned of."""


def find_cautions(
    pairs: Sequence[Pair], parts: Parts, tables: Sequence[Table], unknown: Sequence[str]
) -> Iterator[str]:
    """One sentence for each; `unknown` are ids of records that the index lacks."""
    if len(pairs) < FEW_PAIRS:
        yield (
            f"It holds {count_of(len(pairs), 'pair')}; with fewer than {FEW_PAIRS} training is a try-out, "
            "and what comes of it should not be put before patrons. Approve more."
        )
    if len(parts.exam) < EXAM_LEAST:
        yield (
            f"The exam has {count_of(len(parts.exam), 'question')}; expected {EXAM_LEAST} at least, better "
            "100. It shows gross faults only. Approve pairs about more records."
        )
    elif len(parts.exam) < len(pairs) * EXAM_SHARE / 2:
        yield (
            f"The exam has {len(parts.exam)} of {len(pairs)} pairs, fewer than one in twenty, because many "
            "pairs share their records. Approve pairs about other records."
        )
    if parts.largest * 2 > len(pairs) > 1:
        yield (
            f"{parts.largest} of {len(pairs)} pairs hang together by the records they share or because they "
            "are almost the same. Approve pairs about other records."
        )
    refusals = sum(pair.kind == "refusal" for pair in pairs) / len(pairs) if pairs else 0
    if refusals < _FEW_REFUSALS:
        yield (
            f"{round(100 * refusals)} % of the pairs say that the collections do not hold it; with fewer "
            f"than {round(100 * _FEW_REFUSALS)} % an adapter may learn to answer whatever it is asked."
        )
    if refusals > _MANY_REFUSALS:
        yield (
            f"{round(100 * refusals)} % of the pairs say that the collections do not hold it; with more than "
            f"{round(100 * _MANY_REFUSALS)} % an adapter may learn to refuse what it could answer."
        )
    for table in tables:
        if table.key in _OFTEN and (sentence := table.describe_dominant()):
            yield sentence
    if unknown:
        yield from describe_unknown(unknown)


def describe_unknown(unknown: Sequence[str]) -> Iterator[str]:
    """A sentence where there are such records."""
    if unknown:
        yield (
            f"{count_of(len(unknown), 'record')} behind the pairs {'is' if len(unknown) == 1 else 'are'} not "
            "in the index: nothing is known here of their people, places and dates."
        )


def count_of(number: int, what: str) -> str:
    """Such as "1 pair" or "2 pairs"."""
    return f"{number} {what}{'' if number == 1 else 's'}"
