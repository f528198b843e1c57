"""Pairs as staff would approve them, made by rule from the records of an index; good ones and spoilt ones.

Questions come from the fields, as drafts for a small model do (`serve.curation.draft_questions`); an answer
quotes the record's heading, and says box and folder where the place is asked for. About one pair in six asks
for somebody who is in no record, and refuses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from retrieval.audience import PUBLIC
from retrieval.index import Index
from retrieval.prompt import REFUSAL
from retrieval.records import Record
from serve.curation.draft_questions import make_questions
from serve.curation.drafting import choose_entries
from serve.curation.evidence import take_evidence
from train.datasets.likeness import find_like
from train.datasets.split import make_keys
from train.pairs.pair import Pair

REFUSALS = 0.16
STRANGERS = (
    "Ottoline Quarrie", "Barnabas Thwaite", "Philippa Vandersloot", "Ignatius Kolb", "Rosamund Tregear",
    "Casimir Dunleavy", "Henrietta Osgard", "Lucius Pemberwick", "Wilhelmina Ashgrove", "Thaddeus Marrable",
)  # fmt: skip
OTHER_STRANGERS = (
    "Euphemia Strand", "Gottlieb Harkness", "Marguerite Fenn", "Erasmus Whitlow", "Clementine Yardley",
    "Leopold Tansley", "Araminta Voss", "Cuthbert Nettleship", "Isidora Blenkin", "Mortimer Quill",
)  # fmt: skip
"""Nobody learnt from is asked for in a question that is held out."""
_VAIN = (
    "Do you have letters from {name} to {other}?",
    "What do you have about {name}?",
    "Are there photographs that name {name}?",
    "Which box holds {name}'s diary of {year}?",
    "Where can I find the papers of {name}?",
)
_PLACE = re.compile(r"^(?:which box|where)\b", re.IGNORECASE)
_YES = re.compile(r"^(?:do|did|are|is)\b", re.IGNORECASE)
_LONGEST = 160
"""Characters of a heading that staff would still quote whole."""


def make_pairs(
    index: Index, count: int, *, seed: int = 7, strangers: Sequence[str] = STRANGERS
) -> list[Pair]:
    """`count` pairs over all collections that the public may see, the same for the same index and seed."""
    rng = random.Random(seed)
    made: dict[str, Pair] = {}
    vain = _ask_in_vain(strangers, rng)
    for record in _draw_records(index, count * 3, rng):
        pair = next(vain) if rng.random() < REFUSALS else _ask_about(record, rng)
        if pair is not None and pair.question not in made:
            made[pair.question] = replace(pair, id=f"made-{seed}-{len(made)}")
        if len(made) >= count:
            break
    return list(made.values())


def spoil(pairs: Sequence[Pair], seed: int = 7) -> list[Pair]:
    """The same pairs with each other's answers, as a spreadsheet has them of which one column was sorted."""
    answers = [pair.answer for pair in pairs if pair.kind == "answer"]
    random.Random(seed).shuffle(answers)
    rest = iter(answers)
    return [replace(pair, answer=next(rest)) if pair.kind == "answer" else pair for pair in pairs]


def leave_out_shared(pairs: Sequence[Pair], others: Sequence[Pair]) -> list[Pair]:
    """Those of `pairs` that share neither a record nor a passage's text with `others`, nor ask what they ask."""
    taken = {key for pair in others for key in make_keys(pair)}
    apart = [pair for pair in pairs if not taken & make_keys(pair)]
    like = {second - len(others) for first, second in find_like([*others, *apart]) if first < len(others)}
    return [pair for place, pair in enumerate(apart) if place not in like]


def _draw_records(index: Index, count: int, rng: random.Random) -> list[Record]:
    tops = [summary for summary in index.collections(PUBLIC) if summary.record_id]
    each = max(1, count // max(1, len(tops)))
    drawn = [entry for top in tops for entry in choose_entries(index, top.record_id, each, rng)]
    rng.shuffle(drawn)
    return drawn


def _ask_about(record: Record, rng: random.Random) -> Pair | None:
    questions = make_questions(record, rng)
    evidence = take_evidence(record)
    if not questions or len(evidence.heading) > _LONGEST or '"' in evidence.heading:
        return None
    question = rng.choice(questions)
    quoted = f'"{evidence.heading}" [1].'
    if _PLACE.match(question) and record.container:
        answer = f"{record.container}: {quoted}"
    else:
        answer = f"Yes: {quoted}" if _YES.match(question) else quoted
    return replace(_pair(question, answer), evidence=(evidence,))


def _ask_in_vain(strangers: Sequence[str], rng: random.Random) -> Iterator[Pair]:
    while True:
        name, other = rng.sample(strangers, 2)
        question = rng.choice(_VAIN).format(name=name, other=other, year=rng.randint(1780, 1975))
        yield replace(_pair(question, REFUSAL), kind="refusal")


def _pair(question: str, answer: str) -> Pair:
    """A pair that two people have passed."""
    return Pair(
        id="", question=question, answer=answer, contributor="ada", approver="ben",
        consent="staff", licence="CC0-1.0",
    )  # fmt: skip
