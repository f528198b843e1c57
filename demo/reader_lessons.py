"""Lessons for the bundled reader: records from made-up and real collections, as prompts with right answers.

Every prompt is what `retrieval.prompt.build_messages` sends; nothing here words a prompt of its own.
"""

from __future__ import annotations

import json
import lzma
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from demo.invention import invent_collection
from demo.questions import (
    Answered,
    Card,
    ask,
    only_numbers,
    read_card,
    reword,
    small_talk,
    words_of,
)
from demo.reader_batches import Tree, make_tree
from demo.reader_tokenizer import END, SPECIAL
from demo.wording import Wording, word_plainly
from retrieval.passages import WORDS, cut_record
from retrieval.prompt import Message, build_messages
from retrieval.records import Hit, Passage, Record
from retrieval.sources.reading import read_sources

Pool = list[Hit]


@dataclass(frozen=True, slots=True)
class Level:
    """How hard a lesson is: passages, longest heading (characters) and text (words), shares.

    `refusals` is the share of questions that no passage answers, `numbers` of those answered by number alone;
    `tokens` bounds the shared beginning.
    """

    passages: tuple[int, ...] = (1, 2, 3, 4, 5, 5, 6, 6, 6)
    heading: int = 220
    words: int = 150
    refusals: float = 0.25
    numbers: float = 0.04
    tokens: int = 900


EASY = Level(passages=(2, 2, 3, 3, 4), heading=90, words=0, refusals=0.22, numbers=0.25, tokens=300)
MIDDLE = Level(passages=(2, 3, 4, 5, 6), heading=120, words=40, refusals=0.25, numbers=0.15, tokens=450)
FULL = Level()


@dataclass(slots=True)
class Library:
    """Where records come from, with the weight of each kind: made up, real, and the sample library."""

    real: list[Pool] = field(default_factory=list)
    sample: Pool = field(default_factory=list)
    weights: tuple[float, float, float] = (0.35, 0.25, 0.4)

    def pool(self, rng: random.Random) -> Pool:
        """Some neighbouring passages to make a lesson of."""
        invented, real, sample = self.weights
        kinds = (invented, real if self.real else 0.0, sample if self.sample else 0.0)
        kind = rng.choices(("invented", "real", "sample"), kinds)[0]
        if kind == "real":
            return rng.choice(self.real)
        if kind == "sample":
            at = rng.randrange(len(self.sample))
            return self.sample if rng.random() < 0.5 else self.sample[max(0, at - 30) : at + 30]
        return invented_pool(rng)


def invented_pool(rng: random.Random, *, unseen: bool = False) -> Pool:
    """A fresh made-up collection."""
    return [_hit(record) for record in invent_collection(rng, rng.randint(10, 40), unseen=unseen)]


def sample_pool(folder: Path) -> Pool:
    """Every passage of the collections under `folder`."""
    records = [record for reading in read_sources([folder]) for record in reading.records]
    return [Hit(record=record, passage=cut, score=1.0) for record in records for cut in cut_record(record)]


def real_pools(archive: Path, rng: random.Random, blocks: int, size: int = 60) -> list[Pool]:
    """Runs of neighbouring records out of an archival.jsonl.xz (title, date, container, breadcrumb, text)."""
    with lzma.open(archive, "rt", encoding="utf-8") as lines:
        rows = list(lines)
    starts = sorted(rng.sample(range(0, len(rows) - size, size), blocks))
    pools = []
    for start in starts:
        parsed = (json.loads(line) for line in rows[start : start + size])
        pools.append([_hit(_record(row)) for row in parsed if row["title"].strip()])
    return [pool for pool in pools if len(pool) > 5]


@dataclass(frozen=True, slots=True)
class Teacher:
    """Makes lessons into trees of token ids."""

    tokenizer: Tokenizer
    style: Wording = word_plainly

    def lesson(self, pool: Pool, rng: random.Random, level: Level, branches: int = 8) -> Tree | None:
        """Several questions over one choice of passages from `pool`; None if none came of it."""
        hits = choose_passages(pool, rng, level)
        if not hits:
            return None
        asked = make_questions(hits, pool, rng, level, branches)
        if not asked:
            return None
        history = self._history(pool, rng) if rng.random() < 0.06 else []
        asked = [reword(item, self.style) for item in asked]
        asked = [
            only_numbers(item) if item.kind != "talk" and rng.random() < level.numbers else item
            for item in asked
        ]
        tree = make_tree([self.encode(item, hits, history) for item in asked])
        return None if len(tree.start) > level.tokens else self._with_gaps(tree)

    def encode(
        self, item: Answered, hits: Sequence[Hit], history: Sequence[Message] = ()
    ) -> tuple[list[int], int]:
        """The whole prompt with its answer as token ids, and where the answer begins."""
        messages, _ = build_messages(
            item.question, hits, history, token_budget=1_000_000, count_tokens=lambda _: 0
        )
        prompt = self.tokenizer.encode(render_chat(messages)).ids
        reply = self.tokenizer.encode(item.answer).ids
        return [*prompt, *reply, END], len(prompt)

    def _history(self, pool: Pool, rng: random.Random) -> list[Message]:
        hits = rng.sample(pool, min(3, len(pool)))
        cards = [read_card(hit) for hit in hits]
        earlier = ask(cards, rng.choice(cards), rng, refuse=False)
        if earlier is None:
            return []
        return [
            {"role": "user", "content": earlier.question},
            {"role": "assistant", "content": earlier.answer},
        ]

    def _with_gaps(self, tree: Tree) -> Tree:
        breaks = set(self.tokenizer.encode("\n\n").ids)
        gaps = tuple(at + 1 for at, token in enumerate(tree.start) if token in breaks)
        return Tree(tree.start, tree.branches, gaps)


def render_chat(messages: Sequence[Message]) -> str:
    """What the chat template of the model makes of messages, ready for the answer."""
    said = "".join(f"<|{message['role']}|>{message['content']}{SPECIAL[END]}" for message in messages)
    return f"{said}<|assistant|>"


def choose_passages(pool: Pool, rng: random.Random, level: Level) -> list[Hit]:
    """A passage with the ones most like it, and some others, shuffled: what a search might bring."""
    usable = [hit for hit in pool if len(hit.record.heading) <= level.heading]
    if len(usable) < 2:
        return []
    count = min(len(usable), rng.choice(level.passages))
    first = rng.choice(usable)
    others = rng.sample(usable, min(len(usable), 40))
    seed = words_of(first.record.heading)
    near = sorted(others, key=lambda hit: -len(seed & words_of(hit.record.heading)))
    alike = rng.randint(0, count)
    chosen = {id(hit): hit for hit in (first, *near[:alike], *rng.sample(others, len(others)))}
    hits = [_shorten(hit, rng, level.words) for hit in list(chosen.values())[:count]]
    rng.shuffle(hits)
    return hits


def make_questions(
    hits: Sequence[Hit], pool: Pool, rng: random.Random, level: Level, count: int
) -> list[Answered]:
    """Questions over `hits`, each passage asked after in turn, some that no passage answers."""
    cards = [read_card(hit) for hit in hits]
    asked: dict[str, Answered] = {}
    turns = list(range(len(cards)))
    rng.shuffle(turns)
    for turn in range(count):
        target = cards[turns[turn % len(cards)]]
        made = _unanswerable(pool, cards, target, rng) if rng.random() < level.refusals else None
        made = made or ask(cards, target, rng, refuse=False)
        if made is not None:
            asked[made.question] = made
    if asked and rng.random() < 0.05:
        made = small_talk(rng)
        asked[made.question] = made
    return list(asked.values())


def _unanswerable(pool: Pool, cards: Sequence[Card], target: Card, rng: random.Random) -> Answered | None:
    """A question that no passage answers: about another record, or one of these with a detail changed."""
    for _ in range(5):
        kind = rng.random()
        if kind < 0.5:
            asked = target
        elif kind < 0.8:
            asked = read_card(rng.choice(pool))
        else:
            asked = read_card(rng.choice(invented_pool(rng)))
        made = ask(cards, asked, rng, refuse=True)
        if made is not None:
            return made
    return None


def _shorten(hit: Hit, rng: random.Random, words: int) -> Hit:
    text = hit.passage.text.split()
    if len(text) <= words or hit.passage.text == hit.record.heading:
        return hit
    at = rng.randrange(len(text) - words + 1) if words else 0
    kept = " ".join(text[at : at + words]) or hit.record.heading
    return Hit(record=hit.record, passage=Passage(id="cut", record_id=hit.record.id, text=kept), score=1.0)


def _hit(record: Record) -> Hit:
    text = " ".join(record.text.split()[:WORDS]) or record.heading
    return Hit(record=record, passage=Passage(id="made", record_id=record.id, text=text), score=1.0)


def _record(row: dict[str, str]) -> Record:
    crumbs = tuple(crumb for crumb in row["breadcrumb"].split(" > ") if crumb)
    # Some repositories write their address into their name; what follows the first comma of a long one goes.
    crumbs = tuple(
        crumb if len(crumb) < 80 else crumb[:80].rsplit(" ", 1)[0] for crumb in crumbs[1:] or crumbs
    )
    return Record(
        id="real",
        collection_id="real",
        level="file",
        title=row["title"].strip(),
        collection="",
        breadcrumb=crumbs,
        dates=row["date"].strip(),
        container=row["container"].strip(),
        text=row["text"].strip(),
    )
