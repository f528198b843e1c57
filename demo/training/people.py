"""Questions that people wrote, over their passages, in the product's prompt.

An answer that stands in a passage is quoted; yes and no stay as they are; one put in the asker's own words is
kept if its words are the passage's. The rest (sums, guesses, knowledge of the world) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from demo.training.cards import words_of
from demo.training.corpus import Corpus
from demo.training.lessons import Lesson
from demo.training.needs import STOP
from demo.training.questions import Asked, refuse
from retrieval.passages import cut_text
from retrieval.prompt import neutralise
from retrieval.records import Hit, Passage, Record

LONGEST = 330
"""Words of a passage."""
OWN_WORDS = 0.75
"""Share of an answer's words that the passage must have."""
_TITLES = (
    "Extract",
    "Typescript",
    "Notes",
    "Printed page",
    "Cutting",
    "Pages from a book",
    "Loose leaf",
    "Transcript",
)


def make_people_lesson(
    rng: Random, corpus: Corpus, *, questions: int = 6, exam: bool = False
) -> Lesson | None:
    """Some of the questions put to one text, among other texts of the same set; None if none is fit."""
    rows = corpus.questions(rng, exam=exam)
    source = str(rows[0]["source"]).split("+")[0]
    golden = cut_context(rows[0], rng)
    others: list[Hit] = []
    for _ in range(rng.choice((0, 1, 1, 2, 3, 4))):
        row = corpus.questions(rng, exam=exam)[0]
        if str(row["source"]).split("+")[0] == source and row["context"] != rows[0]["context"]:
            others += cut_context(row, rng)[:2]
        elif source == "qamr" and len(str(row["context"])) < 900:
            others += cut_context(row, rng)[:1]
    if sum(len(hit.passage.text.split()) for hit in [*golden, *others]) > 1500 or len(golden) > 6:
        return None
    hits = [*golden, *others][:8]
    rng.shuffle(hits)
    picked = rng.sample(rows, min(questions, len(rows)))
    asked = [item for row in picked if (item := answer_row(row, hits, golden)) is not None]
    return Lesson(hits, asked) if asked else None


def cut_context(row: dict[str, object], rng: Random) -> list[Hit]:
    """A text as passages of one record; its first line is the title where it is one."""
    head, _, rest = str(row["context"]).partition("\n")
    titled = bool(rest) and len(head) < 100
    title, text = (head, rest) if titled else (rng.choice(_TITLES), str(row["context"]))
    record = Record(id="text", collection_id="text", level="item", title=title, collection="")
    # A table keeps its lines; running text is cut as the index cuts it.
    pieces = [text] if len(text.split()) <= LONGEST else cut_text(text)
    return [
        Hit(record=record, passage=Passage(id="p", record_id="text", text=piece), score=1.0)
        for piece in pieces
    ]


def answer_row(row: dict[str, object], hits: Sequence[Hit], golden: Sequence[Hit]) -> Asked | None:
    """One question with its answer and the passage that has it; None where that is not to be seen."""
    question, answer = neutralise(str(row["question"]).strip()), str(row["answer"]).strip()
    if not row["answerable"]:
        return refuse(question, "people")
    wanted = words_of(answer) - STOP
    if not answer or len(answer.split()) > 60:
        return None
    ours = [n for n, hit in enumerate(hits, start=1) if any(hit is gold for gold in golden)]
    bare = answer.rstrip(".")
    verbatim = re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)")
    quoting = [n for n in ours if verbatim.search(neutralise(hits[n - 1].passage.text))]
    if quoting and bare.lower() not in ("yes", "no") and '"' not in bare:
        return Asked(question, f'"{bare}" [{quoting[0]}].', "people", tuple(quoting), (bare,), quoting[0])
    if len(ours) != 1 or '"' in bare:
        return None
    if bare.lower() in ("yes", "no"):
        return Asked(
            question, f"{bare.capitalize()} [{ours[0]}].", "people", (ours[0],), (bare.capitalize(),), ours[0]
        )
    own = words_of(hits[ours[0] - 1].passage.text + " " + hits[ours[0] - 1].record.title)
    if len(wanted) < 3 or len(wanted & own) < OWN_WORDS * len(wanted):
        return None
    spoken = neutralise(bare[0].upper() + bare[1:])
    return Asked(question, f"{spoken} [{ours[0]}].", "people", (ours[0],), (spoken,), ours[0])
