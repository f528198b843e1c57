"""Whether two questions ask the same: by meaning, and by names, dates and numbers, which must agree exactly.

An embedding alone puts 1904 beside 1905, and "from Minto to Rittenhouse" at 0.99 beside "from Rittenhouse to
Minto". So what was read from the questions decides first; how near their vectors must be then depends on how
their other words differ. Measured on the 60 dev questions, 129 rewordings of them and of others, and 45
near misses (another year, person, place, box, direction, kind of material, subject):
see `tests/serve/test_inbox_likeness.py`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from retrieval.asked.materials import ENGLISH_NAMES
from retrieval.asked.questions import Question
from retrieval.asked.words import GENERIC, MONTHS, STOP_WORDS
from retrieval.records import Kind
from retrieval.words import split_words

SAME_WORDS = 0.75
"""Least cosine where neither question has a telling word that the other lacks."""
MORE_WORDS = 0.84
"""Least cosine where one of them says more."""
OTHER_WORDS = 0.92
"""Least cosine where each has a word of its own: "How large are the papers?", "How big are the papers?"."""
LEAST = min(SAME_WORDS, MORE_WORDS, OTHER_WORDS)

_SHORTEST_STEM = 4
_ENDING = 3
_FILLING = frozenset(
    """
    anyone anybody anywhere available contain contains contained containing contents dated details existing
    hold information interested kept named old original please regarding related various whatever
    """.split()
)
"""Words that change nothing about what is asked, beside the stop words of search."""
_ASKING = frozenset("when where why how who whom whose".split())
_BY, _ABOUT = frozenset("by from".split()), frozenset("about on concerning regarding".split())
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
_MARKS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """What tells a question from others. `words` are all of its words, `topics` the telling ones.

    `context` are words that a follow-up has from the turns before it.
    """

    words: frozenset[str]
    topics: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    dates: tuple[str, str] | None
    containers: frozenset[str]
    identifiers: frozenset[str]
    senders: frozenset[str]
    recipients: frozenset[str]
    materials: frozenset[str]
    counts: bool
    context: frozenset[str] = frozenset()


def describe(question: Question, context: frozenset[str] = frozenset()) -> Asked:
    """What is compared of a question, as it was read."""
    words = [_fold_number(word) for word in split_words(question.text)]
    names = {word for name in (*question.names, *_list_people(question)) for word in name}
    names |= {word for place in question.places for word in split_words(place)}
    named = {word for kind in question.materials for word in _name_material(kind)}
    empty = STOP_WORDS | GENERIC | MONTHS | _FILLING | named
    return Asked(
        words=frozenset(words),
        topics=frozenset(word for word in words if word not in empty and not _is_number(word)),
        names=frozenset(word for word in names if len(word) > 1 and word not in GENERIC | STOP_WORDS),
        numbers=frozenset(word for word in words if _is_number(word)),
        dates=(question.span.first, question.span.last) if question.span and question.years else None,
        containers=frozenset(question.containers),
        identifiers=frozenset((*question.identifiers, *question.call_numbers)),
        senders=_read_role(question, "sender"),
        recipients=_read_role(question, "recipient"),
        materials=frozenset(question.materials),
        counts=question.wants_count,
        context=context,
    )


def ask_same(one: Asked, other: Asked, cosine: float) -> bool:
    """Whether two questions whose vectors are that near ask for the same thing."""
    if cosine < LEAST or not (one.words and other.words):
        return False
    return _agree(one, other) and cosine >= _demand(one, other)


def fold_question(text: str, context: Iterable[str] = ()) -> str:
    """Digest (hex) of a question's normal form: without case, accents, marks and spaces that differ."""
    plain = unicodedata.normalize("NFKD", text.encode("utf-8", "replace").decode()).casefold()
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    normal = " ".join(_MARKS.sub(" ", letters).split())
    return hashlib.sha256("\n".join([normal, *sorted(context)]).encode("utf-8", "replace")).hexdigest()


def _agree(one: Asked, other: Asked) -> bool:
    """Whether nothing that was read from one speaks against the other."""
    return (
        one.context == other.context
        and one.dates == other.dates
        and one.containers == other.containers
        and one.identifiers == other.identifiers
        and one.counts == other.counts
        and _agree_on_numbers(one, other)
        and _names_stand_in(one.names, other.words)
        and _names_stand_in(other.names, one.words)
        and not one.senders & other.recipients
        and not one.recipients & other.senders
        and not (one.materials and other.materials and one.materials != other.materials)
        and not _ask_otherwise(one.words, other.words)
        and not (_is_by(one.words) and _is_about(other.words))
        and not (_is_about(one.words) and _is_by(other.words))
    )


def _agree_on_numbers(one: Asked, other: Asked) -> bool:
    """Dates are compared as days, so that "1890s" may stand beside "1890-1899"; other numbers as written."""
    apart = one.numbers ^ other.numbers
    return not apart if one.dates is None else not any(_is_no_date(number) for number in apart)


def _names_stand_in(names: frozenset[str], words: frozenset[str]) -> bool:
    """Whether each name is among the words, as it is but for an "s" at its end."""
    return all(name in words or f"{name}s" in words or name.removesuffix("s") in words for name in names)


def _is_by(words: frozenset[str]) -> bool:
    """Whether something by somebody is asked for, "about" nothing."""
    return bool(_BY & words) and not _ABOUT & words


def _is_about(words: frozenset[str]) -> bool:
    return bool(_ABOUT & words) and not _BY & words


def _ask_otherwise(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether one asks when, say, and the other where."""
    return bool((one & _ASKING) - other and (other & _ASKING) - one)


def _demand(one: Asked, other: Asked) -> float:
    """The least cosine, by how the telling words differ."""
    only_here, only_there = _lack(one.topics, other.words), _lack(other.topics, one.words)
    if only_here and only_there:
        return OTHER_WORDS
    return MORE_WORDS if only_here or only_there else SAME_WORDS


def _lack(topics: Iterable[str], words: frozenset[str]) -> list[str]:
    """The topics that are not among the words in any form."""
    return [topic for topic in topics if topic not in words and not any(_is_form(topic, w) for w in words)]


def _is_form(one: str, other: str) -> bool:
    """Whether two words may be forms of one, as "factory" and "factories" are."""
    stem = max(_SHORTEST_STEM, min(len(one), len(other)) - _ENDING)
    return min(len(one), len(other)) >= _SHORTEST_STEM and one[:stem] == other[:stem]


def _read_role(question: Question, kind: str) -> frozenset[str]:
    return frozenset(chip.id.partition(":")[2] for chip in question.chips if chip.kind == kind)


def _list_people(question: Question) -> Iterable[tuple[str, ...]]:
    return (person.words for person in question.people)


def _name_material(kind: Kind) -> Iterable[str]:
    return (word for name in ENGLISH_NAMES[kind] for word in split_words(name))


def _is_number(word: str) -> bool:
    return any(char.isdigit() for char in word)


def _is_no_date(number: str) -> bool:
    """Whether a number cannot be a day or a year, or part of how a date is written."""
    return not re.fullmatch(r"[0-3]?\d|\d{4}s?|\d{2}(?:th)?s?", number)


def _fold_number(word: str) -> str:
    found = _ORDINAL.fullmatch(word)
    return found[1] if found else word
