"""How well a record's own names fit somebody who was asked for.

The index finds words; here they are held against the names as they stand: "Rush, Benjamin" is not
James Rush, "W. H. Adams" may be William Henry, and a title that gives only a surname speaks against
nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from retrieval.asked.nicknames import list_called
from retrieval.asked.questions import Person, split_words
from retrieval.ranking.criteria import ABOVE, OWN, ROLE, TOLD, WRONG_ROLE
from retrieval.records import Record

CONFLICT = 0.1
"""A name with the same surname and another forename."""
INITIAL, MISSING, SECOND_MISSING = 0.9, 0.3, 0.7
"""Worth of a forename that is only an initial, of a first one that is not given, and of a second one that
is not, beside 1 for one in full."""
ONE_END = 0.91
"""Worth of a role where nobody has the other one: surer than none, less sure than who wrote to whom."""
CALLED = 0.9
"""Worth of what its bearers are called: Bob for Robert."""
ENOUGH = 0.3
"""Fit from which on a record counts as this person's."""
_SURNAME = 0.5
"""Share of the surname in the fit of a whole name."""
_SUFFIXES = frozenset(
    "jr sr junior senior mr mrs miss dr rev esq sir lady gen general col capt ii iii".split()
)
_NEAR = 4
_SHORT = 200
_WINDOW = 3
_DATES = re.compile(r"[,(]?\s*(?:b\.|d\.|ca?\.|active|fl\.)?\s*\d{3,4}.*$")


def judge_person(person: Person, record: Record) -> float:
    """0 where the record says nothing of the person, up to 1 for the role asked for; see `criteria`."""
    senders, recipients = (_best(person.words, names) for names in (record.senders, record.recipients))
    asked, other = (recipients, senders) if person.role == "recipient" else (senders, recipients)
    if person.role == "any":
        asked, other = max(asked, other), 0.0
    if asked > CONFLICT:
        return (ROLE if record.senders and record.recipients else ONE_END) * asked
    stated = {"sender": record.senders, "recipient": record.recipients, "any": ()}[person.role]
    if other > CONFLICT or stated:  # in the other role, or somebody else is said to have this one
        return WRONG_ROLE * max(other, _told(person, record))
    own = max(
        _best(person.words, record.names), fit_run(person.words, record.heading), _best_run(person, record)
    )
    above = max(
        _best(person.words, [record.creator]),
        *(fit_run(person.words, title) for title in record.breadcrumb[-3:]),
        fit_run(person.words, record.collection),
        0.0,
    )
    found = max(OWN * own, ABOVE * above)
    if found > CONFLICT:
        return found
    return max(found, TOLD * _told(person, record))


def fit_name(asked: Sequence[str], name: str) -> float:
    """How well a name as written, inverted or not, fits the words of an asked one; 0 to 1."""
    if not _may_have(asked, name):
        return 0.0
    plain = _DATES.sub("", name)
    surname, comma, rest = plain.partition(",")
    surnames, forenames = split_words(surname), split_words(rest)
    if not comma or not set(forenames) - _SUFFIXES:
        words = [word for word in surnames if word not in _SUFFIXES]
        surnames, forenames = words[-1:], words[:-1]
    if not any(is_near(asked[-1], word) for word in surnames):
        return 0.0
    return _weigh([_fit_forenames(asked[:-1], [word for word in forenames if word not in _SUFFIXES])])


def _told(person: Person, record: Record) -> float:
    in_text = person.words[-1] in record.text.lower()
    return max(fit_run(person.words, record.heading), fit_run(person.words, record.text) if in_text else 0.0)


def fit_run(asked: Sequence[str], text: str) -> float:
    """The same for a name in running text: the forenames stand near the surname, or are not given."""
    if not _may_have(asked, text):
        return 0.0
    return _fit_short(tuple(asked), text) if len(text) < _SHORT else _fit_words(asked, text)


def _fit_words(asked: Sequence[str], text: str) -> float:
    words = split_words(text)
    fits = []
    for place, word in enumerate(words):
        if is_near(asked[-1], word):
            around = [*words[max(0, place - _WINDOW) : place], *words[place + 1 : place + 1 + _WINDOW]]
            fits.append(_fit_around(asked[:-1], around))
    if fits and max(fits) == MISSING and asked[:-1] and _names_another(asked, text):
        return CONFLICT
    return _weigh(fits) if fits else 0.0


@lru_cache(maxsize=4096)
def _fit_short(asked: tuple[str, ...], text: str) -> float:
    """Titles above a record come again with the next one."""
    return _fit_words(asked, text)


def is_near(one: str, other: str) -> bool:
    """Equal, or one letter changed, added, left out, or two swapped, in words of five letters or more."""
    if one == other:
        return True
    if len(one) <= _NEAR or abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    head = next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    a, b = one[head:], other[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _may_have(asked: Sequence[str], text: str) -> bool:
    """A quick look for the first letters of the surname, before a text is taken apart."""
    return not text.isascii() or "[" in text or asked[-1][:3] in text.lower()


def _best(asked: Sequence[str], names: Iterable[str]) -> float:
    return max((fit_name(asked, name) for name in names if name), default=0.0)


def _best_run(person: Person, record: Record) -> float:
    """Forenames in a title and the surname in the one above it: "Mary" under "Raoul family letters"."""
    heading = set(split_words(record.heading))
    forenames = [word for word in person.words[:-1] if len(word) > 1]
    if not forenames or not all(word in heading for word in forenames) or not record.breadcrumb:
        return 0.0
    above = set(split_words(" ".join([*record.breadcrumb, record.creator])))
    return 0.8 if person.words[-1] in above else 0.0


def _fit_forenames(asked: Sequence[str], given: Sequence[str]) -> float:
    """Of forenames in their order; the first one that speaks against the person decides."""
    if not asked:
        return 1.0
    if not given:
        return MISSING
    fits = []
    for place, word in enumerate(asked):
        found = max((_fit_word(word, other) for other in given), default=0.0)
        if not found and place == 0 and len(word) > 1:
            return -1.0
        fits.append(found or (SECOND_MISSING if place else MISSING))
    return sum(fits) / len(fits)


def _fit_around(asked: Sequence[str], around: Sequence[str]) -> float:
    if not asked:
        return 1.0
    fits = [max((_fit_word(word, other) for other in around), default=0.0) for word in asked]
    return sum(fit or SECOND_MISSING for fit in fits) / len(fits) if any(fits) else MISSING


def _fit_word(asked: str, given: str) -> float:
    if asked == given or (len(asked) > _NEAR and is_near(asked, given)):
        return 1.0
    short, long = sorted((asked, given), key=len)
    if long.startswith(short) and (len(short) == 1 or (len(short) > 2 and len(long) - len(short) <= 4)):
        return INITIAL
    return CALLED if given in list_called(asked) else 0.0


def _names_another(asked: Sequence[str], text: str) -> bool:
    """Whether the surname stands there inverted or direct with a forename, none of which was asked for."""
    surname = re.escape(asked[-1])
    inverted = re.search(rf"\b{surname},\s+([A-Z][a-z]+)", text, re.IGNORECASE)
    direct = re.search(rf"(?:^|[^.]\s|^)([A-Z][a-z]+|[A-Z]\.)\s+(?i:{surname})\b", text)
    for found in (inverted, direct):
        if (
            found
            and found[1][0].isupper()
            and not any(_fit_word(word, found[1].lower().rstrip(".")) for word in asked[:-1])
        ):
            return True
    return False


def _weigh(fits: Sequence[float]) -> float:
    best = max(fits)
    return CONFLICT if best < 0 else _SURNAME + (1 - _SURNAME) * best
