"""One question read part by part: what one part has taken, the next ones do not read again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from retrieval.asked.chips import Chip
from retrieval.asked.collections import AskedCollection, read_collections
from retrieval.asked.correction import Corrector
from retrieval.asked.dates import AskedDate, read_asked_date
from retrieval.asked.identifiers import AskedIdentifier, read_call_numbers
from retrieval.asked.labels import (
    label_call_number,
    label_collection,
    label_container,
    label_date,
    label_material,
    label_person,
    label_place,
    list_named,
)
from retrieval.asked.materials import correct_material, is_material, read_materials
from retrieval.asked.people import read_people
from retrieval.asked.person_names import FoundPerson
from retrieval.asked.places import AskedPlace, read_places
from retrieval.asked.tokens import Token, cut_tokens
from retrieval.asked.vocabulary import Vocabulary
from retrieval.records import Kind
from retrieval.words import CONTAINER, read_containers

_T = TypeVar("_T")
_MOST_CONTAINED = 5
"""Records in one box and folder beyond which the folder is searched and not shown whole."""


@dataclass(frozen=True, slots=True)
class Readings:
    """All that was read from one question.

    `dropped` are the names of people whose chips were taken away, `unread` the words that no reading took.
    """

    tokens: tuple[Token, ...]
    people: tuple[FoundPerson, ...]
    dropped: frozenset[tuple[str, ...]]
    date: AskedDate | None
    materials: tuple[Kind, ...]
    places: tuple[AskedPlace, ...]
    named: tuple[AskedCollection, ...]
    call_numbers: tuple[AskedIdentifier, ...]
    containers: tuple[str, ...]
    corrections: tuple[tuple[str, str], ...]
    unread: tuple[Token, ...]

    @property
    def unnamed(self) -> tuple[Token, ...]:
        """The words that are no part of a collection's title."""
        titles = _mark(self.named)
        return tuple(token for place, token in enumerate(self.tokens) if place not in titles)

    @property
    def collection_ids(self) -> tuple[str, ...]:
        """Collections named by title, then those whose call number is given."""
        ids = [known.id for known in list_named(self.named)]
        return tuple(dict.fromkeys([*ids, *(one for number in self.call_numbers for one, _ in number.found)]))

    @property
    def chips(self) -> tuple[Chip, ...]:
        """People, date, material, places, collections, call numbers, containers."""
        return (
            *map(label_person, self.people),
            *([label_date(self.date)] if self.date else ()),
            *map(label_material, self.materials),
            *map(label_place, self.places),
            *map(label_collection, list_named(self.named)),
            *map(label_call_number, self.call_numbers),
            *map(label_container, self.containers),
        )

    def find_records(self, vocabulary: Vocabulary | None) -> tuple[str, ...]:
        """Records named exactly: by box and folder of a collection that is named, else by an identifier."""
        ids, boxes = self.collection_ids, {key.rstrip("0123456789abcdefgh") for key in self.containers}
        if vocabulary and ids and len(boxes) > 1:
            contained = vocabulary.find_contained(ids, self.containers)
            if contained:
                return tuple(contained[:_MOST_CONTAINED])
        return tuple(dict.fromkeys(record for one in self.call_numbers for _, record in one.found))


def read_all(text: str, vocabulary: Vocabulary | None, without: Collection[str]) -> Readings:
    """Every reading of a question, but those whose chip's id is in `without`."""
    tokens = cut_tokens(text)
    corrector = Corrector(vocabulary) if vocabulary else None
    call_numbers = read_call_numbers(text, vocabulary)
    date = read_asked_date(text)
    taken = _mark_numbers(tokens, text, date, call_numbers)
    named: tuple[AskedCollection, ...] = ()
    if vocabulary and corrector:
        named = _keep_named(read_collections(tokens, vocabulary, corrector), without)
    taken |= _mark(named)
    slips = _correct_materials(tokens, taken, corrector)
    spelled = [replace(token, word=slips.get(token.word, token.word)) for token in tokens]
    people = read_people(spelled, taken, vocabulary, corrector)
    kept_people = _keep(people, label_person, without)
    taken |= _mark(people)
    places = read_places(tokens, taken, vocabulary)
    taken |= _mark(places)
    return Readings(
        tokens=tuple(spelled),
        people=kept_people,
        dropped=frozenset(one.words for one in people) - {one.words for one in kept_people},
        date=next(iter(_keep([date] if date else [], label_date, without)), None),
        materials=_keep(read_materials(spelled, frozenset(_mark(named))), label_material, without),
        places=_keep(places, label_place, without),
        named=named,
        call_numbers=_keep(call_numbers, label_call_number, without),
        containers=_keep(read_containers(text), label_container, without),
        corrections=_list_corrections(tokens, taken, slips, corrector),
        unread=tuple(
            token for place, token in enumerate(spelled) if place not in taken and not is_material(token.word)
        ),
    )


def _keep(found: Iterable[_T], label: Callable[[_T], Chip], without: Collection[str]) -> tuple[_T, ...]:
    kept = {chip_id: one for one in found if (chip_id := label(one).id) not in without}
    return tuple(kept.values())


def _keep_named(named: Iterable[AskedCollection], without: Collection[str]) -> tuple[AskedCollection, ...]:
    """Collections without those taken away; words that then name none are free for other readings."""
    kept = [replace(one, found=_keep(one.found, label_collection, without)) for one in named]
    return tuple(one for one in kept if one.found)


def _mark(found: Iterable[FoundPerson] | Iterable[AskedPlace] | Iterable[AskedCollection]) -> set[int]:
    return {place for one in found for place in range(one.start, one.end)}


def _mark_numbers(
    tokens: Sequence[Token], text: str, date: AskedDate | None, call_numbers: Sequence[AskedIdentifier]
) -> set[int]:
    """Words that are a date, a container or a call number."""
    areas = [match.span() for match in CONTAINER.finditer(text)]
    if date:
        areas += date.areas
    for one in call_numbers:
        start = text.find(one.label)
        areas.append((start, start + len(one.label)))
    return {
        place
        for place, token in enumerate(tokens)
        if any(start <= token.start and token.end <= end for start, end in areas)
    }


def _correct_materials(
    tokens: Sequence[Token], taken: Collection[int], corrector: Corrector | None
) -> dict[str, str]:
    """Misspelt words for kinds of material: "photgraphs"; only words that the index does not know."""
    slips = {}
    for place, token in enumerate(tokens):
        known = corrector is not None and corrector.look_up(token.word).records
        if place not in taken and not known and (meant := correct_material(token.word)):
            slips[token.word] = meant
    return slips


def _list_corrections(
    tokens: Sequence[Token], taken: Collection[int], slips: dict[str, str], corrector: Corrector | None
) -> tuple[tuple[str, str], ...]:
    made = dict(slips)
    if corrector:
        made |= corrector.made
        for place, token in enumerate(tokens):
            if (
                place not in taken
                and token.word not in made
                and (meant := corrector.correct_plain(token.word))
            ):
                made[token.word] = meant
    return tuple((word, made[word]) for word in dict.fromkeys(token.word for token in tokens) if word in made)
