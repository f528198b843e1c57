"""Examples from a dataset version and from wrong sources, with the exam kept out of what is learned.

The version's own split holds: its exam examines here too. A wrong source goes where its records or a like
question lie already, else one in ten to the exam by a hash of its record, for good.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from train.datasets.candidate import Member
from train.datasets.folder import DatasetFolder
from train.datasets.likeness import find_like, fold
from train.embedding.example import Example, Shown
from train.pairs.pair import Pair

_TENTH = 10


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is learned from, what is asked in the exam, and how many were left out, by the reason."""

    train: tuple[Example, ...]
    exam: tuple[Example, ...]
    left_out: dict[str, int]


def gather_examples(
    dataset: DatasetFolder | None,
    cases: Sequence[Example] = (),
    withdrawn: Iterable[str] = (),
    exam: Sequence[Example] = (),
) -> Gathered:
    """Examples of both sides.

    `exam` are some to examine with besides; `withdrawn` are ids of pairs withdrawn since the version was
    made.
    Left out: pairs without evidence, with evidence that the public may not see, withdrawn or with turns
    before (their question is not whole); cases that name no right record; and what is learned from but
    shares a record or an almost equal question with the exam.
    """
    gone = frozenset(withdrawn)
    left: Counter[str] = Counter()
    train = _from_members(dataset.train() if dataset else (), gone, left)
    held = [*_from_members(dataset.exam() if dataset else (), gone, left), *exam]
    examined, learned = _tell_apart(held), _tell_apart(train)
    for case in cases:
        keys = _tell_apart([case])
        if not case.positives:
            left["names no right record"] += 1
        elif keys & examined or (not keys & learned and _is_tenth(case)):
            held.append(case)
            examined |= keys
        else:
            train.append(case)
            learned |= keys
    usable = [one for one in train if one.positives]
    left["nothing answers it"] += len(train) - len(usable)
    like = _find_like(usable, held)
    kept = [one for one in usable if one.id not in like and not _tell_apart([one]) & examined]
    left["shares a record or a question with the exam"] += len(usable) - len(kept)
    return Gathered(_merge(kept), _merge(held), {reason: many for reason, many in left.items() if many})


def from_pair(member: Member) -> Example:
    """A pair as an example; a refusal has no positives."""
    pair = member.pair
    shown = tuple(
        Shown(record=one.record_id, text=f"{one.heading}. {one.text}" if one.text else one.heading)
        for one in pair.evidence
    )
    return Example(
        id=pair.id,
        question=pair.question,
        positives=() if pair.kind == "refusal" else shown,
        negatives=(),
        cluster=min((one.record_id for one in pair.evidence), default=pair.id),
        origin="pair",
    )


def _from_members(members: Iterable[Member], gone: frozenset[str], left: Counter[str]) -> list[Example]:
    found = []
    for member in members:
        pair = member.pair
        if pair.id in gone:
            left["withdrawn"] += 1
        elif not all(one.public for one in pair.evidence):
            left["not public"] += 1
        elif pair.history:
            left["a follow-up"] += 1
        elif pair.kind == "answer" and not pair.evidence:
            left["no evidence"] += 1
        else:
            found.append(from_pair(member))
    return found


def _tell_apart(examples: Iterable[Example]) -> set[str]:
    """What ties examples to others: records that answer, clusters, questions."""
    keys: set[str] = set()
    for one in examples:
        keys |= {f"record:{record}" for record in one.records} | {f"question:{fold(one.question)}"}
        if one.cluster:
            keys.add(f"record:{one.cluster}")
    return keys


def _find_like(train: Sequence[Example], exam: Sequence[Example]) -> set[str]:
    """Ids of those in `train` that ask almost what an exam question asks."""
    both = [*train, *exam]
    asked = [Pair(id=f"{place}", question=one.question, answer="") for place, one in enumerate(both)]
    pairs = find_like(asked)
    return {both[one].id for one, other in pairs if one < len(train) <= other}


def _is_tenth(case: Example) -> bool:
    key = min(case.records, default=case.id)
    return int(hashlib.sha256(f"reading-room exam {key}".encode()).hexdigest(), 16) % _TENTH == 0


def _merge(examples: Sequence[Example]) -> tuple[Example, ...]:
    """By id; of two that ask the same, one with what answers both and is wrong for both."""
    found: dict[str, Example] = {}
    for one in sorted(examples, key=lambda example: example.id):
        key = fold(one.question)
        other = found.get(key)
        if other is None:
            found[key] = one
            continue
        positives = tuple(dict.fromkeys((*other.positives, *one.positives)))
        right = {shown.record for shown in positives}
        negatives = dict.fromkeys((*other.negatives, *one.negatives))
        wrong = tuple(shown for shown in negatives if shown.record not in right)
        found[key] = replace(other, positives=positives, negatives=wrong)
    return tuple(sorted(found.values(), key=lambda example: example.id))
