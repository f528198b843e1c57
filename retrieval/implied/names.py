"""Names of people in the one form they are compared by, and whether an asked name could be a written one.

A heading turns a name round and adds dates ("Browning, Dorothy, 1901-1988"), an editor puts brackets
into it ("W[illia]m H[oward] Taft"), a letter has initials or a title ("Mrs. J. Smith"). What is
compared has none of that. Two names could be the same person's unless something written in both
tells them apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from retrieval.implied.name_words import (
    CORPORATE,
    MEN,
    PARTICLES,
    SHORT_FORMS,
    SUFFIXES,
    TITLES,
    WOMEN_TITLES,
)

_LIFE = re.compile(
    r"[,;]?\s*\(?\b(?:b\.|d\.|born|died|fl\.|active|approximately|approx\.|ca?\.|circa)?\s*"
    r"\d{3,4}\??(?:\s*[-–]\s*(?:ca?\.\s*|approximately\s*)?(?:\d{2,4}\??)?)?(?:\s+century)?\)?(?=$|[,.;)\s])",
    re.IGNORECASE,
)
_RELATOR = re.compile(
    r",\s*(?:creator|author|correspondent|addressee|former owner|collector|photographer|interviewee|"
    r"interviewer|donor|compiler|editor|sender|recipient)\.?$",
    re.IGNORECASE,
)
_FULLER = re.compile(r"\(([^()]*[^\W\d_]{2,}[^()]*)\)")
_BRACKETS = re.compile(r"[\[\]<>?\"“”]")
_NICKNAME = re.compile(r"[\"“]([^\"”]{2,20})[\"”]")
_MAIDEN = re.compile(r"\b(?:n[ée]e|geb\.|born)\s+([A-ZÀ-Þ][\w'’-]+)")
_INITIALS = re.compile(r"(?<=\b\w)\.(?=\w)")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*\.?")


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: lower case, no accents, short forms written out ("wm" is "william").

    `given` are first and middle names or their initials, in order; `surname` one word or more, particles
    left out; `title` and `suffix` "" where there is none. A body's name is all in `surname`, with
    `is_body` set.
    """

    given: tuple[str, ...]
    surname: tuple[str, ...]
    title: str = ""
    suffix: str = ""
    is_body: bool = False


def fold_name(name: str) -> str:
    """A name in direct order as it is compared: "Browning, Dorothy, 1901-1988" → "dorothy browning"."""
    found = read_name(name)
    title = [found.title] if _is_of_husband(found) else []
    return " ".join([*title, *found.given, *found.surname, *([found.suffix] if found.suffix else [])])


@lru_cache(maxsize=65536)
def read_name(name: str) -> Name:
    """Take a name apart. Never fails; what has no words gives a name without any."""
    plain = _strip(name)
    if is_body(plain):
        return Name((), tuple(_words(plain)), is_body=True)
    parts = [part.strip() for part in plain.split(",") if part.strip()]
    suffix, title = "", ""
    kept: list[list[str]] = []
    for part in parts:
        words = _words(part)
        suffix = suffix or next((SUFFIXES[word] for word in words[-1:] if word in SUFFIXES), "")
        while words and words[-1] in SUFFIXES and (kept or len(words) > 1):
            words.pop()
        while words and words[0] in TITLES and (kept or len(words) > 1 or len(parts) > 1):
            first = words.pop(0)
            title = title or first
        if words and words[0] in SUFFIXES and len(words) == 1 and kept:
            continue
        if words:
            kept.append(words)
    return _arrange(kept, title, suffix)


def _arrange(parts: list[list[str]], title: str, suffix: str) -> Name:
    """Surname first where a comma follows it, else last; a description behind a second comma is left out."""
    if not parts:
        return Name((), (), title, suffix)
    if len(parts) > 1:
        given = [word for word in parts[1] if word not in PARTICLES and word not in TITLES]
        title = title or next((word for word in parts[1] if word in TITLES), "")
        return Name(_write_out(given), _surname(parts[0]), title, suffix)
    words = parts[0]
    start = len(words) - 1
    particle = next((at for at, word in enumerate(words[1:], start=1) if word in PARTICLES), 0)
    if particle and particle < start:
        start = particle
    return Name(_write_out(words[:start]), _surname(words[start:]), title, suffix)


def _surname(words: list[str]) -> tuple[str, ...]:
    kept = tuple(word for word in words if word not in PARTICLES)
    return kept or tuple(words)


def _write_out(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(SHORT_FORMS.get(word, word) for word in given if word not in PARTICLES)


def variants(name: str) -> tuple[str, ...]:
    """Forms a name may be found under, full, shorter, fuller, and before marriage."""
    found = read_name(name)
    forms = [fold_name(name)]
    surname = " ".join(found.surname)
    if found.given:
        forms.append(" ".join([found.given[0], surname]))
        forms.append(" ".join([*(word[0] for word in found.given), surname]))
    for other in [*_FULLER.findall(name), *_NICKNAME.findall(name)]:
        folded = " ".join(_words(_LIFE.sub("", other)))
        if folded and not is_body(other) and not folded.startswith(tuple(TITLES)):
            whole = folded if surname and folded.endswith(surname) else f"{folded} {surname}".strip()
            forms.append(whole)
        elif folded:
            forms.append(folded)
    maiden = _MAIDEN.search(name)
    if maiden and found.given:
        forms.append(f"{found.given[0]} {fold_letters(maiden[1])}")
    return tuple(dict.fromkeys(form for form in forms if form))


def could_be(asked: Sequence[str], name: str) -> bool:
    """Whether words asked for, in direct order ("william", "taft"), could name the person (or body) `name`.

    The surname has to be there; first names have to agree as far as both are written, an initial
    standing for any name it begins. "Jr." and "Sr.", or two middle initials, tell people apart.
    """
    person = read_name(name)
    wanted = read_name(" ".join(asked))
    if person.is_body or wanted.is_body:
        return bool(asked) and set(_words(" ".join(asked))) <= set(_words(name))
    if not person.surname or not wanted.surname:
        return False
    if any(_agree(wanted, form) for form in _forms(name, person)):
        return not _are_told_apart(wanted, person)
    return False


def is_body(name: str) -> bool:
    """Whether a name is that of a company, a society or an office rather than a person's."""
    return "&" in name or any(word in CORPORATE for word in _words(name))


def _forms(name: str, person: Name) -> list[Name]:
    """The name itself, its fuller form and nickname in brackets, and the name before marriage."""
    forms = [person]
    for other in [*_FULLER.findall(name), *_NICKNAME.findall(name)]:
        words = [word for word in _words(_LIFE.sub("", other)) if word not in PARTICLES]
        if not words or words[0] in TITLES:
            continue
        same = words[-len(person.surname) :] == list(person.surname)
        forms.append(Name(_write_out(words[: -len(person.surname)] if same else words), person.surname))
    maiden = _MAIDEN.search(name)
    if maiden:
        forms.append(Name(person.given, (fold_letters(maiden[1]),)))
    return forms


def _agree(wanted: Name, person: Name) -> bool:
    surname, given = list(wanted.surname), list(wanted.given)
    if surname[-1] not in person.surname:
        return _is_alone(wanted, person)
    while given and given[-1] in person.surname:
        given.pop()  # "garcia marquez"
    return _given_agree(given, list(person.given))


def _is_alone(wanted: Name, person: Name) -> bool:
    """ "Elizabeth" asked for and "Elizabeth" written: neither has more."""
    return not person.given and not wanted.given and wanted.surname == person.surname


def _given_agree(wanted: Sequence[str], person: Sequence[str]) -> bool:
    """First names in order; either may leave out middle ones, and be called by a middle one in full."""
    if not wanted or not person:
        return True
    if len(wanted) == len(person):
        return all(_one_given(a, b) for a, b in zip(wanted, person, strict=True))
    fewer, more = sorted((wanted, person), key=len)
    if len(fewer) == 1 and len(fewer[0]) > 1 and fewer[0] in more:
        return True
    if not _one_given(fewer[0], more[0]):
        return False
    at = 1
    for word in fewer[1:]:
        while at < len(more) and not _one_given(word, more[at]):
            at += 1
        if at == len(more):
            return False
        at += 1
    return True


def _one_given(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) == 1 and long.startswith(short)


def _are_told_apart(wanted: Name, person: Name) -> bool:
    if wanted.suffix and person.suffix and wanted.suffix != person.suffix:
        return True
    asked_wife = wanted.title in WOMEN_TITLES
    if _is_of_husband(person) and not asked_wife and bool(wanted.given):
        return True
    husband = not person.title and bool(person.given) and person.given[0] in MEN
    return asked_wife and husband and bool(wanted.given)


def _is_of_husband(name: Name) -> bool:
    """Whether the first name is a husband's: Mrs. John Smith is not John Smith."""
    return name.title in WOMEN_TITLES and bool(name.given) and name.given[0] in MEN


def _strip(name: str) -> str:
    """Without life dates, relators, fuller forms, brackets and nicknames."""
    text = _FULLER.sub(" ", _NICKNAME.sub(" ", name)) if "(" in name or '"' in name or "“" in name else name
    text = _MAIDEN.sub(" ", text) if "n" in text else text
    if any(char.isdigit() for char in text):
        text = _LIFE.sub("", text)
    return _RELATOR.sub("", _BRACKETS.sub("", text).strip(" ,.;"))


def _words(text: str) -> list[str]:
    apart = _INITIALS.sub(". ", _BRACKETS.sub("", text))
    return [word.rstrip(".").replace("’", "'") for word in _WORD.findall(fold_letters(apart))]


def fold_letters(text: str) -> str:
    """Lower case without accents: the letters that words are compared by."""
    plain = text.lower()
    if plain.isascii():
        return plain
    return "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))
