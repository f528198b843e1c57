"""What a question says before any model reads it: words, people, dates, material, places, collections.

Rules and the index's own vocabulary only. A reading can be wrong: it is shown to the patron, who can take
it away, and a search that finds nothing with it goes on without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from retrieval.asked.chips import Chip
from retrieval.asked.identifiers import read_identifiers
from retrieval.asked.materials import ENGLISH_NAMES
from retrieval.asked.not_dates import fold_chars
from retrieval.asked.person_names import OWN_NAME, Person
from retrieval.asked.readings import Readings, read_all
from retrieval.asked.tokens import Token
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.wants import read_breadth, read_wants
from retrieval.asked.words import FOREIGN_SMALL, GENERIC, MONTHS, MORE_WORDS, STOP_WORDS
from retrieval.dates import Years
from retrieval.records import Kind
from retrieval.spans import Span
from retrieval.words import fold_identifier, fold_letters, read_containers, split_words

__all__ = [
    "Person",
    "Question",
    "fold_identifier",
    "fold_letters",
    "read_containers",
    "read_question",
    "read_years",
    "split_words",
]

_NAME_RUN = re.compile(
    r"(?:[A-ZÀ-Þ][\w'’-]*\.?)(?:\s+(?:(?:de|du|da|di|van|von|der|den|la|le|of the)\s+)?[A-ZÀ-Þ][\w'’-]*\.?)*"
)
_POSSESSIVE = re.compile(r"['’]s?(?=\s|$)")
_SHORTEST_NAME = 3
_QUOTED = re.compile(r"[\"“]([^\"”]{3,})[\"”]")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as read by rules.

    `words` are content words, lower case, with repeats, and what unknown ones were corrected to; `added`
    trade synonyms and names as scanners damage them; `names` runs of capitalised words, each a tuple of
    lower-case words; `years` inclusive; `containers` as `read_containers` gives them; `identifiers` as
    `fold_identifier` does; `breadth` from 0 to 1, how much it asks about a whole collection.

    `span` is the days asked for, open ends bounded; it is "uncertain" where it is only the time of a war
    or the like, and `years` are then None. `people` are those asked for, `materials` kinds of material,
    `places` folded. `collections` are ids of collections recognised by title or call number,
    `call_numbers` folded, `record_ids` the records that an exact identifier, or box and folder, name.
    `wants_all` asks for every match and not the best one, `wants_count` for their number.
    `corrections` pairs a word as asked with the word of the vocabulary that it seems to stand for.
    `unread` are the content words that are no part of any reading, as they are to be searched for.
    `chips` are the readings as a patron sees them: people, date, material, places, collections, call
    numbers, containers.
    """

    text: str
    words: tuple[str, ...]
    added: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]
    quoted: tuple[str, ...]
    years: Years | None
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
    unread: tuple[str, ...] = ()
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
        return frozenset(word for word in self.words if word not in GENERIC and word not in MONTHS)


def read_question(
    text: str, vocabulary: Vocabulary | None = None, *, without: Collection[str] = ()
) -> Question:
    """Read a question by rules and by what the index knows; never fails, whatever the text.

    A reading whose chip's id is in `without` is not made; its words stay to be searched for.
    """
    read = read_all(text, vocabulary, without)
    dated = read.date
    years = (int(dated.span.first[:4]), int(dated.span.last[:4])) if dated and not dated.of_event else None
    words = _content_words(read.tokens)
    words += tuple(known for _, known in read.corrections if known not in words)
    wants_all, wants_count = read_wants(fold_chars(text), read.unnamed)
    return Question(
        text=text,
        words=words,
        added=_add_words(words, read, vocabulary),
        names=_list_names(text, read),
        quoted=tuple(found.strip() for found in _QUOTED.findall(text)),
        years=years,
        containers=read.containers,
        identifiers=tuple(key for key in read_identifiers(text) if f"call_number:{key}" not in without),
        breadth=read_breadth(text),
        span=dated.span if dated else None,
        people=tuple(one.person for one in read.people),
        materials=read.materials,
        places=tuple(one.words for one in read.places),
        collections=read.collection_ids,
        call_numbers=tuple(one.key for one in read.call_numbers),
        record_ids=read.find_records(vocabulary),
        wants_all=wants_all,
        wants_count=wants_count,
        corrections=read.corrections,
        unread=_correct(_content_words(read.unread), dict(read.corrections)),
        chips=read.chips,
    )


def read_years(text: str) -> Years | None:
    """First and last year a question asks about, open ends bounded; None when it names no year."""
    return read_question(text).years


def _content_words(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Words without small ones: the English ones, and others' where a question is in another language."""
    words = [token.word for token in tokens if token.word not in STOP_WORDS]
    foreign = sum(token.word in FOREIGN_SMALL and token.word not in STOP_WORDS for token in tokens)
    if foreign >= 2 and foreign > sum(token.word in STOP_WORDS - FOREIGN_SMALL for token in tokens):
        words = [word for word in words if word not in FOREIGN_SMALL]
    return tuple(words)


def _correct(words: Sequence[str], right: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(right.get(word, word) for word in words)


def _add_words(words: Sequence[str], read: Readings, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Words of the trade for the patron's, English ones for foreign ones, names as scanners damage them."""
    added = [more for word in dict.fromkeys(words) for more in MORE_WORDS.get(word, ())]
    for kind in read.materials:
        if not set(ENGLISH_NAMES[kind]) & set(words):
            added += ENGLISH_NAMES[kind][:2]
    if vocabulary:
        for word in dict.fromkeys(word for one in read.people for word in one.words):
            added += vocabulary.find_scanned(word)
    return tuple(more for more in dict.fromkeys(added) if more not in words)


def _list_names(text: str, read: Readings) -> tuple[tuple[str, ...], ...]:
    """Capitalised runs, and people known by other means or spelled otherwise; not those taken away."""
    known = [tuple(word for word in one.words if len(word) > 1) for one in read.people if len(one.words) > 1]
    return tuple(
        name for name in dict.fromkeys([*_read_names(text), *known]) if name and name not in read.dropped
    )


def _read_names(text: str) -> tuple[tuple[str, ...], ...]:
    names = []
    text = _POSSESSIVE.sub(",", text)  # "Murray's Autumn Fire" is two names
    for found in _NAME_RUN.finditer(text):
        if OWN_NAME.search(text[: found.start()].rstrip().lower().replace("’", "'")):
            continue
        words = [word for word in split_words(found[0]) if word not in MONTHS]
        while words and words[0] in STOP_WORDS:
            words.pop(0)
        before = text[: found.start()].rstrip(" \"“'(")
        starts_sentence = not before or text[: found.start()].rstrip()[-1] in ".?!:"
        known = [word for word in words if word not in GENERIC and word not in STOP_WORDS and len(word) > 1]
        if len(known) == 1 and len(known[0]) < _SHORTEST_NAME:
            continue
        if known and not (starts_sentence and len(known) == 1 and len(found[0].split()) == 1):
            names.append(tuple(known))
    return tuple(dict.fromkeys(names))
