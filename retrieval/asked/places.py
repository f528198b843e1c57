"""Places a question names: those the index knows, and those anybody knows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.asked.gazetteer import AMBIGUOUS, PLACES
from retrieval.asked.runs import is_acronym
from retrieval.asked.tokens import Token, starts_sentence
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import BODIES, STOP_WORDS

_LONGEST = 4
_STATES = frozenset("georgia virginia florence cambridge oxford houston bristol".split())
_PREPOSITIONS = frozenset(
    """
    in at near around from to of outside through across throughout into down for toward towards about
    en dans a au aux nach aus bei von de em no na del
    """.split()
)
_NOT_AFTER = frozenset("miss mrs mr ms dr st lady sir aunt uncle".split())
_NOT_BEFORE = frozenset(
    """
    highway railroad railway university college company association society regiment infantry cavalry
    volunteers volunteer band club church school press papers collection records museum library street
    avenue road family
    """.split()
)


@dataclass(frozen=True, slots=True)
class AskedPlace:
    """A place of a question: folded words, as written, and the tokens that it takes, `end` not included."""

    words: str
    label: str
    start: int
    end: int


def read_places(
    tokens: Sequence[Token], taken: Collection[int], vocabulary: Vocabulary | None
) -> tuple[AskedPlace, ...]:
    """The places named, longest first where they overlap; never from words at `taken` places."""
    found: list[AskedPlace] = []
    place = 0
    while place < len(tokens):
        match = _read_at(tokens, place, taken, vocabulary) or _read_town(tokens, place, taken, vocabulary)
        if match:
            found.append(match)
        place = match.end if match else place + 1
    return tuple(found)


def is_known_place(words: Sequence[str], vocabulary: Vocabulary | None) -> bool:
    """Whether these folded words are all of a place's name."""
    return " ".join(words) in PLACES or bool(vocabulary and vocabulary.find_place(words))


def _read_at(
    tokens: Sequence[Token], place: int, taken: Collection[int], vocabulary: Vocabulary | None
) -> AskedPlace | None:
    for length in range(min(_LONGEST, len(tokens) - place), 0, -1):
        run = tokens[place : place + length]
        if any(place + step in taken for step in range(length)):
            continue
        if any(not one.is_joined for one in run[1:]) or run[0].word in STOP_WORDS:
            continue
        words = tuple(one.word for one in run)
        if is_known_place(words, vocabulary) and _is_meant(tokens, place, place + length, vocabulary):
            return AskedPlace(" ".join(words), " ".join(one.text for one in run), place, place + length)
    return None


def _read_town(
    tokens: Sequence[Token], place: int, taken: Collection[int], vocabulary: Vocabulary | None
) -> AskedPlace | None:
    """ "In Harrow, Ohio": a town that nobody knows, by the state or land behind it."""
    if not place or tokens[place - 1].word not in _PREPOSITIONS or not tokens[place].capital:
        return None
    for end in (place + 1, place + 2):
        run = tokens[place:end]
        if end >= len(tokens) or any(one in taken for one in range(place, end)) or not run[-1].capital:
            return None
        if tokens[end].gap.strip() == "," and end not in taken:
            words = " ".join(one.word for one in run)
            label = " ".join(one.text for one in run)
            return AskedPlace(words, label, place, end) if lies_in_place(tokens, end, vocabulary) else None
    return None


def lies_in_place(tokens: Sequence[Token], end: int, vocabulary: Vocabulary | None) -> bool:
    """Whether a known place follows a comma at `end`: of what stands before it, that says where it is."""
    if end >= len(tokens) or tokens[end].gap.strip() != "," or not tokens[end].capital:
        return False
    longest = [token.word for token in tokens[end : end + 2]]
    return any(is_known_place(longest[:length], vocabulary) for length in (1, 2))


def _is_meant(tokens: Sequence[Token], start: int, end: int, vocabulary: Vocabulary | None) -> bool:
    """Whether the words stand where a place stands, and are no part of a longer name."""
    before = tokens[start - 1] if start else None
    after = tokens[end] if end < len(tokens) else None
    words = tuple(one.word for one in tokens[start:end])
    capital = tokens[start].capital
    if after and after.is_joined and not tokens[end - 1].possessive:
        if after.word in _NOT_BEFORE:
            return False
        if capital and after.capital and after.word not in STOP_WORDS:
            return False
    if before and (before.word in _NOT_AFTER or (capital and before.capital and _joins(tokens, start))):
        return False
    if before and before.word == "of" and start > 1 and tokens[start - 2].word in BODIES:
        return False  # "the University of Michigan"
    placed = before is not None and before.word in _PREPOSITIONS | {"the"}
    placed = placed or _follows_place(tokens, start, vocabulary)
    if not capital:
        proper = " ".join(words) in PLACES or bool(vocabulary and vocabulary.look_up(words[0]).is_proper)
        inside = before is not None and before.word in ("in", "near", "around")
        return placed and proper and (" ".join(words) not in AMBIGUOUS or (inside and words[0] in _STATES))
    if " ".join(words) in AMBIGUOUS and not placed and not (before and "," in tokens[start].gap):
        return False
    return placed or not starts_sentence(tokens, start) or end - start > 1 or " ".join(words) in PLACES


def _follows_place(tokens: Sequence[Token], start: int, vocabulary: Vocabulary | None) -> bool:
    """ "From norway and sweden": what is joined to a place stands where that stands."""
    if start < 3 or tokens[start - 1].word not in ("and", "or"):
        return False
    return tokens[start - 3].word in _PREPOSITIONS and is_known_place([tokens[start - 2].word], vocabulary)


def _joins(tokens: Sequence[Token], start: int) -> bool:
    """Whether the capitalised word before belongs to the same name."""
    before = tokens[start - 1]
    if is_acronym(before) or not tokens[start].is_joined:
        return False
    return before.word not in STOP_WORDS and not starts_sentence(tokens, start - 1)
