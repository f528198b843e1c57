"""A dataset version's held-out pairs as exam questions: posed as the run's lessons are, the answer kept back.

The same passages in the same order are shown to every version that sits the exam.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from retrieval.evaluation.gold_match import fold_words
from retrieval.prompt import Message, render_passage
from retrieval.records import Hit
from train.datasets.candidate import Member
from train.evaluation.gold_tasks import COMMON, PLACE
from train.evaluation.task import Task
from train.pairs.pair import Pair

_CITED = re.compile(r"\[\d{1,2}\]")


class Posed(Protocol):
    """What is needed of `train.lora.lessons.Posed`."""

    @property
    def messages(self) -> Sequence[Message]: ...
    @property
    def hits(self) -> Sequence[Hit]: ...
    @property
    def gold(self) -> frozenset[int]: ...
    @property
    def answer(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ExamTasks:
    """The tasks in the order of the pairs, and (id, why) of pairs of which none could be made."""

    tasks: tuple[Task, ...]
    left: tuple[tuple[str, str], ...]


def make_exam_tasks(
    members: Iterable[Member],
    pose: Callable[[Pair], Posed],
    refusals: tuple[type[Exception], ...] = (),
) -> ExamTasks:
    """Tasks of held-out pairs. A pair for which `pose` raises one of `refusals` is left out and named."""
    pairs = [member.pair for member in members]
    clusters = find_clusters(pairs)
    tasks, left = [], []
    for pair in pairs:
        try:
            posed = pose(pair)
        except refusals as problem:
            left.append((pair.id, str(problem)))
            continue
        tasks.append(_make_task(pair, posed, clusters[pair.id]))
    return ExamTasks(tuple(tasks), tuple(left))


def find_clusters(pairs: Sequence[Pair]) -> dict[str, str]:
    """For every pair's id the cluster it is in: pairs that rest on a record in common hang together."""
    lead = {pair.id: pair.id for pair in pairs}

    def find(one: str) -> str:
        while lead[one] != one:
            lead[one] = lead[lead[one]]
            one = lead[one]
        return one

    holders: defaultdict[str, list[str]] = defaultdict(list)
    for pair in pairs:
        for item in pair.evidence:
            holders[item.record_id].append(pair.id)
    for first, *others in holders.values():
        for other in others:
            one, two = sorted((find(first), find(other)))
            lead[two] = one
    return {pair.id: find(pair.id) for pair in pairs}


def _make_task(pair: Pair, posed: Posed, cluster: str) -> Task:
    answerable = pair.kind == "answer"
    passages = [render_passage(number, hit) for number, hit in enumerate(posed.hits, start=1)]
    return Task(
        id=pair.id,
        kind=pair.kind,
        question=pair.question,
        messages=list(posed.messages),
        passages=passages,
        fitting=posed.gold if answerable else frozenset(),
        answerable=answerable,
        needed=_find_needed(pair, posed) if answerable else (),
        telling=_find_telling(pair, posed) if answerable else frozenset(),
        right=posed.answer,
        cluster=cluster,
        collections=pair.collections,
        language=pair.language,
    )


def _find_needed(pair: Pair, posed: Posed) -> tuple[str, ...]:
    """Where a place is asked for, the containers of the gold passages that the known answer names."""
    if not PLACE.search(pair.question):
        return ()
    shown = [hit.record.container for number, hit in enumerate(posed.hits, 1) if number in posed.gold]
    known = fold_words(posed.answer)
    return tuple(dict.fromkeys(one for one in shown if one and fold_words(one) in known))


def _find_telling(pair: Pair, posed: Posed) -> frozenset[str]:
    """The known answer's words that the question lacks, without the small ones."""
    asked = {*fold_words(pair.question).split(), *COMMON}
    return frozenset(word for word in fold_words(_CITED.sub(" ", posed.answer)).split() if word not in asked)
