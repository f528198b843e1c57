"""Which pairs of a dataset version the runs of a study learn from, and which all of them are measured on.

Nothing of the exam is touched: a study that looked at it would spend it. About a fifth of the pairs to train
on is held out instead, by records, and the rest is put in an order of which each run takes the beginning, so
that a smaller portion lies within every larger one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.datasets.candidate import Member
from train.datasets.split import Split, make_keys, part_pairs
from train.lora.errors import TrainingRefused
from train.lora.passages import make_random
from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Portions:
    """`held` are measured on; `ordered` learnt from, in order. `clusters` names what a held pair hangs
    together with."""

    held: tuple[Pair, ...]
    ordered: tuple[Pair, ...]
    clusters: Mapping[str, str]

    def take(self, share: float) -> tuple[Pair, ...]:
        """The beginning of `ordered`, one pair at least."""
        return self.ordered[: max(1, round(share * len(self.ordered)))]

    def leave(self, share: float) -> tuple[str, ...]:
        """Ids of all pairs that a run on this share leaves out, those held among them."""
        kept = {pair.id for pair in self.take(share)}
        return tuple(sorted(pair.id for pair in (*self.held, *self.ordered) if pair.id not in kept))


def divide(pairs: Sequence[Pair], seed: int) -> Portions:
    """Divide the pairs to train on. Raises TrainingRefused where nothing would be left on a side."""
    members = [Member(pair, 0) for pair in sorted(pairs, key=lambda one: one.id)]
    first = part_pairs(members, Split())  # holds a tenth out, by records
    second = part_pairs(first.train, Split())
    held = sorted((*first.exam, *second.exam), key=lambda one: one.pair.id)
    if not held or not second.train:
        raise TrainingRefused(
            f"Expected pairs about several records, found {len(pairs)} that cannot be divided by them. "
            "Approve pairs about other records."
        )
    clusters = _name_clusters([member.pair for member in held])
    return Portions(
        tuple(member.pair for member in held),
        tuple(_order([member.pair for member in second.train], seed)),
        clusters,
    )


def _order(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """By chance, but with as many refusals in every beginning as in the whole, and records together."""
    named = _name_clusters(pairs)
    groups: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        groups[named[pair.id]].append(pair)
    kinds: defaultdict[str, list[list[Pair]]] = defaultdict(list)
    for _, group in sorted(groups.items()):
        kinds["answer" if any(pair.kind == "answer" for pair in group) else "refusal"].append(group)
    placed: list[tuple[float, str, list[Pair]]] = []
    for kind, found in sorted(kinds.items()):
        make_random(seed, "portions", kind).shuffle(found)
        placed += [((place + 0.5) / len(found), kind, group) for place, group in enumerate(found)]
    return [pair for _, _, group in sorted(placed, key=lambda one: one[:2]) for pair in group]


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
