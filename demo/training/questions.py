"""Questions with right answers over numbered passages: worked out by rule, never written.

An answer is the quoted heading of what fits, or a value and the words it stands in, each with the number of
its passage; or the refusal. Each maker below asks one kind of question about `target`, one of `cards`; it
returns None where nothing came of it or where the right answer could be argued about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from demo.training.cards import FIELDS, Card, words_of
from demo.training.needs import (
    STOP,
    Need,
    choose_need,
    choose_topic,
    clean_title,
    find_fitting,
    spoil_need,
)
from demo.training.phrasings import OUTSIDE, TALK, expand, phrase, wants_yes
from demo.training.worlds import Fact
from retrieval.prompt import REFUSAL

QUOTED = 3
"""Fitting passages that an answer quotes."""
LONGEST_QUOTE = 45
"""Words of a sentence that is quoted whole."""
CLOSED = re.compile(r"clos|restrict|permission|appointment", re.IGNORECASE)
MAY = re.compile(r"\b(?:open|available|may|can|could|possible)\b", re.IGNORECASE)
"""A question for leave, that "no" can answer."""
ORDER = ("No", "Yes")
CONTENT = re.compile(r"(?<![\w'’-])[A-Za-z][a-z]{4,}(?![\w'’-])")
"""A word long enough to say what a text is about."""
NUMBERED = re.compile(
    r"(?<![\w.,-])(?:(?:over|about|approximately|some|nearly|more than|at least|almost) )?"
    r"(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?) "
    r"(?P<things>(?!glass\b|years|months|weeks|days|hours|others|times|cents|pounds|inches)"
    r"[a-z]{3,}s|linear feet|cubic feet|men|women|acres)\b"
)
"""A number of things, as running text has it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its right answer. `cited` are the passages that may be cited, `needed` the words that a
    right answer must hold, `gold` one of the passages (from 1) it is about, for a follow-up."""

    question: str
    answer: str
    kind: str
    cited: tuple[int, ...] = ()
    needed: tuple[str, ...] = ()
    gold: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """What a question is asked over: passages, facts stated in each, chance, and whose phrasings."""

    cards: Sequence[Card]
    facts: Sequence[Sequence[Fact]]
    rng: Random
    exam: bool = False

    def say(self, kind: str, **slots: object) -> str:
        """A question in some patron's words."""
        return phrase(kind, self.rng, exam=self.exam, **slots)


def refuse(question: str, kind: str) -> Asked:
    """The question with the refusal as its answer."""
    return Asked(question, REFUSAL, kind)


def quote_headings(desk: Desk, numbers: Sequence[int]) -> str:
    """`"heading" [1], "heading" [2] and "heading" [4]`."""
    quoted = [f'"{desk.cards[n - 1].heading}" [{n}]' for n in numbers]
    return join_words(quoted)


def join_words(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def ask_holdings(desk: Desk, target: int) -> Asked | None:
    """Do you have letters from X in 1905? Quotes up to three headings that fit."""
    need = choose_need(desk.cards[target], desk.rng)
    return answer_need(desk, need) if need else None


def answer_need(desk: Desk, need: Need) -> Asked | None:
    """What a need finds, as an answer."""
    found = find_fitting(need, desk.cards)
    shape = "st" if need.shape == "sty" else need.shape
    if found is None:
        return None
    slots = {
        "s": need.sender,
        "r": need.recipient,
        "p": need.person,
        "t": need.topic,
        "n": need.title,
        "y": need.year,
        "m": need.month,
    }
    if need.person and shape in ("p", "py", "pmy") and _are_letters(desk, need) and desk.rng.random() < 0.6:
        shape, slots["s"] = shape.replace("p", "s"), need.person
    question = desk.say(shape, **slots)
    if not found:
        return refuse(question, "holdings")
    shown = found[:QUOTED]
    lead = "Yes: " if wants_yes(question) else ""
    needed = tuple(desk.cards[n - 1].heading for n in shown)
    return Asked(
        question, f"{lead}{quote_headings(desk, shown)}.", "holdings", tuple(found), needed, shown[0]
    )


def _are_letters(desk: Desk, need: Need) -> bool:
    """Whether all that this person's name stands in or above calls itself letters."""
    wanted = words_of(need.person)
    theirs = [card.words | card.elsewhere for card in desk.cards if wanted <= card.words | card.elsewhere]
    return bool(theirs) and all(words & {"letters", "correspondence", "letter"} for words in theirs)


def ask_correspondent(desk: Desk, target: int) -> Asked | None:
    """Whom did X write to in 1905? Who wrote to Y in 1905?"""
    card = desk.cards[target]
    if not card.sender or not card.years:
        return None
    year = desk.rng.choice(sorted(card.years))
    to = desk.rng.random() < 0.55
    found = find_fitting(
        Need(sender=card.sender, year=year) if to else Need(recipient=card.recipient, year=year), desk.cards
    )
    if not found or len(found) > QUOTED:
        return None
    names = [desk.cards[n - 1].recipient if to else desk.cards[n - 1].sender for n in found]
    question = desk.say("who to" if to else "who from", s=card.sender, r=card.recipient, y=year)
    if len(found) == 1:
        return _value(desk, question, "correspondent", names[0], card.heading, target + 1)
    listed = join_words([f"{name} [{n}]" for name, n in zip(names, found, strict=True)])
    return Asked(question, f"{listed}.", "correspondent", tuple(found), tuple(names), found[0])


def ask_date(desk: Desk, target: int) -> Asked | None:
    """When did X write to Y? From when is "title"?"""
    card, by_letter = desk.cards[target], desk.rng.random() < 0.5
    if (
        card.sender
        and by_letter
        and find_fitting(Need(sender=card.sender, recipient=card.recipient), desk.cards) == [target + 1]
    ):
        question = desk.say("when letter", s=card.sender, r=card.recipient)
    elif _is_only(desk, target):
        question = desk.say("when", n=clean_title(card))
    else:
        return None
    if not card.dates:
        return None if card.years else refuse(question, "date")
    return _value(desk, question, "date", card.dates, card.heading, target + 1)


def ask_place(desk: Desk, target: int) -> Asked | None:
    """Which box holds it? Refused where the passage gives no container."""
    card, by_letter = desk.cards[target], desk.rng.random() < 0.5
    if (
        card.sender
        and by_letter
        and find_fitting(Need(sender=card.sender, recipient=card.recipient), desk.cards) == [target + 1]
    ):
        question = desk.say("where letter", s=card.sender, r=card.recipient)
    elif _is_only(desk, target):
        question = desk.say("where", n=clean_title(card))
    else:
        return None
    if not card.container:
        return refuse(question, "place")
    return _value(desk, question, "place", card.container, card.heading, target + 1)


def ask_box(desk: Desk, target: int) -> Asked | None:
    """What is in Box 3, Folder 12?"""
    container = desk.cards[target].container
    found = [n for n, card in enumerate(desk.cards, start=1) if card.container == container]
    if not container or len(found) > QUOTED or any(container in card.text for card in desk.cards):
        return None
    question = desk.say("in box", c=container)
    needed = tuple(desk.cards[n - 1].heading for n in found)
    return Asked(question, f"{quote_headings(desk, found)}.", "in box", tuple(found), needed, found[0])


def ask_field(desk: Desk, target: int) -> Asked | None:
    """Extent, access, maker, medium and the like, as the passage labels them; refused where it does not."""
    card = desk.cards[target]
    if not _is_only(desk, target):
        return None
    absent = desk.rng.random() < 0.12
    names = [name for name in FIELDS if (name in card.fields) != absent]
    if not names:
        return None
    name = desk.rng.choice(names)
    question = desk.say(name, n=clean_title(card))
    if absent:
        loose = {
            "extent": "page|item|leaves|folder|feet|box|volume",
            "access": "open|closed|restrict|permission",
        }
        labels = "|".join(word.lower() for label in FIELDS[name] for word in label.split()[:1])
        around = f"{card.heading} {card.text}".lower()
        return None if re.search(f"{labels}|{loose.get(name, labels)}", around) else refuse(question, name)
    value = card.fields[name]
    lead = ""
    if name == "access" and wants_yes(question):
        lead = "No: " if CLOSED.search(value) else "Yes: "
    return Asked(question, f'{lead}"{value}" [{target + 1}].', name, (target + 1,), (value,), target + 1)


def ask_says(desk: Desk, target: int) -> Asked | None:
    """What does the letter say? Quotes the first sentence of the text."""
    card = desk.cards[target]
    if not card.sentences or not _is_only(desk, target):
        return None
    first = card.sentences[0]
    if len(first.split()) > LONGEST_QUOTE or '"' in first or re.match(r"[A-Z][a-z ]+: ", first):
        return None
    alone = card.sender and find_fitting(Need(sender=card.sender, recipient=card.recipient), desk.cards) == [
        target + 1
    ]
    if alone and desk.rng.random() < 0.6:
        question = desk.say("says letter", s=card.sender, r=card.recipient)
    else:
        question = desk.say("says", n=clean_title(card))
    return Asked(question, f'"{first}" [{target + 1}].', "says", (target + 1,), (first,), target + 1)


def ask_topic(desk: Desk, target: int) -> Asked | None:
    """What is said about the fire? Quotes the one sentence that has the words."""
    card = desk.cards[target]
    if not card.sentences:
        return None
    topic = choose_topic(card, desk.rng)
    wanted = words_of(topic) - STOP
    if not wanted:
        return None
    holding = [
        (n, sentence)
        for n, other in enumerate(desk.cards, start=1)
        for sentence in other.sentences
        if wanted <= words_of(sentence)
    ]
    if len(holding) != 1 or len(holding[0][1].split()) > LONGEST_QUOTE or '"' in holding[0][1]:
        return None
    number, sentence = holding[0]
    if any(wanted <= other.words for n, other in enumerate(desk.cards, start=1) if n != number):
        return None
    person = desk.cards[number - 1].sender
    question = (
        desk.say("on topic by", s=person, t=topic)
        if person and desk.rng.random() < 0.4
        else desk.say("on topic", t=topic)
    )
    return Asked(question, f'"{sentence}" [{number}].', "on topic", (number,), (sentence,), number)


def ask_scattered(desk: Desk, target: int) -> Asked | None:
    """What have you about wheat and breeding? Words from several places of one passage, none elsewhere."""
    card = desk.cards[target]
    others = frozenset().union(*(c.words | c.elsewhere for n, c in enumerate(desk.cards) if n != target))
    own = [word for word in CONTENT.findall(f"{card.title} {card.text}") if word.lower() not in others | STOP]
    words = list(dict.fromkeys(own))
    if len(words) < 6:
        return None
    chosen = desk.rng.sample(words, desk.rng.choice((2, 2, 3)))
    chosen = [word if desk.rng.random() < 0.7 else word.lower() for word in chosen]
    topic = desk.rng.choice((" and ", " ", " in ", ", ", " of ")).join(chosen[-2:])
    if len(chosen) > 2:
        topic = f"{chosen[0]} {topic}"
    question = desk.say("t", t=topic)
    answer = f'{"Yes: " if wants_yes(question) else ""}"{card.heading}" [{target + 1}].'
    return Asked(question, answer, "scattered", (target + 1,), (card.heading,), target + 1)


def ask_biography(desk: Desk, target: int) -> Asked | None:
    """Born, died, where, work, married: value and sentence; refused where no passage states it."""
    stated = [fact for facts in desk.facts for fact in facts if fact.kind != "closed"]
    if not stated:
        return None
    here = [fact for fact in desk.facts[target] if fact.kind != "closed"]
    fact = desk.rng.choice(here or stated)
    kind = fact.kind
    if desk.rng.random() < 0.2:
        kind = desk.rng.choice(("born", "died", "birthplace", "work", "spouse", "studied", "served"))
    question = desk.say(kind, p=fact.person)
    found = [
        (n, other)
        for n, facts in enumerate(desk.facts, start=1)
        for other in facts
        if (other.kind, other.person) == (kind, fact.person) and other.sentence in desk.cards[n - 1].text
    ]
    if kind == "spouse" and any(other.kind == kind and other.value == fact.person for other in stated):
        return None  # the other's marriage answers it too
    if not found:
        return (
            refuse(question, "biography")
            if not any(other.kind == kind and other.person == fact.person for other in stated)
            else None
        )
    number, told = found[0]
    return _value(desk, question, "biography", told.value, told.sentence, number)


def ask_count(desk: Desk, target: int) -> Asked | None:
    """How many of these? The number, then the passages counted."""
    card = desk.cards[target]
    if card.sender and desk.rng.random() < 0.6:
        need, kind = Need(sender=card.sender), "count letters"
    elif card.years and desk.rng.random() < 0.6:
        need, kind = Need(year=desk.rng.choice(sorted(card.years))), "count year"
    else:
        need, kind = Need(topic=choose_topic(card, desk.rng)), "count topic"
    found = find_fitting(need, desk.cards) if need.shape else None
    if not found:
        return None
    question = desk.say(kind, s=need.sender, y=need.year, t=need.topic)
    listed = join_words([f"[{n}]" for n in found])
    return Asked(
        question,
        f"{len(found)}: {listed}.",
        "count",
        tuple(found),
        (str(len(found)), *(f"[{n}]" for n in found)),
        found[0],
    )


def ask_number(desk: Desk, target: int) -> Asked | None:
    """How many photographs are there? As a sentence of one passage says it."""
    told = [
        (number, sentence, found)
        for number, card in enumerate(desk.cards, start=1)
        for sentence in card.sentences
        for found in NUMBERED.finditer(sentence)
        if not is_year(found["number"])
    ]
    here = [item for item in told if item[0] == target + 1 and len(item[1].split()) <= LONGEST_QUOTE]
    if not here:
        return None
    number, sentence, found = desk.rng.choice(here)
    things = found["things"]
    if '"' in sentence or sum(things in f"{card.heading} {card.text}" for card in desk.cards) != 1:
        return None
    if sum(other["things"] == things for _, _, other in told) != 1:
        return None
    title = clean_title(desk.cards[target]) if _is_only(desk, target) and desk.rng.random() < 0.7 else ""
    question = desk.say("number of" if title else "number", w=things, n=title)
    return _value(desk, question, "number", found[0], sentence, number)


def ask_closed(desk: Desk, target: int) -> Asked | None:
    """Can I see box 4? No, in the words of the passage that closes it."""
    closed = [
        fact
        for fact in desk.facts[target]
        if fact.kind == "closed" and fact.sentence in desk.cards[target].text
    ]
    if not closed:
        return None
    fact = desk.rng.choice(closed)
    if sum(fact.sentence in card.text for card in desk.cards) != 1:
        return None
    kept, shut = fact.person.split("|")
    question = desk.say("closed" if shut else "closed kind", k=kept, c=shut)
    # Yes or no fits only some ways to ask; the words of the record fit all.
    lead = "No: " if fact.value and MAY.search(question) else ""
    answer = f'{lead}"{fact.sentence}" [{target + 1}].'
    return Asked(question, answer, "closed", (target + 1,), (fact.sentence,), target + 1)


def is_year(number: str) -> bool:
    """Whether a number reads as a year."""
    return bool(re.fullmatch(r"1[5-9]\d\d|20[0-2]\d", number))


def ask_comparison(desk: Desk, target: int) -> Asked | None:
    """Which of two is older? Are they in one box?"""
    others = [n for n in range(len(desk.cards)) if n != target and _is_only(desk, n)]
    if not others or not _is_only(desk, target):
        return None
    other = desk.rng.choice(others)
    first, second = desk.cards[target], desk.cards[other]
    pair = {"f": clean_title(first), "g": clean_title(second)}
    both = quote_headings(desk, (target + 1, other + 1))
    cited, needed = (target + 1, other + 1), (f"[{target + 1}]", f"[{other + 1}]")
    if desk.rng.random() < 0.4 and first.container and second.container:
        boxes = [card.container.split(",")[0].split("/")[0] for card in (first, second)]
        question = desk.say("same box", **pair)
        same = boxes[0] == boxes[1]
        more = "more than one" in question.lower()
        return Asked(
            question,
            f"{ORDER[same != more]}: {both}.",
            "comparison",
            cited,
            (ORDER[same != more], *needed),
            target + 1,
        )
    if (
        not first.years
        or not second.years
        or (min(first.years) <= max(second.years) and min(second.years) <= max(first.years))
    ):
        return None
    newer = desk.rng.random() < 0.4
    early, late = (target, other) if max(first.years) < min(second.years) else (other, target)
    best, rest = (late, early) if newer else (early, late)
    question = desk.say("newer" if newer else "older", **pair)
    lead = (
        f"{ORDER[best == target]}: "
        if wants_yes(question) and question.lower().lstrip().find("is ") >= 0
        else ""
    )
    words = "later" if newer else "earlier"
    chosen, left = (f'"{desk.cards[n].heading}" [{n + 1}]' for n in (best, rest))
    text = f"{lead}the {words} is {chosen}, not {left}."
    return Asked(
        question,
        text[0].upper() + text[1:],
        "comparison",
        cited,
        (f'{words} is "{desk.cards[best].heading}" [{best + 1}]',),
        best + 1,
    )


def ask_extreme(desk: Desk, target: int) -> Asked | None:
    """Which of these is the earliest, the latest?"""
    spans = [(min(card.years), max(card.years)) for card in desk.cards if card.years]
    if len(spans) != len(desk.cards) or len(spans) < 2:
        return None
    latest = desk.rng.random() < 0.5
    edge = max(last for _, last in spans) if latest else min(first for first, _ in spans)
    found = [n for n, (first, last) in enumerate(spans, start=1) if edge in (first, last)]
    if len(found) != 1:
        return None
    question = desk.say("latest" if latest else "earliest")
    return Asked(
        question,
        f"{quote_headings(desk, found)}.",
        "extreme",
        tuple(found),
        (desk.cards[found[0] - 1].heading,),
        found[0],
    )


def ask_check(desk: Desk, target: int) -> Asked | None:
    """Is it in Box 4? Is it from 1906? Yes or no, with what the passage gives."""
    card = desk.cards[target]
    if not _is_only(desk, target):
        return None
    right, number = desk.rng.random() < 0.5, target + 1
    if card.container and desk.rng.random() < 0.5:
        others = sorted({c.container for c in desk.cards if c.container} - {card.container})
        if not right and not others:
            return None
        question = desk.say(
            "is in box", n=clean_title(card), c=card.container if right else desk.rng.choice(others)
        )
        wrong = f'No, {card.container}: "{card.heading}" [{number}].'
        answer = f'Yes: "{card.heading}" [{number}].' if right else wrong
        return Asked(question, answer, "check", (number,), (answer.split(":")[0], card.heading), number)
    if len(card.years) != 1 or not card.dates:
        return None
    year = next(iter(card.years))
    asked = year if right else year + desk.rng.choice((-9, -5, -2, -1, 1, 2, 3, 7))
    question = desk.say("is from year", n=clean_title(card), y=asked)
    answer = f'{"Yes" if right else f"No, {card.dates}"}: "{card.heading}" [{number}].'
    return Asked(question, answer, "check", (number,), (answer.split(":")[0], card.heading), number)


def ask_again(desk: Desk, before: Asked) -> Asked | None:
    """A follow-up by pronoun on the one passage that `before` was about."""
    if len(before.cited) != 1 or not before.gold:
        return None
    number = before.gold
    card = desk.cards[number - 1]
    kind = desk.rng.choice(
        ("then where", "then when", "then who to", "then says", "then extent", "then year")
    )
    if kind == "then year":
        if not card.sender or before.kind not in ("holdings", "correspondent"):
            return None
        year = desk.rng.choice(sorted({y for other in desk.cards for y in other.years} or {1900}))
        if sum(word in before.question for word in card.sender.split()) < len(card.sender.split()):
            return None
        found = find_fitting(Need(sender=card.sender, year=year), desk.cards)
        if found is None or card.recipient in before.question:
            return None
        question = desk.say(kind, y=year)
        if not found:
            return refuse(question, "follow-up")
        needed = tuple(desk.cards[n - 1].heading for n in found[:QUOTED])
        lead = "Yes: " if wants_yes(question) else ""
        return Asked(
            question,
            f"{lead}{quote_headings(desk, found[:QUOTED])}.",
            "follow-up",
            tuple(found),
            needed,
            found[0],
        )
    question = desk.say(kind)
    if kind == "then extent":
        value = card.fields.get("extent", "")
        return (
            Asked(question, f'"{value}" [{number}].', "follow-up", (number,), (value,), number)
            if value
            else None
        )
    if kind == "then says":
        first = card.sentences[0] if card.sentences else ""
        usable = (
            0 < len(first.split()) <= LONGEST_QUOTE
            and '"' not in first
            and not re.match(r"[A-Z][a-z ]+: ", first)
        )
        return (
            Asked(question, f'"{first}" [{number}].', "follow-up", (number,), (first,), number)
            if usable
            else None
        )
    value = {"then where": card.container, "then when": card.dates, "then who to": card.recipient}[kind]
    if not value:
        return refuse(question, "follow-up") if kind == "then where" else None
    return _value(desk, question, "follow-up", value, card.heading, number)


def ask_in_vain(desk: Desk, target: Card) -> Asked | None:
    """What no passage answers: `target` is another record, or one here with a detail changed."""
    need = choose_need(target, desk.rng)
    if need is None:
        return None
    if target in desk.cards:
        need = spoil_need(need, desk.cards, desk.rng)
    asked = answer_need(desk, need)
    return asked if asked is not None and asked.answer == REFUSAL else None


def ask_outside(desk: Desk) -> Asked:
    """Something that no library catalogue answers, or an order to the reader: refused."""
    return refuse(expand(desk.rng.choice(OUTSIDE), desk.rng), "outside")


def chat(desk: Desk) -> Asked:
    """A greeting, thanks, goodbye or "who are you", with its reply."""
    templates, reply = desk.rng.choice(TALK)
    return Asked(expand(desk.rng.choice(templates), desk.rng), reply, "talk", (), (reply,))


Maker = Callable[[Desk, int], Asked | None]
MAKERS: tuple[tuple[float, Maker], ...] = (
    (0.24, ask_holdings),
    (0.09, ask_correspondent),
    (0.08, ask_date),
    (0.11, ask_place),
    (0.03, ask_box),
    (0.12, ask_field),
    (0.09, ask_says),
    (0.12, ask_topic),
    (0.12, ask_biography),
    (0.05, ask_count),
    (0.05, ask_comparison),
    (0.02, ask_extreme),
    (0.05, ask_check),
    (0.08, ask_number),
    (0.06, ask_closed),
    (0.08, ask_scattered),
)
EASY: tuple[tuple[float, Maker], ...] = (
    (0.5, ask_holdings),
    (0.2, ask_place),
    (0.2, ask_date),
    (0.1, ask_topic),
)


def _value(desk: Desk, question: str, kind: str, value: str, evidence: str, number: int) -> Asked:
    """`value: "evidence" [n].`"""
    return Asked(question, f'{value}: "{evidence}" [{number}].', kind, (number,), (value, evidence), number)


def _is_only(desk: Desk, target: int) -> bool:
    """Whether a title is short enough to name, and names one passage alone."""
    card = desk.cards[target]
    title = clean_title(card)
    return (
        4 < len(title) < 120
        and '"' not in title
        and find_fitting(Need(title=title), desk.cards) == [target + 1]
    )
