"""Call numbers, ARKs and other exact identifiers in a question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.asked.vocabulary import Vocabulary
from retrieval.asked.words import MONTHS, STOP_WORDS
from retrieval.words import fold_exact, fold_identifier, is_exact

_IDENTIFIER = re.compile(
    r"(?<![\w/.-])(?=[\w/.-]*\d)[A-Za-z0-9]+(?:[/.-][A-Za-z0-9]+)+|\b[A-Za-z]{1,5}\d{2,}\b"
)
_SPACED = re.compile(r"\b([A-Za-z]{1,6})\.?\s+(\d{2,})\b")
_PLAIN = re.compile(r"\d(?:st|nd|rd|th)\b|^(?:pre|post|mid|late|early)-", re.IGNORECASE)
_DATES = re.compile(r"\d{4}(?:[-/]\d{1,4})*|\d{4}s|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}")
_NO_PREFIX = STOP_WORDS | MONTHS | frozenset("box boxes folder reel vol item unit circa page year".split())

_ADDRESS = re.compile(r"https?://\S+|\b(?:ark|hdl|doi|urn):/?\S+", re.IGNORECASE)
_SHELF = re.compile(
    r"\b(?:(?:mss?|mc|rg|ar|ua|uarc|arc|acc|coll|hm|ph|pc|sc|add|cod|clm|fonds|bestand|fondo)(?![a-z])\.?\s?"
    r"(?:(?:coll|doc|am|fr|lat|group|no|mss?|n[rº°])\.?\s)?"
    r"|call (?:number|no\.?)|shelf ?marks?|signatur|cote|accession(?: (?:number|no\.?))?"
    r"|(?:collection|reference|record|catalogu?e?) (?:number|no\.?|code|id)|identifier)"
    r"(?: is| of)?\s*[:#]?\s*(?:[A-Z]{1,4}[ .-]?)?\d[\w]*(?:[/.:-]\w+)*",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"^(?:call (?:number|no\.?)|shelf ?marks?|signatur|cote|accession(?: (?:number|no\.?))?"
    r"|(?:collection|reference|record|catalogu?e?) (?:number|no\.?|code|id)|identifier)(?: is"
    r"| of)?\s*[:#]?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class AskedIdentifier:
    """A call number or the like: folded, as written, and what it names, (collection id, record id) each."""

    key: str
    label: str
    found: tuple[tuple[str, str], ...] = ()


def read_identifiers(text: str) -> tuple[str, ...]:
    """Everything that has the form of an identifier, folded: to be searched for, whether known or not."""
    found = [match for match in _IDENTIFIER.findall(text) if not is_date(match) and not _PLAIN.search(match)]
    found += [
        f"{letters}{digits}"
        for letters, digits in _SPACED.findall(text)
        if letters.isupper() or not (letters.lower() in _NO_PREFIX or is_date(digits))
    ]
    return tuple(dict.fromkeys(fold_identifier(match) for match in found))


def read_call_numbers(text: str, vocabulary: Vocabulary | None) -> tuple[AskedIdentifier, ...]:
    """Identifiers that name something: those the index knows, and those written as call numbers are."""
    found: dict[str, AskedIdentifier] = {}
    for written, is_cued in _candidates(text):
        key = fold_exact(written)
        if key in found or not (is_exact(key) or (is_cued and any(char.isdigit() for char in key))):
            continue
        known = tuple(vocabulary.find_records(written)) if vocabulary else ()
        if known or (is_cued and not is_date(written)):
            found[key] = AskedIdentifier(key, written, known)
    shorter = {key for key in found for other in found if key != other and key in other}
    return tuple(one for key, one in found.items() if key not in shorter)


def is_date(text: str) -> bool:
    """Whether what looks like an identifier is a year, a range of years or a day."""
    return bool(_DATES.fullmatch(text))


def _candidates(text: str) -> Iterator[tuple[str, bool]]:
    """What may be an identifier, and whether it is written so that it must be one."""
    for match in _ADDRESS.finditer(text):
        yield match[0].rstrip(".,;:?!)"), True
    for match in _SHELF.finditer(text):
        yield _CUE.sub("", match[0]), True
    for match in _IDENTIFIER.finditer(text):
        yield match[0], False
    for match in _SPACED.finditer(text):
        yield match[0], False
