"""Made-up collections: records of families, societies and photographers that never were.

Names are drawn from lists and from syllables, so that a reader model meets more of them than it could
learn by heart. `unseen=True` draws surnames and places from syllables kept out of training.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from demo.word_lists import (
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


@dataclass(frozen=True, slots=True)
class World:
    """The people, places and habits of description of one made-up collection."""

    people: tuple[str, ...]
    places: tuple[str, ...]
    topics: tuple[str, ...]
    first_year: int
    date_style: int
    name_style: int
    container_style: int
    family: str


def invent_collection(rng: random.Random, size: int, *, unseen: bool = False) -> list[Record]:
    """`size` records of one made-up collection: letters for the most part, or an organisation's, or views."""
    world = _invent_world(rng, unseen)
    make = rng.choices((_letter, _office_file, _view), (0.6, 0.22, 0.18))[0]
    title = _collection_title(rng, world, make is _letter)
    records = []
    for number in range(size):
        chosen = make if rng.random() < 0.8 else _paper
        name, dates, text = chosen(rng, world)
        crumbs = (title, *_series(rng)) if rng.random() < 0.9 else (title,)
        records.append(
            Record(
                id=f"made-{number}",
                collection_id="made",
                level="item",
                title=name,
                collection=title,
                breadcrumb=crumbs,
                dates=dates,
                container=_container(rng, world, number),
                text=text,
            )
        )
    return records


def invent_name(rng: random.Random, unseen: bool) -> str:
    """A surname or place stem."""
    if unseen:
        return rng.choice(UNSEEN_HEADS) + rng.choice(UNSEEN_TAILS)
    if rng.random() < 0.4:
        return rng.choice(SURNAMES)
    return rng.choice(HEADS) + rng.choice(TAILS)


def _invent_world(rng: random.Random, unseen: bool) -> World:
    surnames = [invent_name(rng, unseen) for _ in range(rng.randint(2, 7))]
    firsts = rng.sample(FIRST_NAMES, rng.randint(4, 9))
    people = {f"{rng.choice(firsts)} {rng.choice(surnames)}" for _ in range(rng.randint(5, 12))}
    stems = [invent_name(rng, unseen) for _ in range(6)]
    places = tuple(stem + rng.choice(PLACE_TAILS) for stem in stems)
    topics = tuple(_topic(rng) for _ in range(40))
    return World(
        tuple(sorted(people)),
        places,
        topics,
        rng.randint(1700, 1975),
        rng.randrange(6),
        rng.randrange(6),
        rng.randrange(6),
        surnames[0],
    )


def _topic(rng: random.Random) -> str:
    shape = rng.random()
    if shape < 0.5:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"
    if shape < 0.8:
        return f"{rng.choice(NOUNS)} {rng.choice(ACTS)}"
    return f"{rng.choice(ACTS)} of the {rng.choice(ADJECTIVES)} {rng.choice(NOUNS)}"


def _collection_title(rng: random.Random, world: World, family: bool) -> str:
    if family:
        return rng.choice(
            (
                f"{world.family} Family Papers",
                f"{world.family} family collection",
                f"Papers of {world.people[0]}",
            )
        )
    return rng.choice(
        (
            f"{world.places[0]} {rng.choice(BODIES)} Records",
            f"{rng.choice(BODIES)} of {world.places[0]} records",
            f"{world.people[0]} Photograph Collection",
        )
    )


def _series(rng: random.Random) -> tuple[str, ...]:
    choices = (
        ("Correspondence",),
        ("Series 1: Correspondence", "Letters"),
        ("Papers",),
        ("Series 2. Photographs",),
        ("Administration", "Committees"),
        ("General files",),
        ("Series III: Writings",),
        (),
    )
    return rng.choice(choices)


def _dates(rng: random.Random, world: World) -> str:
    year, month, day = world.first_year + rng.randrange(45), rng.choice(MONTHS), rng.randint(1, 28)
    if rng.random() < 0.12:
        return rng.choice(
            (f"{year}", f"circa {year}", f"{month} {year}", f"{year}-{year + rng.randint(1, 9)}")
        )
    styles = (
        f"{year} {month} {day}",
        f"{day} {month} {year}",
        f"{month} {day}, {year}",
        f"{year} {month[:3]}. {day}",
        f"{year}",
        f"{year}-{MONTHS.index(month) + 1:02d}-{day:02d}",
    )
    return styles[world.date_style]


def _letter(rng: random.Random, world: World) -> tuple[str, str, str]:
    writer, reader = rng.sample(world.people, 2)
    dates, place = _dates(rng, world), rng.choice(world.places)
    titles = (
        f"{writer} to {reader}",
        f"{writer} to {reader}",
        f"Letter from {writer} to {reader}",
        f"{_inverted(writer)}, to {reader}",
        f"{writer} ALS to {reader}; {place}",
        f"Letter, {writer} to {reader}",
    )
    return (
        titles[world.name_style],
        dates,
        _about(rng, world, ("Writes about", "Tells of", "Concerning", "News of")),
    )


def _paper(rng: random.Random, world: World) -> tuple[str, str, str]:
    person, place = rng.choice(world.people), rng.choice(world.places)
    kind = rng.choice(PAPER_KINDS)
    title = rng.choice(
        (
            f"{kind}, {person}",
            f"{kind} of {person}",
            f"{kind}: {place}",
            f"{kind}, {rng.choice(world.topics)}",
            f"{person}: {kind.lower()}",
        )
    )
    return title, _dates(rng, world), _about(rng, world, ("Includes", "Records", "Entries on", "Describes"))


def _office_file(rng: random.Random, world: World) -> tuple[str, str, str]:
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
    return title, _dates(rng, world), _about(rng, world, ("Discusses", "Includes", "On", "Decision on"))


def _view(rng: random.Random, world: World) -> tuple[str, str, str]:
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
    return title, _dates(rng, world), _about(rng, world, ("Shows", "Seen with", "Behind:", "In front of"))


def _about(rng: random.Random, world: World, leads: tuple[str, ...]) -> str:
    if rng.random() < 0.25:
        return ""
    sentences = []
    for _ in range(rng.choices((1, 2, 3), (0.6, 0.3, 0.1))[0]):
        extra = rng.choice(
            ("", f", and of {rng.choice(world.people)}", f" at {rng.choice(world.places)}", "")
        )
        sentences.append(f"{rng.choice(leads)} the {rng.choice(world.topics)}{extra}.")
    if rng.random() < 0.2:
        sentences.append(
            f"Extent: {rng.randint(1, 12)} {rng.choice(('pages', 'leaves', 'items', 'volumes'))}"
        )
    return " ".join(sentences)


def _container(rng: random.Random, world: World, number: int) -> str:
    box, folder = 1 + number // 8, 1 + number % 8 + rng.randrange(20)
    styles = (
        f"Box {box}, Folder {folder}",
        f"Box {box}",
        f"Box {box}, Folder {folder}",
        f"Box-folder {box}/{folder}",
        f"Volume {folder}",
        f"Reel {box}",
    )
    return "" if rng.random() < 0.08 else styles[world.container_style]


def _inverted(name: str) -> str:
    first, last = name.rsplit(" ", 1)
    return f"{last}, {first}"
