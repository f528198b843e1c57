"""Lessons: passages as a search might bring them, with questions over them and right answers.

Passages come from made-up collections, real archival records, and texts that people asked questions about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from demo.training import questions as q
from demo.training.cards import read_card, words_of
from demo.training.corpus import Corpus
from demo.training.worlds import Fact, invent_collection
from retrieval.passages import cut_record, describe
from retrieval.prompt import Message
from retrieval.records import Hit, Passage, Record


@dataclass(frozen=True, slots=True)
class Material:
    """A passage that may be shown, with the facts its text states."""

    hit: Hit
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Lesson:
    """Passages with the questions asked over them, after the same earlier turns."""

    hits: Sequence[Hit]
    asked: Sequence[q.Asked]
    history: Sequence[Message] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """How hard a lesson is: passages, longest heading (characters) and text (words), questions a lesson."""

    passages: tuple[int, ...]
    heading: int
    words: int
    questions: int
    makers: tuple[tuple[float, q.Maker], ...]
    refusals: float = 0.22
    chats: float = 0.04


EASY = Level((1, 2, 2, 3), 90, 40, 6, q.EASY)
FULL = Level((1, 2, 3, 4, 5, 5, 6, 6, 7, 8, 8), 220, 170, 7, q.MAKERS)


def make_lesson(rng: Random, corpus: Corpus, level: Level, *, exam: bool = False) -> Lesson | None:
    """Questions over one choice of passages of the corpus, or made up; None if none came of it."""
    return ask_over(gather(rng, corpus, exam=exam), rng, level, exam=exam)


def ask_over(pool: Sequence[Material], rng: Random, level: Level, *, exam: bool = False) -> Lesson | None:
    """Questions over one choice of these passages; None if none came of it."""
    shown = choose_passages(pool, rng, level)
    if not shown:
        return None
    desk = q.Desk([read_card(m.hit) for m in shown], [m.facts for m in shown], rng, exam)
    hits = [material.hit for material in shown]
    if rng.random() < 0.12:
        return _follow_up(desk, hits, level)
    asked: dict[str, q.Asked] = {}
    makers = [maker for _, maker in level.makers]
    weights = [weight for weight, _ in level.makers]
    for _ in range(level.questions):
        made = None
        for _ in range(4):
            made = _ask_one(desk, pool, level, makers, weights)
            if made is not None:
                break
        if made is not None:
            asked[made.question] = made
    return Lesson(hits, list(asked.values())) if asked else None


def gather(rng: Random, corpus: Corpus, *, exam: bool = False) -> list[Material]:
    """Some neighbouring passages to make a lesson of: made up, or real."""
    if rng.random() < 0.5:
        made = invent_collection(rng, rng.randint(10, 26), exam=exam)
        return [Material(show_record(r), made.facts.get(r.id, ())) for r in made.records]
    rows = corpus.neighbours(rng, 26, exam=exam)
    return [Material(show_record(read_row(row))) for row in rows if row["title"].strip()]


def choose_passages(pool: Sequence[Material], rng: Random, level: Level) -> list[Material]:
    """A passage with those most like it (same writer, same year, same surname) and some others, shuffled."""
    usable = [material for material in pool if len(material.hit.record.heading) <= level.heading]
    if not usable:
        return []
    count = min(len(usable), rng.choice(level.passages))
    first = rng.choice(usable)
    seed = words_of(first.hit.record.heading)
    near = sorted(usable, key=lambda m: -len(seed & words_of(m.hit.record.heading)))[: rng.randint(0, count)]
    chosen = {id(m): m for m in (first, *near, *rng.sample(usable, len(usable)))}
    shown = [shorten(material, rng, level.words) for material in list(chosen.values())[:count]]
    rng.shuffle(shown)
    return shown


def show_record(record: Record) -> Hit:
    """The record's first passage, as the index would show it."""
    if len(record.text) < 700:
        described = " ".join(describe(record).split("\n\n")).replace("\n", " ")
        return Hit(
            record=record,
            passage=Passage(id="p", record_id=record.id, text=described or record.heading),
            score=1.0,
        )
    return Hit(record=record, passage=cut_record(record)[0], score=1.0)


def shorten(material: Material, rng: Random, words: int) -> Material:
    """The same with at most `words` words of text, from some place in it."""
    hit = material.hit
    text = hit.passage.text.split(" ")
    if len(text) <= words or hit.passage.text == hit.record.heading:
        return material
    at = rng.randrange(len(text) - words + 1) if rng.random() < 0.5 else 0
    return replace(
        material, hit=replace(hit, passage=replace(hit.passage, text=" ".join(text[at : at + words])))
    )


def read_row(row: dict[str, str]) -> Record:
    """A line of the archival corpus as a record."""
    crumbs = [crumb for crumb in row["breadcrumb"].split(" > ") if crumb]
    # Some repositories write their address into their name; it is no part of the collection.
    kept = tuple(crumb if len(crumb) < 80 else crumb[:80].rsplit(" ", 1)[0] for crumb in crumbs[1:] or crumbs)
    return Record(
        id="real", collection_id="real", level="file", title=row["title"].strip(), collection="",
        breadcrumb=kept, dates=row["date"].strip(), container=row["container"].strip(),
        text=row["text"].strip(),
    )  # fmt: skip


def _ask_one(
    desk: q.Desk, pool: Sequence[Material], level: Level, makers: Sequence[q.Maker], weights: Sequence[float]
) -> q.Asked | None:
    rng, chance = desk.rng, desk.rng.random()
    if chance < level.chats:
        return q.chat(desk) if rng.random() < 0.5 else q.ask_outside(desk)
    if chance < level.chats + level.refusals * 0.75:  # some makers below refuse as well
        target = (
            desk.cards[rng.randrange(len(desk.cards))]
            if rng.random() < 0.6
            else read_card(rng.choice(pool).hit)
        )
        return q.ask_in_vain(desk, target)
    stated = [number for number, facts in enumerate(desk.facts) if facts]
    if stated and rng.random() < 0.3:
        return rng.choice((q.ask_biography, q.ask_biography, q.ask_closed, q.ask_number))(
            desk, rng.choice(stated)
        )
    return rng.choices(makers, weights)[0](desk, rng.randrange(len(desk.cards)))


def _follow_up(desk: q.Desk, hits: Sequence[Hit], level: Level) -> Lesson | None:
    """A question and its answer as history, then one by pronoun (or thanks) over the same passages."""
    for _ in range(6):
        maker = desk.rng.choice((q.ask_holdings, q.ask_correspondent, q.ask_place, q.ask_date))
        before = maker(desk, desk.rng.randrange(len(desk.cards)))
        if before is None:
            continue
        after = q.chat(desk) if desk.rng.random() < 0.1 else q.ask_again(desk, before)
        if after is not None:
            history: list[Message] = [
                {"role": "user", "content": before.question},
                {"role": "assistant", "content": before.answer},
            ]
            return Lesson(hits, [after], history)
    return None
