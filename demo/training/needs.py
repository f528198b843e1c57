"""What a question asks for, and which passages have it.

A `Need` names a writer, a reader, a person, words of title or text, a year or a month. A passage fits if it
has all of it: that can be worked out, so no answer is ever a matter of taste (where it would be, nothing is
asked).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from demo.training.cards import Card, count_words, words_of

STOP = frozenset(
    "a an and are as at be by for from her his in is it its no not of on or s she he the their they to "
    "was were with who which that this there has had have you your about after any all but".split()
)
_CLAUSE = re.compile(r"[.;:,()\[\]\"“”?!|\n]+")
_LABELLED = re.compile(r"(?!Subjects|Scope|Note)[A-Z][a-z]+(?: [a-z]+){0,2}: ")
_TURNED = re.compile(r"^([A-Z][\w'’-]+), ([A-Z][\w'’.-]+(?: [A-Z]\.?)?)(?=$|[,.;:(])")
_NAMED = re.compile(r"[A-Z][\w'’-]+(?: [A-Z]\.)? [A-Z][\w'’-]+")


@dataclass(frozen=True, slots=True)
class Need:
    """What a question names; empty fields are not asked for."""

    sender: str = ""
    recipient: str = ""
    person: str = ""
    topic: str = ""
    title: str = ""
    year: int = 0
    month: str = ""

    @property
    def shape(self) -> str:
        """Letters for what is named, by which phrasings are found: "sry" is writer, reader and year."""
        named = zip(
            "srptnmy",
            (self.sender, self.recipient, self.person, self.topic, self.title, self.month, self.year),
            strict=True,
        )
        return "".join(letter for letter, value in named if value)


def fits(need: Need, card: Card) -> bool | None:
    """Whether a passage has all that is asked for; None where that could be argued either way."""
    doubtful = False
    for asked, there in ((need.sender, card.sender), (need.recipient, card.recipient)):
        if asked and not words_of(asked) <= words_of(there):
            return False
    if need.year and need.year not in card.years:
        if str(need.year) not in card.words:
            return False
        doubtful = True
    if need.month and need.month not in card.months:
        if len(card.years) < 2:
            return False
        doubtful = True
    for asked in (need.person, need.topic):
        # What stands in the titles above holds for all below: a file of Ann Marsh's papers is hers.
        if not words_of(asked) - STOP <= card.words | card.elsewhere:
            return False
    wanted = words_of(need.title) - STOP
    if not wanted <= card.words:
        if not wanted <= card.words | card.elsewhere:
            return False
        doubtful = True
    return None if doubtful else True


def find_fitting(need: Need, cards: Sequence[Card]) -> list[int] | None:
    """Numbers (from 1) of the passages that fit; None if one is a matter of taste."""
    verdicts = [fits(need, card) for card in cards]
    return None if None in verdicts else [n for n, fit in enumerate(verdicts, start=1) if fit]


def choose_need(card: Card, rng: Random) -> Need | None:
    """Pick what to ask for, from what the passage has."""
    year = rng.choice(sorted(card.years)) if card.years else 0
    month = rng.choice(sorted(card.months)) if card.months and len(card.years) == 1 else ""
    if card.sender and rng.random() < 0.7:
        return _choose_letter(card, rng, year, month)
    if (
        len(card.crumbs) > 1
        and rng.random() < 0.4
        and (inherited := _choose_inherited(card, rng, year, month))
    ):
        return inherited
    name = choose_name(card.title, rng)
    if name and rng.random() < 0.4:
        return Need(person=name, year=year if rng.random() < 0.5 else 0)
    shape = rng.random()
    if shape < 0.12 and len(card.title) < 90:
        return Need(title=clean_title(card))
    if shape < 0.18 and year:
        return Need(year=year, month=month if rng.random() < 0.5 else "")
    topic = choose_topic(card, rng)
    return Need(topic=topic, year=year if rng.random() < 0.3 else 0) if topic else None


def _choose_inherited(card: Card, rng: Random, year: int, month: str) -> Need | None:
    """What stands in the titles above a passage: whose papers they are, or what the series is about."""
    crumb = rng.choice(card.crumbs[1:])
    name = choose_name(crumb, rng)
    dated = Need(year=year if rng.random() < 0.75 else 0)
    if dated.year and month and rng.random() < 0.3:
        dated = replace(dated, month=month)
    if name:
        return replace(dated, person=name)
    topic = crumb.strip(" .,;:")
    if not 4 < len(topic) < 50 or any(mark in topic for mark in '"?!|'):
        return None
    return replace(dated, topic=topic.lower() if rng.random() < 0.5 else topic, month="")


def spoil_need(need: Need, cards: Sequence[Card], rng: Random) -> Need:
    """Change one thing asked for into what another passage has, or into what none has."""
    other = rng.choice(cards)
    chance = rng.random()
    if need.year and chance < 0.55:
        return replace(need, year=need.year + rng.choice((-10, -7, -4, -3, -2, -1, 1, 2, 3, 4, 8, 10, 20)))
    if need.sender and need.recipient and chance < 0.75:
        return replace(need, sender=need.recipient, recipient=need.sender)
    if need.sender:
        first = choose_name(other.title, rng).split(" ")[0] or rng.choice(("Ida", "Hugh", "Clara"))
        return replace(need, sender=f"{first} {need.sender.rsplit(' ', 1)[-1]}")
    if need.topic or need.title:
        topic = choose_topic(other, rng) or need.topic or need.title
        return Need(need.sender, topic=topic, year=need.year or min(other.years, default=0))
    return replace(need, year=need.year or rng.randrange(1600, 2000))


def choose_topic(card: Card, rng: Random) -> str:
    """One to four neighbouring words of title or text; the first and last are no stop words."""
    told = [sentence for sentence in card.sentences if not _LABELLED.match(sentence)]
    source = rng.choice(told) if told and rng.random() < 0.5 else card.title
    clauses = [part for part in _CLAUSE.split(source) if count_words(part)]
    if not clauses:
        return ""
    words = rng.choice(clauses).split()
    length = min(len(words), rng.choice((1, 2, 2, 2, 3, 3, 4)))
    at = rng.randrange(len(words) - length + 1)
    chosen = words[at : at + length]
    while chosen and (chosen[0].lower() in STOP or not count_words(chosen[0])):
        chosen.pop(0)
    while chosen and (chosen[-1].lower() in STOP or not count_words(chosen[-1])):
        chosen.pop()
    topic = " ".join(chosen)
    if len(topic) < 4 or sum(map(str.isalpha, topic)) < 3:
        return ""
    return topic.lower() if rng.random() < 0.35 else topic


def choose_name(title: str, rng: Random) -> str:
    """A person's name out of a title, as people say it; "" if none is seen."""
    turned = _TURNED.match(title)
    if turned:
        return f"{turned[2]} {turned[1]}"
    names = _NAMED.findall(title)
    return rng.choice(names) if names else ""


def clean_title(card: Card) -> str:
    """The title as a question may name it."""
    return card.title.rstrip(" .,;:")


def _choose_letter(card: Card, rng: Random, year: int, month: str) -> Need:
    sender, recipient = card.people()
    need = rng.choices(
        (
            Need(sender=sender, year=year),
            Need(sender=sender, recipient=recipient),
            Need(sender=sender),
            Need(sender=sender, recipient=recipient, year=year),
            Need(recipient=recipient),
            Need(recipient=recipient, year=year),
            Need(sender=sender, topic=choose_topic(card, rng)),
            Need(sender=sender, year=year, month=month),
            Need(person=rng.choice((sender, recipient)), year=year),
        ),
        (30, 14, 10, 12, 6, 9, 10, 6, 5),
    )[0]
    if rng.random() < 0.08 and " " in need.sender:
        need = replace(need, sender=need.sender.rsplit(" ", 1)[1])
    return need
