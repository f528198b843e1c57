"""Readings as chips: what a patron sees of them, and the id by which each is taken away."""

from __future__ import annotations

import re

from retrieval.asked.chips import Chip, ChipKind
from retrieval.asked.collections import AskedCollection
from retrieval.asked.dates import AskedDate
from retrieval.asked.identifiers import AskedIdentifier
from retrieval.asked.materials import LABELS
from retrieval.asked.person_names import FoundPerson
from retrieval.asked.places import AskedPlace
from retrieval.asked.vocabulary import KnownCollection
from retrieval.records import Kind

_PERSON_KINDS: dict[str, ChipKind] = {"any": "person", "sender": "sender", "recipient": "recipient"}
_NUMBERED = re.compile(r"^(.*?\D)(\d+\w*)$")


def label_person(one: FoundPerson) -> Chip:
    """`sender:ellen marsh`, "from Ellen Marsh"."""
    kind = _PERSON_KINDS[one.role]
    return Chip(f"{kind}:{' '.join(one.words)}", kind, one.person.label)


def label_date(one: AskedDate) -> Chip:
    """`date:1905-01-01/1905-12-31`, "1905"."""
    return Chip(f"date:{one.span.first}/{one.span.last}", "date", one.label)


def label_material(kind: Kind) -> Chip:
    """`material:letter`, "letters"."""
    return Chip(f"material:{kind}", "material", LABELS[kind])


def label_place(one: AskedPlace) -> Chip:
    """`place:harrow point`, "Harrow Point"."""
    written = one.label if one.label != one.label.lower() else one.label.title()
    return Chip(f"place:{one.words}", "place", written)


def label_collection(known: KnownCollection) -> Chip:
    """`collection:ms1`, "Marsh family papers"."""
    return Chip(f"collection:{known.id}", "collection", known.title)


def label_call_number(one: AskedIdentifier) -> Chip:
    """`call_number:mc00003`, "MC 00003"."""
    return Chip(f"call_number:{one.key}", "call_number", one.label)


def label_container(key: str) -> Chip:
    """`container:box4`, "Box 4"."""
    parts = _NUMBERED.match(key)
    label = f"{parts[1].strip().capitalize()} {parts[2]}" if parts else key
    return Chip(f"container:{key}", "container", label)


def list_named(named: tuple[AskedCollection, ...]) -> list[KnownCollection]:
    """The collections that all parts of a question name, each once."""
    return list({known.id: known for one in named for known in one.found}.values())
