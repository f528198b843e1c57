"""Questions with answers over records: what a patron may ask of the passages found, and what is right to say.

An answer is never written but worked out: a question names something (writer, reader, year, words of a title
or text), a passage fits if it has all of it, and the answer quotes the headings of the first two that
fit, each with its number, or is the refusal. So every answer can be checked against its passages.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from demo.phrasings import SMALL_TALK, TEMPLATES
from demo.word_lists import MONTHS
from demo.wording import Wording, word_plainly
from retrieval.prompt import REFUSAL, neutralise, render_heading
from retrieval.records import Hit

QUOTED = 2  # fitting passages that an answer quotes

_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20[0-2]\d)(?!\d)")
_SPAN = re.compile(r"(?<!\d)(1[5-9]\d\d|20[0-2]\d)\s*[-–]\s*(1[5-9]\d\d|20[0-2]\d)(?!\d)")
_NAME = r"(?:[A-Z][\w.'’-]*(?:,? |$)){1,4}"
_LETTER = re.compile(
    rf"^(?:Letters?(?: from|,)? |ALS |\d{{4}}[\w ]*[.,] )?({_NAME}?)(?:ALS |TLS )?to ({_NAME}?)"
    r"(?=$|[,;(\[]|\s[;(\[])"
)
_STOP = frozenset(
    "a an and are as at be by for from her his in is it its no not of on or s she he the their they to "
    "was were with who which that this there has had have you your about after any all but".split()
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A question, its right answer, and what that quotes (nothing, for a refusal)."""

    question: str
    answer: str
    cited: tuple[int, ...]
    kind: str
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A passage as questions see it. `years` are those of its heading; a span counts as each of its years."""

    heading: str
    title: str
    sender: frozenset[str]
    recipient: frozenset[str]
    years: frozenset[int]
    months: frozenset[str]
    words: frozenset[str]
    text: str
    elsewhere: frozenset[str]
    people: tuple[str, str]


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


def read_card(hit: Hit) -> Card:
    """Work out who, when and what of a passage from its heading line and text."""
    title, heading = neutralise(hit.record.title), neutralise(render_heading(hit))
    dated = neutralise(hit.record.heading)
    text = "" if hit.passage.text == hit.record.heading else neutralise(hit.passage.text)
    sender, recipient = _people(title)
    words = words_of(heading) | words_of(text)
    crumbs = words_of(" ".join(hit.record.breadcrumb)) - words
    return Card(
        heading,
        title,
        words_of(sender),
        words_of(recipient),
        _years(dated),
        frozenset(month for month in MONTHS if re.search(rf"\b{month[:3]}", dated)),
        words,
        text,
        crumbs,
        (sender, recipient),
    )


def words_of(text: str) -> frozenset[str]:
    """The words of a text, lower case."""
    return frozenset(word.lower() for word in _WORD.findall(text))


def fits(need: Need, card: Card) -> bool | None:
    """Whether a passage has all that is asked for; None where that could be argued either way."""
    doubtful = False
    for asked, there in ((need.sender, card.sender), (need.recipient, card.recipient)):
        if asked and not words_of(asked) <= there:
            return False
    if need.year and need.year not in card.years:
        if str(need.year) not in card.words:
            return False
        doubtful = True
    if need.month and need.month not in card.months:
        return False
    for asked in (need.person, need.topic, need.title):
        wanted = words_of(asked) - _STOP
        if not wanted <= card.words:
            if not wanted <= card.words | card.elsewhere:
                return False
            doubtful = True
    return None if doubtful else True


def answer(need: Need, cards: Sequence[Card], question: str, kind: str) -> Answered | None:
    """The question with its right answer over numbered passages; None if one is a matter of taste."""
    verdicts = [fits(need, card) for card in cards]
    if None in verdicts:
        return None
    cited = tuple(number for number, fit in enumerate(verdicts, start=1) if fit)[:QUOTED]
    if not cited:
        return Answered(question, REFUSAL, (), "refusal")
    quotes = tuple(cards[number - 1].heading for number in cited)
    return Answered(question, word_plainly(question, quotes, cited), cited, kind, quotes)


def reword(item: Answered, style: Wording) -> Answered:
    """The same answer in another wording; refusals and small talk stay as they are."""
    if not item.quotes:
        return item
    return replace(item, answer=style(item.question, item.quotes, item.cited))


def ask(cards: Sequence[Card], target: Card, rng: random.Random, *, refuse: bool) -> Answered | None:
    """A question that `target` answers, over `cards`; None if none came of it.

    With `refuse`, it must fit none of `cards`: `target` is then either not among them, or the question
    is spoilt in one point (another year, another name).
    """
    need = _choose(target, rng)
    if need is None:
        return None
    if refuse and target in cards:
        need = _spoil(need, cards, rng)
    kind = _kind(need)
    question = _phrase(need, kind, rng)
    found = answer(need, cards, question, kind)
    return None if found is None or bool(found.cited) == refuse else found


def small_talk(rng: random.Random) -> Answered:
    """A greeting or thanks with its reply."""
    return Answered(*rng.choice(SMALL_TALK), (), "talk")


def only_numbers(item: Answered) -> Answered:
    """The same question asking for passage numbers alone, which teaches choosing apart from quoting."""
    numbers = " and ".join(f"[{number}]" for number in item.cited) or "None"
    return replace(item, question=f"{item.question} Only the number.", answer=f"{numbers}.")


def _people(title: str) -> tuple[str, str]:
    found = _LETTER.match(title)
    if not found:
        return "", ""
    sender, recipient = (_upright(name.strip(" ,")) for name in found.groups())
    return (sender, recipient) if sender and recipient else ("", "")


def _upright(name: str) -> str:
    """`Marsh, Ellen` the way people say it."""
    if name.count(", ") == 1:
        last, first = name.split(", ")
        return f"{first} {last}"
    return name


def _years(dated: str) -> frozenset[int]:
    years = {int(year) for year in _YEAR.findall(dated)}
    for first, last in _SPAN.findall(dated):
        years.update(range(int(first), int(last) + 1))
    return frozenset(years)


def _choose(card: Card, rng: random.Random) -> Need | None:
    """Pick what to ask for, from what the passage has."""
    year = rng.choice(sorted(card.years)) if card.years else 0
    sender, recipient = card.people
    month = rng.choice(sorted(card.months)) if len(card.months) == 1 else ""
    if sender and rng.random() < 0.7:
        need = rng.choices(
            (
                Need(sender=sender, year=year),
                Need(sender=sender, recipient=recipient),
                Need(sender=sender),
                Need(sender=sender, recipient=recipient, year=year),
                Need(recipient=recipient),
                Need(recipient=recipient, year=year),
                Need(sender=sender, topic=_topic(card, rng)),
                Need(sender=sender, year=year, month=month),
                Need(person=rng.choice((sender, recipient)), year=year),
            ),
            (30, 14, 10, 12, 5, 9, 10, 5, 5),
        )[0]
        if rng.random() < 0.08 and " " in need.sender:
            need = replace(need, sender=need.sender.rsplit(" ", 1)[1])
        return need
    name = _name(card.title, rng)
    if name and rng.random() < 0.4:
        return Need(person=name, year=year if rng.random() < 0.5 else 0)
    shape = rng.random()
    if shape < 0.12 and len(card.title) < 90:
        return Need(title=card.title.rstrip(" .,;:"))
    if shape < 0.18 and year:
        return Need(year=year, month=month if rng.random() < 0.5 else "")
    topic = _topic(card, rng)
    return Need(topic=topic, year=year if rng.random() < 0.3 else 0) if topic else None


def _topic(card: Card, rng: random.Random) -> str:
    """One to four neighbouring words of title or text; the first and last are no stop words."""
    source = card.text if card.text and rng.random() < 0.45 else card.title
    clauses = [part for part in re.split(r"[.;:,()\[\]\"“”?!\n]+", source) if len(_WORD.findall(part)) > 0]
    if not clauses:
        return ""
    words = rng.choice(clauses).split()
    length = min(len(words), rng.choice((1, 2, 2, 2, 3, 3, 4)))
    at = rng.randrange(len(words) - length + 1)
    chosen = words[at : at + length]
    while chosen and (chosen[0].lower() in _STOP or not _WORD.search(chosen[0])):
        chosen.pop(0)
    while chosen and (chosen[-1].lower() in _STOP or not _WORD.search(chosen[-1])):
        chosen.pop()
    topic = " ".join(chosen)
    if len(topic) < 4 or topic.isdigit() or _YEAR.fullmatch(topic):
        return ""
    return topic.lower() if rng.random() < 0.35 else topic


def _name(title: str, rng: random.Random) -> str:
    turned = re.match(r"^([A-Z][\w'’-]+), ([A-Z][\w'’.-]+(?: [A-Z]\.?)?)(?=$|[,.;:(])", title)
    if turned:
        return f"{turned[2]} {turned[1]}"
    names = re.findall(r"[A-Z][\w'’-]+(?: [A-Z]\.)? [A-Z][\w'’-]+", title)
    return rng.choice(names) if names else ""


def _spoil(need: Need, cards: Sequence[Card], rng: random.Random) -> Need:
    """Change one thing asked for into what another passage has, or into what none has."""
    if need.year and rng.random() < 0.6:
        return replace(need, year=need.year + rng.choice((-7, -4, -3, -2, -1, 1, 2, 3, 4, 8, 20)))
    other = rng.choice(cards)
    if need.sender and need.recipient and rng.random() < 0.3:
        return replace(need, sender=need.recipient, recipient=need.sender)
    if need.sender and other.people[0]:
        return replace(need, sender=other.people[rng.randrange(2)])
    if need.topic:
        return replace(
            need, topic=_topic(other, rng) or need.topic, year=need.year or min(other.years, default=0)
        )
    return need


def _kind(need: Need) -> str:
    shape = "".join(
        letter
        for letter, asked in (
            ("s", need.sender),
            ("r", need.recipient),
            ("p", need.person),
            ("n", need.title),
            ("m", need.month),
            ("y", need.year),
        )
        if asked
    )
    if need.topic:
        return {"": "t", "y": "ty", "s": "st", "sy": "sy?t"}.get(shape, "t")
    return shape if shape in TEMPLATES else "p"


def _phrase(need: Need, kind: str, rng: random.Random) -> str:
    template = rng.choice(TEMPLATES[kind])
    said = template.format(
        s=need.sender, r=need.recipient, p=need.person, t=need.topic, n=need.title, y=need.year, m=need.month
    ).replace("the the ", "the ")
    style = rng.random()
    if style < 0.06:
        return said.lower()
    return said.rstrip("?.") if style < 0.1 else said
