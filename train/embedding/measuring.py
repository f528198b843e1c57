"""How well the product's search answers the exam, before and after: whole, words and meaning together.

What is asked for by meaning alone improves more than a search improves that also goes by words, names and
dates; only the latter is what a patron sees, so only it is judged.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from retrieval.evaluation.asking import DEPTH, ask_all
from retrieval.evaluation.gold import GoldQuestion
from retrieval.evaluation.measures import discounted_gain
from retrieval.index import Index
from retrieval.records import Hit, Record
from train.embedding.example import Example, Shown

CUT = 5
KNOWN_ITEMS = 200
_TELLING_WORDS = 3
_SEED = 20261121


@dataclass(frozen=True, slots=True)
class Asked:
    """One question asked: recall@5, reciprocal rank and nDCG, both at 10, each 0 to 1, and whether the search
    found enough to ask a model. `answerable` is False where nothing answers it: the measures are then 0."""

    id: str
    cluster: str
    answerable: bool
    recall: float
    reciprocal: float
    ndcg: float
    found: bool


def ask_examples(index: Index, examples: Sequence[Example]) -> list[Asked]:
    """Every example asked, in order. Those that name no record that answers cannot be judged: left out."""
    asked = []
    for example in examples:
        if example.positives and not any(index.record(record) for record in example.records):
            continue
        result = index.search(example.question, top_k=DEPTH)
        asked.append(_judge(example, result.hits, result.found))
    return asked


def ask_gold(index: Index, questions: Sequence[GoldQuestion]) -> list[Asked]:
    """The same for questions as `reading-room evaluate retrieval` reads them."""
    return [
        Asked(
            id=one.question.id,
            cluster=one.question.file or one.question.id,
            answerable=one.question.is_answerable,
            recall=float(0 < one.rank <= CUT),
            reciprocal=1 / one.rank if 0 < one.rank <= DEPTH else 0.0,
            ndcg=one.gain,
            found=one.result.found,
        )
        for one in ask_all(index, questions, CUT)
    ]


def make_known_items(index: Index, without: Sequence[Example], count: int = KNOWN_ITEMS) -> list[Example]:
    """Records to be found by their own titles: what a search must never lose, whatever it is tuned for.

    Drawn by a walk down from each collection, the same for the same index, none that `without` is about.
    """
    taken = {record for example in without for record in example.records}
    draw = random.Random(_SEED)
    tops = [summary.id for summary in index.collections()]
    found: dict[str, Example] = {}
    for _ in range(count * 4 if tops else 0):
        record = _walk(index, draw.choice(tops), draw)
        if record is None or record.id in taken or len(record.title.split()) < _TELLING_WORDS:
            continue
        found[record.id] = Example(
            id=f"title {record.id}",
            question=record.title,
            positives=(Shown(record=record.id),),
            cluster=record.parent_id or record.id,
        )
        if len(found) == count:
            break
    return list(found.values())


def as_json(asked: Sequence[Asked]) -> list[dict[str, object]]:
    """What was asked, for a file; no question is repeated there."""
    return [asdict(one) for one in asked]


def _walk(index: Index, collection: str, draw: random.Random) -> Record | None:
    record = index.record(collection)
    while record is not None:
        below = index.children(record.id)
        if not below:
            break
        record = draw.choice(below)
    return record


def _judge(example: Example, hits: Sequence[Hit], found: bool) -> Asked:
    gains = list(_list_gains(example, hits))
    rank = next((place for place, gain in enumerate(gains, start=1) if gain), 0)
    wanted = min(len(example.records), CUT)
    return Asked(
        id=example.id,
        cluster=example.group,
        answerable=bool(example.positives),
        recall=sum(gains[:CUT]) / wanted if wanted else 0.0,
        reciprocal=1 / rank if rank else 0.0,
        ndcg=discounted_gain(gains, [1.0] * len(example.records), DEPTH),
        found=found,
    )


def _list_gains(example: Example, hits: Sequence[Hit]) -> Iterator[float]:
    """1 for each hit that is a record not met before that answers, or stands for one."""
    met: set[str] = set()
    for hit in hits[:DEPTH]:
        new = {record.id for record in (hit.record, *hit.also)} & example.records - met
        met |= new
        yield float(bool(new))
