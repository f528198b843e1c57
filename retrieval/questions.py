"""What a question says before any model reads it: its content words, names, years, boxes and call numbers.

Rules only. Nothing here is a filter: each reading becomes a boost in the search, so that a wrong
reading costs some order and never hides a record.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from retrieval.chips import Chip
from retrieval.dates import FIRST_YEAR, LAST_YEAR, Years, parse_years
from retrieval.months import Months, months_of
from retrieval.records import Kind
from retrieval.spans import Span, of_years
from retrieval.vocabulary import Vocabulary
from retrieval.words import CONTAINER
from retrieval.words import fold_identifier as fold_identifier
from retrieval.words import fold_letters as fold_letters
from retrieval.words import read_containers as read_containers
from retrieval.words import split_words as split_words

_STOP_WORDS = frozenset(
    """
    a about above after all also am an and any anything are as at be because been before being between
    both but by can could d did do does doing don during each ever find for from get give good got had
    has have having he hello her here hers hey hi him his hold holding holdings how i id if im in inside
    into is it its ive just kept know like ll look looking m many may me might mine more most much must
    my need no not of off on once one only or other our out over own please re regarding s see shall she
    should show since so some somebody someone something stuff such t tell than thank thanks that the
    their them then there these they thing things this those through to under until up ve very want was
    we were what whats when where wheres whether which while who whom whos whose why will with within would
    you your yours
    """.split()
)
_GENERIC = frozenset(
    """
    archive archives box boxes collection collections correspondence document documents file files
    folder folders held item items letter letters library manuscript manuscripts material materials
    paper papers record records series write writing written wrote year years
    """.split()
)
_MONTHS = frozenset(
    """
    apr april aug august dec december feb february friday jan january jul july jun june mar march may
    monday nov november oct october saturday sep sept september sunday thursday tuesday wednesday
    """.split()
)
_MORE_WORDS = {
    "letter": ("correspondence",), "letters": ("correspondence",), "correspondence": ("letters",),
    "wrote": ("letter",), "write": ("letter",), "written": ("letter",),
    "photo": ("photograph",), "photos": ("photographs",), "picture": ("photograph",),
    "pictures": ("photographs",), "programme": ("program",), "program": ("programme",),
    "diary": ("journal",), "diaries": ("journals",), "email": ("e-mail",), "emails": ("e-mail",),
}  # fmt: skip

_NAME_RUN = re.compile(
    r"(?:[A-ZÀ-Þ][\w'’-]*\.?)(?:\s+(?:(?:de|du|da|di|van|von|der|den|la|le|of the)\s+)?[A-ZÀ-Þ][\w'’-]*\.?)*"
)
_POSSESSIVE = re.compile(r"['’]s?(?=\s|$)")
_QUOTED = re.compile(r"[\"“]([^\"”]{3,})[\"”]")
_IDENTIFIER = re.compile(
    r"(?<![\w/.-])(?=[\w/.-]*\d)[A-Za-z0-9]+(?:[/.-][A-Za-z0-9]+)+|\b[A-Za-z]{1,5}\d{2,}\b"
)
_SPACED_IDENTIFIER = re.compile(r"\b([A-Za-z]{1,6})\.?\s+(\d{2,})\b")
_PLAIN = re.compile(r"\d(?:st|nd|rd|th)\b|^(?:pre|post|mid|late|early)-", re.IGNORECASE)
_BEFORE = re.compile(
    r"\b(?:before|prior to|until|till|up to|earlier than|no later than|pre)[\s-]+"
    r"(?:the\s+)?(?:year\s+)?(?=\d|early|mid|late)",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\b(?:after|since|later than|from)\s+(?:the\s+)?(?:year\s+)?(\d{4}s?)\s*(?:on|onwards?|and later)?\b",
    re.IGNORECASE,
)
_ONWARD = re.compile(r"\b\d{4}\s+(?:on|onwards?|and later|or later)\b", re.IGNORECASE)
_CIRCA = re.compile(r"\b(?:circa|ca\.?|c\.|around|about|roughly)\s*(\d{4})\b(?!\s*[-–])", re.IGNORECASE)
_SPAN = re.compile(r"\b(\d{4})s?\s*(?:to|through|till|until|and|or|[-–—])\s*(\d{4})s?\b", re.IGNORECASE)
_CIRCA_REACH = 5

_WHOLE = re.compile(
    r"\bhow (?:large|big|many|much|extensive)\b|\bextent\b|\bwho (?:was|were|is|are)\b|\bborn\b|\bdied\b"
    r"|\bbiograph|\bhistory of\b|\bwhich collections?\b|\bwh(?:at|ich) regiment\b"
    r"|\bwhat (?:is|are) .*\b(?:collection|papers|records|fonds)\b.*\babout\b"
    r"|\b(?:when|where|how|what year)\s+(?:did|was|were)\b.*"
    r"\b(?:die|marry|married|live|grow up|buried|study|serve|move|come from|founded|established)\b",
    re.IGNORECASE,
)
_BROAD = re.compile(
    r"\b(?:can i|may i|are|is)\b.*\b(?:open|closed|restricted|available|accessible|listen|read|use|copy)\b"
    r"|\bwhat do you have (?:on|about)\b|\bgot anything\b|\baccount of\b"
    r"|\b(?:information|sources?|material|stuff|anything) (?:on|about|from)\b",
    re.IGNORECASE,
)


_NO_PREFIX = _STOP_WORDS | _MONTHS | frozenset("box boxes folder reel vol item unit circa page year".split())


Role = Literal["any", "sender", "recipient"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody asked for: `words` folded, in direct order, initials kept; `label` as a patron reads it."""

    words: tuple[str, ...]
    role: Role
    label: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question as read by rules.

    `words` are content words, lower case, with repeats; `added` their trade synonyms; `names` runs of
    capitalised words, each a tuple of lower-case words; `years` inclusive, and `months` the same as
    far as it says; `containers` as `read_containers` gives them; `identifiers` as `fold_identifier`
    does; `breadth` from 0 to 1, how much it asks about a whole collection.

    `span` is the days asked for, open ends bounded. `collections` are ids of collections recognised by
    title or call number, `call_numbers` folded, `record_ids` the records that an exact identifier names.
    `wants_all` asks for every match and not the best one, `wants_count` for their number.
    `corrections` pairs a word as asked with the word of the vocabulary that it seems to stand for.
    """

    text: str
    words: tuple[str, ...]
    added: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    quoted: tuple[str, ...]
    years: Years | None
    months: Months | None
    containers: tuple[str, ...]
    identifiers: tuple[str, ...]
    breadth: float
    span: Span | None = None
    people: tuple[Person, ...] = ()
    materials: tuple[Kind, ...] = ()
    places: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    call_numbers: tuple[str, ...] = ()
    record_ids: tuple[str, ...] = ()
    wants_all: bool = False
    wants_count: bool = False
    corrections: tuple[tuple[str, str], ...] = ()
    chips: tuple[Chip, ...] = ()

    @property
    def is_specific(self) -> bool:
        """Whether it asks for something by name: then words weigh more than meaning.

        A name alone does not make a question about a whole subject specific ("wheat in Latin America").
        """
        named = bool(self.names) and not self.breadth
        return bool(named or self.quoted or self.years or self.containers or self.identifiers)

    @property
    def topic_words(self) -> frozenset[str]:
        """Content words that tell one record from another: not `letter`, `box` or a month."""
        return frozenset(word for word in self.words if word not in _GENERIC and word not in _MONTHS)


def read_question(
    text: str, vocabulary: Vocabulary | None = None, *, without: Collection[str] = ()
) -> Question:
    """Read a question by rules and by what the index knows; never fails, whatever the text.

    A reading whose chip's id is in `without` is not made; its words stay to be searched for.
    """
    years = read_years(text)
    words = tuple(word for word in split_words(text) if word not in _STOP_WORDS)
    added = tuple(
        more for word in dict.fromkeys(words) for more in _MORE_WORDS.get(word, ()) if more not in words
    )
    return Question(
        text=text,
        words=words,
        added=added,
        names=_read_names(text),
        quoted=tuple(found.strip() for found in _QUOTED.findall(text)),
        years=years,
        months=months_of(years, text) if years else None,
        containers=read_containers(text),
        identifiers=_read_identifiers(text),
        breadth=1.0 if _WHOLE.search(text) else 0.5 if _BROAD.search(text) else 0.0,
        span=next(iter(of_years(years)), None),
    )


def read_years(text: str) -> Years | None:
    """First and last year a question asks about, open ends bounded; None when it names no year."""
    circa = _CIRCA.search(text)
    if circa:
        return _clamp(int(circa[1]) - _CIRCA_REACH, int(circa[1]) + _CIRCA_REACH)
    between = _SPAN.search(text)
    if between and int(between[1]) <= int(between[2]):
        return _clamp(int(between[1]), (parse_years(between[0].split()[-1]) or (0, int(between[2])))[1])
    before = _BEFORE.search(text)
    if before and (found := _parse_plausible(text[before.end() :])):
        return _clamp(
            FIRST_YEAR, found[0] - (0 if "until" in before[0].lower() or "to" in before[0].lower() else 1)
        )
    after = _AFTER.search(text)
    if after and not (after[0].lower().startswith("from") and not _ONWARD.search(text)):
        found = _parse_plausible(after[1])
        if found:
            return _clamp(found[1] + (1 if after[0].lower().startswith(("after", "later")) else 0), LAST_YEAR)
    return _parse_plausible(text)


def _parse_plausible(text: str) -> Years | None:
    without_numbers = CONTAINER.sub(" ", text)
    found = parse_years(
        _IDENTIFIER.sub(lambda match: match[0] if _is_dates(match[0]) else " ", without_numbers)
    )
    return _clamp(*found) if found else None


def _is_dates(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}(?:[-/]\d{1,4})*|\d{4}s", text))


def _clamp(first: int, last: int) -> Years:
    return max(first, FIRST_YEAR), min(max(first, last), LAST_YEAR)


def _read_names(text: str) -> tuple[tuple[str, ...], ...]:
    names = []
    text = _POSSESSIVE.sub(",", text)  # "Murray's Autumn Fire" is two names
    for found in _NAME_RUN.finditer(text):
        words = [word for word in split_words(found[0]) if word not in _MONTHS]
        while words and words[0] in _STOP_WORDS:
            words.pop(0)
        starts_sentence = (
            not text[: found.start()].rstrip(" \"“'(") or text[: found.start()].rstrip()[-1] in ".?!:"
        )
        known = [word for word in words if word not in _GENERIC and word not in _STOP_WORDS and len(word) > 1]
        if known and not (starts_sentence and len(known) == 1 and len(found[0].split()) == 1):
            names.append(tuple(known))
    return tuple(dict.fromkeys(names))


def _read_identifiers(text: str) -> tuple[str, ...]:
    found = [
        match for match in _IDENTIFIER.findall(text) if not _is_dates(match) and not _PLAIN.search(match)
    ]
    found += [
        f"{letters}{digits}"
        for letters, digits in _SPACED_IDENTIFIER.findall(text)
        if letters.isupper() or not (letters.lower() in _NO_PREFIX or _is_dates(digits))
    ]
    return tuple(dict.fromkeys(fold_identifier(match) for match in found))
