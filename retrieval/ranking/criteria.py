"""What a question asks for, as sets of passages: who, when, what kind, where, which collection, which box.

Each criterion is answered by the index, not by a model. Those that leave something together are kept;
one that would leave nothing is set aside and named, so that a page can say "nothing of 1906; without
the date: ...".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from tantivy import Query

from retrieval.asked.chips import ChipKind
from retrieval.asked.questions import Person, Question, split_words
from retrieval.ranking.board import Board, Weights
from retrieval.ranking.filters import Limits
from retrieval.spans import Span
from retrieval.store.catalog import KINDS, LEVELS, Catalog
from retrieval.store.lexical import LexicalIndex
from retrieval.store.lexical_query import PersonField, require_person, require_term, require_words
from retrieval.store.vectors import Mask

ROLE, OWN, ABOVE, SURNAME, TOLD, WRONG_ROLE = 1.0, 0.9, 0.8, 0.4, 0.3, 0.2
"""How well a person fits: in the role asked for, in a record's own heading or names, in the titles above
it, by the last name alone, in its text, and in the other role only."""


GRADES = np.array([0.0, WRONG_ROLE, TOLD, SURNAME, ABOVE, OWN, ROLE], dtype=np.float32)
"""The same in rising order. Of every passage only the place in this list is kept, a byte."""
_WRONG_ROLE, _TOLD, _SURNAME, _ABOVE, _OWN, _ROLE = range(1, 7)
_FEW_NUMBERS = 8

BROAD = 3653
"""Days that the dates of a collection or series may be wider than what was asked, ten years."""
PERSON = "person"
"""The name of what people add, in an explanation."""
_TIERS: tuple[tuple[int, PersonField, str], ...] = (
    (_ABOVE, "above", "all"), (_SURNAME, "own", "last"), (_TOLD, "told", "all"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing asked for. `chips` are ids of the readings it stands for.

    `mask` marks the passages that satisfy it. `wide` marks those that may: for people a record's own
    names have to decide, and for dates they count where none of `decisive`, folders and items with
    dates of their own, could have told. `grades` say how well each does where that differs, as places in
    GRADES, and `query` says the same to the lexical index where it can be said there.
    """

    kind: ChipKind
    chips: tuple[str, ...]
    mask: Mask
    grades: NDArray[np.uint8] | None = None
    query: Query | None = None
    wide: Mask | None = None
    decisive: Mask | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """The criteria that leave something together, what they leave, and ids of those set aside."""

    kept: tuple[Criterion, ...]
    relaxed: tuple[str, ...]
    mask: Mask | None


def read_criteria(
    question: Question, catalog: Catalog, words: LexicalIndex, seen: Mask | None = None
) -> list[Criterion]:
    """The criteria of a question, those that are surest to be meant as they were read first.

    `seen` marks what may be seen at all, None for everything: what is withheld must not even decide in
    which of its ways a name is taken.
    """
    finder = _Finder(question, len(catalog.columns), words, seen)
    found = [finder.find_term("call_number", "identifier", term) for term in question.call_numbers]
    found += finder.find_people()
    if question.collections:
        mask = mark_collections(catalog, question.collections)
        found.append(Criterion("collection", finder.ids("collection"), mask))
    found += [finder.find_term("container", "container", term) for term in question.containers]
    if question.span:
        found.append(_read_days(question.span, finder.ids("date"), catalog))
    found += finder.find_places()
    if question.materials:
        bits = sum(1 << KINDS.index(kind) for kind in set(question.materials))
        mask = (catalog.column("kinds") & np.uint32(bits)) != 0
        found.append(Criterion("material", finder.ids("material"), mask))
    return found


def agree(
    criteria: Iterable[Criterion], limits: Limits, confirm: Callable[[Mask], Mask | None] | None = None
) -> Agreement:
    """Take the criteria one by one, and set aside each that would leave nothing of what may be found.

    Before one is set aside, the people before it are taken widely, and `confirm` says which of those
    passages are theirs all the same.
    """
    kept: list[Criterion] = []
    relaxed: list[str] = []
    left: Mask | None = None
    for criterion in criteria:
        narrowed = limits.narrow(criterion.mask) if left is None else left & criterion.mask
        if not narrowed.any() and criterion.decisive is not None:
            known = limits.narrow(criterion.decisive) if left is None else left & criterion.decisive
            if not known.any():
                narrowed = limits.narrow(_wide(criterion)) if left is None else left & _wide(criterion)
        if not narrowed.any() and confirm:
            masks = [one.mask if one.decisive is not None else _wide(one) for one in (*kept, criterion)]
            widened = limits.narrow(np.logical_and.reduce(masks))
            confirmed = confirm(widened) if widened.any() else None
            narrowed = narrowed if confirmed is None else confirmed
        if narrowed.any():
            kept.append(criterion)
            left = narrowed
        else:
            relaxed += criterion.chips
    return Agreement(tuple(kept), tuple(relaxed), left)


def _wide(criterion: Criterion) -> Mask:
    return criterion.mask if criterion.wide is None else criterion.wide


def weigh_criteria(board: Board, criteria: Sequence[Criterion], weights: Weights) -> None:
    """Put what satisfies each criterion, or how well it does, on the board; the dates have their own rule."""
    people = [GRADES[one.grades[board.passages]] for one in criteria if one.grades is not None]
    if people:
        board.put(PERSON, weights.person * np.mean(people, axis=0), weights.person)
    for name, kind, weight in (
        ("kind of material", "material", weights.material),
        ("place", "place", weights.place),
        ("collection named", "collection", weights.named_collection),
        ("box or folder", "container", weights.container),
        ("call number", "call_number", weights.call_number),
    ):
        masks = [one.mask[board.passages] for one in criteria if one.kind == kind]
        if masks:
            board.put(name, weight * np.mean(masks, axis=0), weight)


def _read_days(span: Span, chips: tuple[str, ...], catalog: Catalog) -> Criterion:
    """Passages whose own dates overlap, or whose inherited dates lie within; the undated never do.

    What a component above covers in many years says little of one year for what is below it, and
    neither do the dates of a whole collection.
    """
    first, last = days_of(span)
    starts, ends = catalog.column("first_day"), catalog.column("last_day")
    wide = (starts <= last) & (ends >= first)  # the undated end before every day
    places = np.flatnonzero(wide)
    from_day, to_day = starts[places], ends[places]
    within = (from_day >= first) & (to_day <= last)
    near = to_day - from_day <= last - first + BROAD
    low = catalog.column("level")[places] >= LEVELS.index("file")
    mask = np.zeros(len(wide), dtype=np.bool_)
    mask[places] = np.where(catalog.column("dates_inherited")[places], within, low | near)
    return Criterion("date", chips, mask, wide=wide, decisive=catalog.dated_low)


def mark_collections(catalog: Catalog, ids: Sequence[str]) -> Mask:
    """Passages of the collections with these ids; unknown ids mark nothing."""
    numbers = [number for one in ids if (number := catalog.collection_number(one)) is not None]
    column = catalog.column("collection")
    if len(numbers) > _FEW_NUMBERS:
        return np.isin(column, numbers)
    mask: Mask = np.zeros(len(column), dtype=np.bool_)
    for number in numbers:
        mask |= column == number
    return mask


def names_something(question: Question) -> bool:
    """Whether it asks for something that the index knows by name, or by a date or number.

    Words then weigh more than meaning. Capitals alone say nothing: "ROS" is as likely a subject.
    """
    read = question.people or question.span or question.containers
    exact = question.quoted or question.call_numbers or question.record_ids
    return bool((read and not question.breadth) or exact)


def days_of(span: Span) -> tuple[int, int]:
    """First and last day as the columns have them."""
    return date.fromisoformat(span.first).toordinal(), date.fromisoformat(span.last).toordinal()


class _Finder:
    def __init__(self, question: Question, size: int, words: LexicalIndex, seen: Mask | None) -> None:
        self._question = question
        self._size = size
        self._words = words
        self._seen = seen

    def ids(self, *kinds: ChipKind) -> tuple[str, ...]:
        return tuple(chip.id for chip in self._question.chips if chip.kind in kinds)

    def find_term(self, kind: ChipKind, field: str, term: str) -> Criterion:
        query = require_term("container" if field == "container" else "identifier", term)
        return Criterion(kind, (f"{kind}:{term}",), self._mark(query), query=query)

    def find_people(self) -> list[Criterion]:
        return [self._find_person(person) for person in self._question.people]

    def find_places(self) -> list[Criterion]:
        found = []
        for place in self._question.places:
            query = require_words(split_words(place))
            found.append(Criterion("place", (f"place:{place}",), self._mark(query), query=query))
        return found

    def _find_person(self, person: Person) -> Criterion:
        """Where a person stands, the surest place first; a lesser place counts only where no surer one is."""
        grades = np.zeros(self._size, dtype=np.uint8)
        surname = (person.words[-1],)
        tiers: list[tuple[PersonField, Sequence[str], int]] = [
            ("told", person.words, _TOLD),
            ("own", surname, _SURNAME),
            ("above", person.words, _ABOVE),
            ("own", person.words, _OWN),
        ]
        if person.role != "any":
            other: PersonField = "recipient" if person.role == "sender" else "sender"
            tiers += [(other, person.words, _WRONG_ROLE), (person.role, person.words, _ROLE)]
        for where, words, grade in tiers:
            grades[self._select(require_person(words, where))] = grade
        kind: ChipKind = "person" if person.role == "any" else person.role
        chip = f"{kind}:{' '.join(person.words)}"
        wide = grades >= _SURNAME
        for least, where, words in _TIERS:
            mask = grades >= least
            if mask.any():
                query = require_person(person.words if words == "all" else surname, where)
                return Criterion(kind, (chip,), mask, grades, query, wide)
        return Criterion(kind, (chip,), wide, grades)

    def _mark(self, query: Query) -> Mask:
        mask = np.zeros(self._size, dtype=np.bool_)
        mask[self._select(query)] = True
        return mask

    def _select(self, query: Query) -> NDArray[np.int64]:
        numbers = self._words.select(query)
        return numbers if self._seen is None else numbers[self._seen[numbers]]
