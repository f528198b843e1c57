"""Which pairs are trained on and which are held out: by source record, and for good.

Pairs that share a record, or are almost the same, hang together and go to one side. What once was on a side
stays there in every later version of the name, whatever happens to the pairs: the keys below are carried on
from version to version. A new pair that ties both sides together is left out. Of what is new, groups are
held out in the order of a hash of their first record's id, as many from every collection, kind and language
as it has pairs, until about every tenth pair is held out.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from train.datasets.candidate import Member
from train.datasets.likeness import find_like, fold
from train.datasets.names import Part
from train.pairs.pair import Pair

EXAM_SHARE = 0.1
EXAM_LEAST = 10
"""Exam pairs wanted however few pairs there are, as long as they are no more than a quarter of them."""
_LEAST_TEXT = 80
"""Characters of a passage from which on it is taken for one text, under whichever record id it stands."""


@dataclass(frozen=True, slots=True)
class Split:
    """The keys that lie on a side for good, of records, texts and pairs: `record:…`, `text:…`, `pair:…`."""

    exam: frozenset[str] = frozenset()
    train: frozenset[str] = frozenset()

    def side(self, key: str) -> Part | None:
        return "exam" if key in self.exam else "train" if key in self.train else None


@dataclass(frozen=True, slots=True)
class Parts:
    """How the members are parted, by id, what lies where from now on, and who was left out between."""

    train: tuple[Member, ...]
    exam: tuple[Member, ...]
    split: Split
    between: tuple[str, ...]
    groups: int
    """Groups of pairs that hang together; the largest has `largest` pairs."""
    largest: int


@dataclass(slots=True)
class _Group:
    members: list[Member] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    side: Part | None = None


def part_pairs(members: Sequence[Member], before: Split) -> Parts:
    """Part `members` (in the order of their ids) as `before`, the split of the version before, demands."""
    ordered = sorted(members, key=lambda one: (_rank(one, before), one.pair.id))
    groups, between = _tie_together(ordered, before)
    _hold_out(groups)
    sides: dict[Part, list[Member]] = {"train": [], "exam": []}
    keys: dict[Part, set[str]] = {"train": set(before.train), "exam": set(before.exam)}
    for group in groups:
        side = group.side or "train"
        sides[side] += group.members
        keys[side] |= group.keys
    return Parts(
        train=_by_id(sides["train"]),
        exam=_by_id(sides["exam"]),
        split=Split(frozenset(keys["exam"]), frozenset(keys["train"])),
        between=tuple(sorted(between)),
        groups=len(groups),
        largest=max((len(group.members) for group in groups), default=0),
    )


def wanted_exam(total: int) -> int:
    """How many of `total` pairs are to be held out."""
    return max(math.ceil(total * EXAM_SHARE), min(EXAM_LEAST, total // 4))


def make_keys(pair: Pair) -> set[str]:
    """What ties a pair to others: its records, their texts where long enough to be one's own, and itself."""
    keys = {f"pair:{pair.id}"}
    for item in pair.evidence:
        keys.add(f"record:{item.record_id}")
        text = fold(f"{item.heading} {item.text}")
        if len(text) >= _LEAST_TEXT:
            keys.add(f"text:{hashlib.sha256(text.encode()).hexdigest()[:32]}")
    return keys


def _rank(member: Member, before: Split) -> int:
    """The exam's own come first: where a changed pair comes near one of them, it is left out."""
    return {"exam": 0, "train": 1, None: 2}[before.side(f"pair:{member.pair.id}")]


def _tie_together(members: Sequence[Member], before: Split) -> tuple[list[_Group], list[str]]:
    """Groups of members that hang together; ids of members that would tie the two sides together."""
    like: defaultdict[int, list[int]] = defaultdict(list)
    for one, other in find_like([member.pair for member in members]):
        like[other].append(one)
    ties = _Ties()
    between: list[str] = []
    for place, member in enumerate(members):
        keys = make_keys(member.pair)
        sides = {side for key in keys if (side := before.side(key))}
        if not ties.add(place, keys, like[place], sides):
            between.append(member.pair.id)
    groups: defaultdict[int, _Group] = defaultdict(_Group)
    for place, keys in ties.keys.items():
        group = groups[ties.find(place)]
        group.members.append(members[place])
        group.keys |= keys
        group.side = ties.sides.get(ties.find(place))
    return list(groups.values()), between


class _Ties:
    """What hangs together so far, by the place of one of its members (union-find), and on which side."""

    def __init__(self) -> None:
        self.keys: dict[int, set[str]] = {}
        self.sides: dict[int, Part] = {}
        self._above: dict[int, int] = {}
        self._holder: dict[str, int] = {}

    def find(self, place: int) -> int:
        while (above := self._above[place]) != place:
            self._above[place] = place = self._above[above]
        return place

    def add(self, place: int, keys: set[str], like: Iterable[int], sides: set[Part]) -> bool:
        """Tie a member to all it shares something with; False, and nothing done, where that has two sides."""
        near = {self.find(self._holder[key]) for key in keys if key in self._holder}
        near |= {self.find(other) for other in like if other in self._above}
        sides = sides | {self.sides[one] for one in near if one in self.sides}
        if len(sides) > 1:
            return False
        self._above[place] = place
        for one in near:
            self._above[one] = place
        self.keys[place] = keys
        self._holder.update(dict.fromkeys(keys, place))
        if sides:
            self.sides[place] = next(iter(sides))
        return True


def _hold_out(groups: Sequence[_Group]) -> None:
    """Give groups without a side to the exam until it has what is wanted; the others stay without."""
    total = sum(len(group.members) for group in groups)
    missing = wanted_exam(total) - sum(len(group.members) for group in groups if group.side == "exam")
    strata = _Strata(groups)
    while missing > 0:
        group = strata.next(missing)
        if group is None:
            break
        group.side = "exam"
        missing -= len(group.members)
    if not any(group.side == "exam" for group in groups):
        free = sorted(
            (group for group in groups if not group.side), key=lambda one: (len(one.members), _hash(one))
        )
        if len(groups) > 1 and free and len(free[0].members) * 2 <= total:
            free[0].side = "exam"


class _Strata:
    """Groups by collection, kind and language, to be held out from where most are missing."""

    def __init__(self, groups: Iterable[_Group]) -> None:
        self._missing: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._free: defaultdict[tuple[str, ...], list[_Group]] = defaultdict(list)
        for group in groups:
            stratum = _stratum(group)
            held = len(group.members) if group.side == "exam" else 0
            self._missing[stratum] += len(group.members) * EXAM_SHARE - held
            if group.side is None:
                self._free[stratum].append(group)
        for free in self._free.values():
            free.sort(key=_hash)

    def next(self, most: int) -> _Group | None:
        """The next group of at most `most` pairs; None where there is none."""
        for stratum in sorted(self._free, key=lambda one: (-self._missing[one], one)):
            for group in self._free[stratum]:
                if len(group.members) <= most:
                    self._free[stratum].remove(group)
                    self._missing[stratum] -= len(group.members)
                    return group
        return None


def _stratum(group: _Group) -> tuple[str, ...]:
    pair = min(group.members, key=lambda one: one.pair.id).pair
    return (*pair.collections[:1], pair.kind, pair.language)


def _hash(group: _Group) -> str:
    records = sorted(key for key in group.keys if key.startswith("record:"))
    first = records[0] if records else min(group.keys)
    return hashlib.sha256(f"reading-room exam {first}".encode()).hexdigest()


def _by_id(members: Iterable[Member]) -> tuple[Member, ...]:
    return tuple(sorted(members, key=lambda one: one.pair.id))
