"""Made-up collections: records of families, societies, studios and people that never were.

Names are drawn from lists and from syllables, so that a reader meets more of them than it could learn by
heart; `exam=True` draws surnames and places from syllables kept out of training. What a biography states is
kept beside its record as facts, so that questions about it can be answered by rule.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from demo.training.lives import tell_life
from demo.training.noise import add_slips
from demo.training.word_lists import (
    ACTS,
    ADJECTIVES,
    BODIES,
    FIRST_NAMES,
    HEADS,
    MONTHS,
    NOUNS,
    OFFICE_KINDS,
    PAPER_KINDS,
    PLACE_TAILS,
    SURNAMES,
    TAILS,
    UNSEEN_HEADS,
    UNSEEN_TAILS,
)
from retrieval.records import Record

_WORDING: dict[str, list[str]] = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Fact:
    """What a sentence of a record states of someone; `kind` names a phrasing ("born"), `value` answers it."""

    kind: str
    person: str
    value: str
    sentence: str


@dataclass(frozen=True, slots=True)
class World:
    """The people, places and habits of description of one made-up collection."""

    people: tuple[str, ...]
    places: tuple[str, ...]
    topics: tuple[str, ...]
    first_year: int
    date_style: int
    title_style: int
    container_style: int
    exam: bool


@dataclass(slots=True)
class Collection:
    """Records of one made-up collection, and the facts stated in each, by record id."""

    records: list[Record] = field(default_factory=list)
    facts: dict[str, tuple[Fact, ...]] = field(default_factory=dict)


def invent_collection(rng: Random, size: int, *, exam: bool = False) -> Collection:
    """`size` records of a family's letters, an organisation's files, a photographer's views or papers."""
    world = _invent_world(rng, exam)
    if rng.random() < 0.22:
        return _invent_papers(rng, world, size)
    make = rng.choices((_letter, _office_file, _view), (0.6, 0.22, 0.18))[0]
    title = _title_collection(rng, world)
    made = Collection()
    for number in range(size):
        crumbs = (title, *rng.choice(_WORDING["series"])) if rng.random() < 0.9 else (title,)
        if number == 0 or rng.random() < 0.06:
            record, facts = _describe_collection(rng, world, title, number)
            made.facts[record.id] = facts
        else:
            chosen = make if rng.random() < 0.8 else _paper
            name, dates, text = chosen(rng, world)
            record = Record(
                id=f"made-{number}",
                collection_id="made",
                level="item",
                title=name,
                collection=title,
                breadcrumb=crumbs,
                dates=dates,
                container=_container(rng, world, number),
                text=_add_labels(rng, world, text),
                extent=_extent(rng) if rng.random() < 0.2 else "",
                access=rng.choice(_WORDING["access"]).format(later=rng.randint(2027, 2029))
                if rng.random() < 0.14
                else "",
            )
            if rng.random() < 0.05:
                record, made.facts[record.id] = _close(rng, record)
        made.records.append(record)
    if rng.random() < 0.1:
        made.records = [replace(record, title=bracket(record.title, rng)) for record in made.records]
    return made


def bracket(title: str, rng: Random) -> str:
    """A title as an editor gives it who fills in what the writer shortened: `W[illia]m H[oward] Taft`."""
    words = title.split(" ")
    for at, word in enumerate(words):
        if len(word) > 4 and word.isalpha() and word[0].isupper() and rng.random() < 0.4:
            first, last = rng.choice(((1, len(word)), (1, len(word) - 1), (2, len(word)), (3, len(word))))
            words[at] = f"{word[:first]}[{word[first:last]}]{word[last:]}"
    return " ".join(words)


def _close(rng: Random, record: Record) -> tuple[Record, tuple[Fact, ...]]:
    """The record with conditions in whole sentences that close some boxes, and what they say."""
    boxes = sorted(rng.sample(range(1, 90), 2))
    kind = rng.choice(_WORDING["closed_kinds"])
    said = rng.choice(_WORDING["closed"]).format(
        k=kind,
        K=kind.capitalize(),
        b=boxes[0],
        c=boxes[1],
        later=rng.randint(2027, 2080),
        n=rng.choice((25, 50, 75)),
    )
    before, after = (rng.choice(_WORDING[name]) for name in ("closed_before", "closed_after"))
    facts = [Fact("closed", f"{kind}|box {box}", "No", said) for box in boxes if f"{box}" in said]
    facts = facts or [Fact("closed", f"{kind}|", "" if "contact" in said else "No", said)]
    return replace(record, access=f"{before}{said}{after}"), tuple(facts)


def _invent_papers(rng: Random, world: World, size: int) -> Collection:
    """Papers of several people, a series each: folders named by their dates or their correspondents, as large
    finding aids list them. Whose they are stands in the titles above alone."""
    title, made = _title_collection(rng, world), Collection()
    upper = rng.choice(_WORDING["series"])
    box, folder = rng.randint(1, 30), 1
    while len(made.records) < size:
        person = rng.choice(world.people)
        series = rng.choice(_WORDING["personal"]).format(p=person, i=_invert(person))
        name, spans = rng.choice(_WORDING["contents"]), rng.random() < 0.5
        year = world.first_year + rng.randrange(30)
        for _ in range(rng.randint(2, 7)):
            folder += 1
            if folder > rng.randint(9, 30):
                box, folder = box + 1, 1
            told, year = _span(rng, year, spans)
            heading, dates = rng.choice(((told, ""), (name, told), (f"{name}, {told}", ""), (told, "")))
            if rng.random() < 0.2:
                other = rng.choice(world.people)
                heading, dates = rng.choice((other, _invert(other))), told
            made.records.append(
                Record(
                    id=f"made-{len(made.records)}",
                    collection_id="made",
                    level="file",
                    title=heading,
                    collection=title,
                    breadcrumb=(title, *upper[:1], series) if rng.random() < 0.9 else (title, series),
                    dates=dates,
                    container=f"Box {box}, Folder {folder}" if world.container_style != 1 else f"Box {box}",
                    text=_about(rng, world) if rng.random() < 0.2 else "",
                )
            )
    return made


def _span(rng: Random, year: int, spans: bool) -> tuple[str, int]:
    """The dates of the next folder, and the year after it."""
    if not spans:
        last = year + rng.choice((0, 0, 1, 2, 3, 5))
        told = f"{year}" if last == year else f"{year}-{last}"
        return rng.choice((told, told, told, f"{told}, undated")), last + 1
    first = rng.randrange(0, 11)
    last = min(11, first + rng.randint(1, 5))
    begin, end = MONTHS[first], MONTHS[last]
    return (
        rng.choice(
            (
                f"{year}, {begin}-{end}",
                f"{begin}-{end} {year}",
                f"{year} {begin}-{end}",
                f"{rng.randint(1, 28)} {begin} - {rng.randint(1, 28)} {end} {year}",
                f"{begin} {rng.randint(1, 28)}-{end} {rng.randint(1, 28)}, {year}",
            )
        ),
        year + rng.randint(0, 1),
    )


def invent_name(rng: Random, exam: bool) -> str:
    """A surname or place stem."""
    if exam:
        return rng.choice(UNSEEN_HEADS) + rng.choice(UNSEEN_TAILS)
    if rng.random() < 0.35:
        return rng.choice(SURNAMES)
    return rng.choice(HEADS) + (
        rng.choice(TAILS) if rng.random() < 0.8 else rng.choice(TAILS) + rng.choice(TAILS)
    )


def _invent_world(rng: Random, exam: bool) -> World:
    surnames = [invent_name(rng, exam) for _ in range(rng.randint(1, 6))]
    firsts = rng.sample(FIRST_NAMES, rng.randint(4, 9))
    people = set()
    for _ in range(rng.randint(5, 12)):
        middle = f" {rng.choice('ABCDEFGHJKLMPRSTW')}." if rng.random() < 0.15 else ""
        people.add(f"{rng.choice(firsts)}{middle} {rng.choice(surnames)}")
    while len(people) < 3:
        people.add(f"{rng.choice(FIRST_NAMES)} {rng.choice(surnames)}")
    places = tuple(invent_name(rng, exam) + rng.choice(PLACE_TAILS) for _ in range(6))
    return World(
        tuple(sorted(people)),
        places,
        tuple(_topic(rng) for _ in range(24)),
        rng.randint(1640, 1975),
        rng.randrange(8),
        rng.randrange(7),
        rng.randrange(9),
        exam,
    )


def _topic(rng: Random) -> str:
    shape = rng.random()
    if shape < 0.5:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if shape < 0.8:
        return f"{rng.choice(NOUNS)} {rng.choice(ACTS)}"
    return f"{rng.choice(ACTS)} of the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"


def _title_collection(rng: Random, world: World) -> str:
    family = world.people[0].rsplit(" ", 1)[1]
    return rng.choice(
        (
            f"{family} Family Papers",
            f"{family} family collection",
            f"Papers of {world.people[0]}",
            f"{world.places[0]} {rng.choice(BODIES)} Records",
            f"{rng.choice(BODIES)} of {world.places[0]} records",
            f"{world.people[0]} Photograph Collection",
            f"{world.people[0]} letters",
            f"Collection on {world.places[0]}",
        )
    )


def _dates(rng: Random, world: World) -> str:
    year, month, day = min(2024, world.first_year + rng.randrange(40)), rng.choice(MONTHS), rng.randint(1, 28)
    if rng.random() < 0.14:
        return rng.choice(
            (
                f"{year}",
                f"circa {year}",
                f"{month} {year}",
                f"{year}-{year + rng.randint(1, 4)}",
                f"[{year}]",
                "undated",
                f"ca. {year}",
            )
        )
    styles = (
        f"{year} {month} {day}",
        f"{day} {month} {year}",
        f"{month} {day}, {year}",
        f"{year} {month[:3]}. {day}",
        f"{year}",
        f"{year}-{MONTHS.index(month) + 1:02d}-{day:02d}",
        f"{month} {year}",
        f"{day} {month[:3]} {year}",
    )
    return styles[world.date_style]


def _letter(rng: Random, world: World) -> tuple[str, str, str]:
    writer, reader = rng.sample(world.people, 2)
    titles = (
        f"{writer} to {reader}",
        f"{writer} to {reader}",
        f"Letter from {writer} to {reader}",
        f"{_invert(writer)}, to {reader}",
        f"{writer} ALS to {reader}; {rng.choice(world.places)}",
        f"Letter, {writer} to {reader}",
        f"{writer} to {reader}, {rng.choice(world.places)}",
    )
    if rng.random() < 0.3:
        names = {"s": writer.split(" ")[0], "r": reader.split(" ")[0]}
        told = " ".join(_tell(rng, world) for _ in range(rng.randint(2, 5)))
        text = (
            rng.choice(_WORDING["openings"]).format(**names)
            + told
            + rng.choice(_WORDING["closings"]).format(**names)
        )
        return (
            titles[world.title_style],
            _dates(rng, world),
            add_slips(text, rng) if rng.random() < 0.25 else text,
        )
    return titles[world.title_style], _dates(rng, world), _about(rng, world)


def _tell(rng: Random, world: World) -> str:
    return rng.choice(_WORDING["telling"]).format(
        t=rng.choice(world.topics),
        p=rng.choice(world.people),
        l=rng.choice(world.places),
        d=rng.randint(4, 28),
        n=rng.randint(30, 900),
        m=rng.choice(MONTHS),
    )


def _paper(rng: Random, world: World) -> tuple[str, str, str]:
    person, place, kind = rng.choice(world.people), rng.choice(world.places), rng.choice(PAPER_KINDS)
    title = rng.choice(
        (
            f"{kind}, {person}",
            f"{kind} of {person}",
            f"{kind}: {place}",
            f"{kind}, {rng.choice(world.topics)}",
            f"{person}: {kind.lower()}",
            _invert(person),
        )
    )
    return title, _dates(rng, world), _about(rng, world)


def _office_file(rng: Random, world: World) -> tuple[str, str, str]:
    kind, body = rng.choice(OFFICE_KINDS), rng.choice(BODIES)
    title = rng.choice(
        (
            f"{kind}, {body}",
            f"{kind}: {rng.choice(world.topics)}",
            f"{body}, {kind.lower()}",
            f"{kind}, {rng.choice(world.places)} branch",
            f"{rng.choice(world.topics).capitalize()}",
        )
    )
    return title, _dates(rng, world), _about(rng, world)


def _view(rng: Random, world: World) -> tuple[str, str, str]:
    topic, place, person = rng.choice(world.topics), rng.choice(world.places), rng.choice(world.people)
    title = rng.choice(
        (
            f"{topic.capitalize()}, {place}",
            f"View of the {topic}, {place}",
            f"{person} at {place}",
            f"Portrait of {person}",
            f"{person} with the {topic}",
        )
    )
    return title, _dates(rng, world), _about(rng, world)


def _about(rng: Random, world: World) -> str:
    sentences = []
    for _ in range(rng.choices((0, 1, 2, 3, 4), (0.2, 0.4, 0.2, 0.12, 0.08))[0]):
        extra = rng.choice(
            ("", f", and of {rng.choice(world.people)}", f" at {rng.choice(world.places)}", "")
        )
        sentences.append(f"{rng.choice(_WORDING['leads'])} the {rng.choice(world.topics)}{extra}.")
    return " ".join(sentences)


def _add_labels(rng: Random, world: World, text: str) -> str:
    labels = []
    if rng.random() < 0.1:
        labels.append(f"Language: {rng.choice(_WORDING['languages'])}")
    if rng.random() < 0.12:
        subjects = [
            f"{rng.choice(NOUNS).capitalize()}s--{rng.choice(_WORDING['subject_tails'])}"
            for _ in range(rng.randint(1, 3))
        ]
        labels.append(f"Subjects: {'; '.join(subjects)}")
    if rng.random() < 0.06:
        labels.append(f"Provenance: Gift of {rng.choice(world.people)}, {rng.randint(1930, 2020)}")
    return "\n".join([text, *labels] if text else labels)


def _extent(rng: Random) -> str:
    return rng.choice(_WORDING["extents"]).format(n=rng.randint(2, 60), d=rng.randint(2, 9))


def _describe_collection(
    rng: Random, world: World, title: str, number: int
) -> tuple[Record, tuple[Fact, ...]]:
    """A collection's own record: a note on one or two lives, how much there is, and who may see it."""
    people = rng.sample(world.people, rng.choice((1, 1, 2)))
    told, facts = [], []
    for person in people:
        other = rng.choice([name for name in world.people if name != person])
        years = range(world.first_year - 60, world.first_year - 15)
        for sentence, stated in tell_life(
            rng, person, other, rng.choice(world.places), rng.choice(years), alone=len(people) == 1
        ):
            told.append(sentence)
            facts += [Fact(kind, person, value, sentence) for kind, value in stated]
    if rng.random() < 0.6:
        told.append(_measure(rng))
    if rng.random() < 0.3:
        told.insert(0, _about(rng, world))
    record = Record(
        id=f"made-{number}",
        collection_id="made",
        level="collection",
        title=title,
        collection=title,
        dates=f"{world.first_year}-{world.first_year + 40}",
        text=" ".join(part for part in told if part),
        extent=_extent(rng),
        access=rng.choice(_WORDING["access"]).format(later=rng.randint(2027, 2029))
        if rng.random() < 0.6
        else "",
    )
    if rng.random() < 0.25:
        record, closed = _close(rng, record)
        facts += closed
    return record, tuple(facts)


def _measure(rng: Random) -> str:
    """A sentence of how much a collection holds."""
    first, second = rng.sample(_WORDING["things"], 2)
    many = f"{rng.randint(1, 120)},{rng.randint(0, 9)}00" if rng.random() < 0.5 else f"{rng.randint(12, 990)}"
    return rng.choice(_WORDING["measures"]).format(n=many, m=rng.randint(3, 99), a=first, b=second)


def _container(rng: Random, world: World, number: int) -> str:
    box, folder = 1 + number // 8 + world.first_year % 37, 1 + number % 8 + rng.randrange(20)
    styles = (
        f"Box {box}, Folder {folder}",
        f"Box {box}",
        f"Box {box}, Folder {folder}",
        f"Box-folder {box}/{folder}",
        f"Volume {folder}",
        f"Reel {box}",
        f"Box {box * 11}, Folder {folder}",
        f"Drawer {folder}, Folder {box}",
        f"Carton {box}, Envelope {folder}",
    )
    return "" if rng.random() < 0.08 else styles[world.container_style]


def _invert(name: str) -> str:
    first, last = name.rsplit(" ", 1)
    return f"{last}, {first}"
