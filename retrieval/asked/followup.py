"""A follow-up made whole from the conversation, so that it can be searched for by itself.

"And from her sister?" says nothing to an index. What the question before asked for is carried along,
less what the new one states itself: a new year takes the place of the year, a new person that of the
person, and "later" and "earlier" move the date. This is a rule of thumb, not understanding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from retrieval.asked.followup_dates import move_date
from retrieval.asked.labels import list_named
from retrieval.asked.materials import LABELS, is_material
from retrieval.asked.person_names import FoundPerson
from retrieval.asked.readings import Readings, read_all
from retrieval.asked.roles import Role, read_role
from retrieval.asked.tokens import starts_sentence
from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import CHAT, FOREIGN_SMALL, STOP_WORDS

_OPENING = re.compile(
    r"^\W*(?:and|but|or|also|what about|how about|same|any (?:more|others?|later|earlier|of)|et|und|oder"
    r"|y|e|only|just|not|rather|instead|more like)\b(?!-)|\binstead\W*$",
    re.IGNORECASE,
)
_OTHER_COLLECTIONS = re.compile(
    r"^\W*any (?:more|others?)\b.*\b(?:collections?|papers|records|archives)\b", re.IGNORECASE
)
_SCRAP = re.compile(
    r"^\W*(?:from|to|by|in|of|about|with|before|after|between|during|on|for)\b", re.IGNORECASE
)
_PERSONAL = re.compile(r"\b(?:he|him|his|she|her|hers|they|them|their|theirs)\b", re.IGNORECASE)
_POINTING = re.compile(
    r"\b(?:it|its|that|this|those|these|the same|another|others?|later|earlier|ones?|the (?:next"
    r"|following|previous|latter|former)|the (?:year|month) (?:before|after)"
    r"|the (?:first|second|third|fourth|last)(?: (?:one|item|letter|folder|box|photo|photograph|record|result"
    r"|collection|diary))?(?=\W*$))\b(?!-)",
    re.IGNORECASE,
)
_THING = re.compile(r"\b(?:it|its|that|this|those|these|them|one|ones)\b", re.IGNORECASE)
_KIN = re.compile(
    r"\b(?:his|her|their)\s+(?:\w+\s+)?(?:sisters?|brothers?|mother|father|wife|husband|sons?|daughters?"
    r"|children"
    r"|parents|aunt|uncle|cousins?|friends?|family|widow|fianc[ée]e?|secretary)\b",
    re.IGNORECASE,
)
_PRONOUN_ROLE = re.compile(r"\b(from|by|to)\s+(?:him|her|them)\b(?!\s+\w)", re.IGNORECASE)
_OWN_PLURAL = re.compile(r"^\W*(?:which|what|are there any|list all)\s+\w+.*\btheir\b", re.IGNORECASE)
_REPLIES = re.compile(r"\b(?:repl(?:y|ies)|answers?|responses?)\b", re.IGNORECASE)
_SPLIT = re.compile(r"\d+\w*$")
_SHORT = 3
_SCRAP_LENGTH = 6
_TALK = (
    STOP_WORDS
    | CHAT
    | FOREIGN_SMALL
    | frozenset(
        """
        written wrote write letter letters box folder year later earlier transcript transcripts transcription
        translation translations copy copies copied scan scans scanned digitized digitised photocopy
        photocopies image images open closed restricted restriction restrictions access permission permissions
        date dated dates language author first second third fourth big large long old extent size pages
        replies reply answer answers response responses order request requests collection collections
        """.split()
    )
)


@dataclass(frozen=True, slots=True)
class Completed:
    """A question to search for, and what was carried into it from before ("" for one that stands alone)."""

    text: str
    carried: str


def complete_question(
    question: str, earlier: Sequence[str], vocabulary: Vocabulary | None = None, cited: Sequence[str] = ()
) -> str:
    """The text to search for: `question`, led by what the `earlier` ones asked for if it leans on them."""
    return complete(question, earlier, vocabulary, cited).text


def complete(
    question: str, earlier: Sequence[str], vocabulary: Vocabulary | None = None, cited: Sequence[str] = ()
) -> Completed:
    """As `complete_question`, with what was carried told apart.

    `earlier` are the reader's own questions, oldest first; `cited` titles of the sources of the last
    answer, best first: they say what "it" is.
    """
    before = ""
    for past in earlier:
        before = _join(past, before, vocabulary, ()).text
    return _join(question, before, vocabulary, cited)


def _join(question: str, before: str, vocabulary: Vocabulary | None, cited: Sequence[str]) -> Completed:
    if not before.strip():
        return Completed(question, "")
    new = read_all(question, vocabulary, ())
    if not _leans(question, new):
        return Completed(question, "")
    carried = _carry(question, new, read_all(before, vocabulary, ()), cited)
    return Completed(f"{carried}. {question}" if carried else question, carried)


def _leans(question: str, new: Readings) -> bool:
    """Whether a question needs the one before: by its opening, its pronouns, or for being a mere scrap."""
    if _OPENING.search(question):
        return not (_OTHER_COLLECTIONS.search(question) and _topic_of(new))
    pronoun = _PERSONAL.search(question)
    if pronoun and not _OWN_PLURAL.search(question):
        return not _names_somebody(question[: pronoun.start()], new)
    if new.people or new.named or new.call_numbers:
        return len(new.tokens) <= _SHORT and not new.materials and not new.call_numbers
    topic = _topic_of(new)
    if not topic and (new.containers or not new.chips):
        return True  # "How many are there?", "What is in folder 3?"
    if len(new.tokens) <= (_SCRAP_LENGTH if _SCRAP.search(question) and not topic else _SHORT):
        return True
    pointer = _POINTING.search(question)
    return pointer is not None and not _is_own(question[: pointer.start()], pointer[0], new)


def _names_somebody(before: str, new: Readings) -> bool:
    """Whether a person, a collection or some name stands before a pronoun, which then means that."""
    named = [*(one.start for one in new.people), *(one.start for one in new.named)]
    if any(new.tokens[start].start < len(before) for start in named):
        return True
    return any(
        token.capital
        and token.start < len(before)
        and token.word not in _TALK
        and not starts_sentence(new.tokens, at)
        for at, token in enumerate(new.tokens)
    )


def _is_own(before: str, pointer: str, new: Readings) -> bool:
    """Whether a pointing word means its own question: "the mill ... about that", "letters that mention"."""
    earlier = [token for token in new.tokens if token.end <= len(before)]
    if pointer.lower() == "that" and earlier and is_material(earlier[-1].word):
        return True
    topic = [token for token in new.unread if token.end <= len(before) and token.word not in _TALK]
    return any(not token.is_number for token in topic)


def _carry(question: str, new: Readings, old: Readings, cited: Sequence[str]) -> str:
    """What the question before asked for and the new one does not, as words that are read again the same."""
    parts = [] if new.materials else [LABELS[kind] for kind in old.materials]
    parts += _carry_people(question, new, old)
    dated = move_date(question, old.date.span) if old.date and not new.date else ""
    if dated:
        parts.append(dated)
    elif old.date and not new.date:
        parts.append(old.date.label if old.date.label[:1].isalpha() else f"in {old.date.label}")
    parts += [f"in {one.label}" for one in old.places if not new.places]
    if not (new.named or new.call_numbers):
        parts += [f"in the {known.title}" for known in list_named(old.named)]
        parts += [one.label for one in old.call_numbers]
        parts += _write_containers(old, new)
    parts += _carry_topic(question, new, old)
    if cited and _THING.search(question):
        parts.append(cited[0])
    return ", ".join(parts)


def _carry_people(question: str, new: Readings, old: Readings) -> list[str]:
    """The people asked about before, in the parts they then had, or have now by a pronoun."""
    if not old.people:
        return []
    first = old.people[0]
    role = _PRONOUN_ROLE.search(question)
    if _REPLIES.search(question) and not new.people:
        return [_say_person(replace(one, role=_OTHER_ROLE[one.role])) for one in old.people]
    if _KIN.search(question):
        return [f"of {first.name}"]
    if role:
        return [f"{'to' if role[1].lower() == 'to' else 'from'} {first.name}"]
    roles = {read_role(new.tokens, one.start, one.end, letters=True) for one in new.people}
    if not roles:
        return [_say_person(one) for one in old.people]
    return [
        _say_person(one) for one in old.people if "any" not in {*roles, one.role} and one.role not in roles
    ]


_OTHER_ROLE: dict[Role, Role] = {"sender": "recipient", "recipient": "sender", "any": "any"}


def _say_person(one: FoundPerson) -> str:
    return {"sender": "from ", "recipient": "to ", "any": ""}[one.role] + one.name


def _write_containers(old: Readings, new: Readings) -> list[str]:
    """The boxes and folders before, but those of a kind that the new question names itself."""
    kinds = {_SPLIT.sub("", key) for key in new.containers}
    kept = [key for key in old.containers if _SPLIT.sub("", key) not in kinds]
    return [f"{_SPLIT.sub('', key)} {key[len(_SPLIT.sub('', key)) :]}" for key in kept]


def _carry_topic(question: str, new: Readings, old: Readings) -> list[str]:
    """The subject before, in its own words, unless the new question has one and points at nothing."""
    if _topic_of(new) and not _THING.search(question):
        return []
    stated = {token.word for token in new.tokens}
    return [word for word in _topic_of(old) if word not in stated]


def _topic_of(read: Readings) -> list[str]:
    """Words that no reading accounts for."""
    return [token.text for token in read.unread if token.word not in _TALK and not token.is_number]
