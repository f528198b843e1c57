"""The pairs on which all runs of a study are measured, and from which none of them learns.

Nothing of the exam is touched: a study that looked at it would spend it. About a fifth of the pairs to train
on is held out instead, by records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.datasets.candidate import Member
from train.datasets.split import Split, make_keys, part_pairs
from train.lora.errors import TrainingRefused
from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Held:
    """Pairs to measure on, by id; `clusters` names what each hangs together with. `others` counts the pairs
    that are left to learn from."""

    pairs: tuple[Pair, ...]
    clusters: Mapping[str, str]
    others: int

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(pair.id for pair in self.pairs)


def hold_out(pairs: Sequence[Pair]) -> Held:
    """Choose from the pairs to train on. Raises TrainingRefused where nothing would be left on a side."""
    members = [Member(pair, 0) for pair in sorted(pairs, key=lambda one: one.id)]
    first = part_pairs(members, Split())  # holds a tenth out, by records
    second = part_pairs(first.train, Split())
    held = sorted((*first.exam, *second.exam), key=lambda one: one.pair.id)
    if not held or not second.train:
        raise TrainingRefused(
            f"Expected pairs about several records, found {len(pairs)} that cannot be divided by them. "
            "Approve pairs about other records."
        )
    chosen = tuple(member.pair for member in held)
    return Held(chosen, _name_clusters(chosen), len(second.train))


def _name_clusters(pairs: Sequence[Pair]) -> dict[str, str]:
    """For each pair the least id of those it hangs together with by records, itself among them."""
    root = {pair.id: pair.id for pair in pairs}

    def find(one: str) -> str:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    holders: dict[str, str] = {}
    for pair in pairs:
        for key in sorted(make_keys(pair)):
            one, other = sorted((find(pair.id), find(holders.setdefault(key, pair.id))))
            root[other] = one
    return {pair.id: find(pair.id) for pair in pairs}
