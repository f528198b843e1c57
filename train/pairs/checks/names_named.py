"""Names in prose: words with a capital where none need be, with what stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.asked.words import CHAT, CONNECTORS, FOREIGN_SMALL, GENERIC, MONTHS, STOP_WORDS
from retrieval.implied.kind_words import NAMED
from retrieval.implied.name_words import FIRST_NAMES, SHORT_FORMS, TITLES
from retrieval.words import fold_letters, split_words
from train.pairs.checks.asked_words import to_singular
from train.pairs.checks.claim import hold_spaces
from train.pairs.checks.language_words import WORDS

_CONNECTOR = "|".join(
    sorted(
        CONNECTORS | {"von", "van", "zur", "zum", "af", "av", "of", "the", "of the"}, key=len, reverse=True
    )
)
_CAPITAL = (
    r"(?:[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĞĢĪĮİĶĻĽŁŃŅŇŌŐŒŔŘŚŞŠŢŤŪŮŰŲŹŻŽА-ЯЁІЇЄҐΑ-Ω][^\W\d_]*(?:['’-][^\W\d_]+)*\.?)"
)
_NAME = re.compile(rf"(?<![\w'’]){_CAPITAL}(?:\s+(?:(?:{_CONNECTOR})\s+)*{_CAPITAL})*")
_PART = re.compile(r"[^\s]+")
_NO_NAME = (
    STOP_WORDS | FOREIGN_SMALL | CHAT | GENERIC | MONTHS | TITLES | CONNECTORS
    | frozenset(word for small in WORDS.values() for word in small)
    | frozenset(word for words in NAMED.values() for word in words.replace(";", " ").split())
    | frozenset(
        """
        see note yes ja oui si sim sì nein non não tak da nej nee no there here these those they please
        one two letters photographs letter photograph diary diaries map maps minutes account accounts
        ledger report reports volume volumes page pages others another both several many some most however
        moreover although though because while when where correspondence extent access scope contents
        series item items finding catalogue catalog bc ad ce bce i ii iii iv v vi vii viii ix x xi xii
        circa siehe voir véase ver vedi brief briefe tagebuch band seite schachtel mappe kasten akte akten
        bestand sammlung nachlass handschrift blatt jahr jahre datum titel herr frau fraulein lettre
        lettres dossier fonds carta cartas caja carpeta describes mentions written includes contains
        concerning regarding dated undated
        """.split()
    )
)  # fmt: skip
_CAPITALISING = frozenset({"de"})
"""Languages that write every noun with a capital: there one such word alone is no name."""
_SHORTEST_STEM = 4
_REACH = 12


def read_names(sentence: str, language: str = "en") -> Iterator[tuple[str, int, int]]:
    """(name, start, end) of the names of one sentence; a lone first word is none, as all begin so."""
    for match in _NAME.finditer(hold_spaces(sentence)):
        start, end = match.span()
        parts = [(part[0], start + part.start(), start + part.end()) for part in _PART.finditer(match[0])]
        while parts and _is_no_name(parts[0][0], first=_begins(sentence, parts[0][1])):
            parts.pop(0)
        while parts and _is_no_name(parts[-1][0], first=False):
            parts.pop()
        if not parts or (len(parts) == 1 and language in _CAPITALISING):
            continue
        if len(parts) == 1 and (_begins(sentence, parts[0][1]) or len(parts[0][0].rstrip(".")) < 2):
            continue
        start, end = parts[0][1], parts[-1][2]
        name = sentence[start:end]
        yield name.rstrip("."), start, end - (len(name) - len(name.rstrip(".")))


def is_small(word: str) -> bool:
    """Whether a folded word says nothing by itself, in any of the languages."""
    return word in _NO_NAME


def stands_in(name: str, words: frozenset[str], *, inflected: bool = False) -> bool:
    """Whether every word of a name is among the words of a passage, an initial for a word it begins.

    `inflected` lets endings differ, as they do where names are declined.
    """
    return all(_has(word, words, inflected) for word in split_words(name) if word not in _NO_NAME)


def _has(word: str, words: frozenset[str], inflected: bool) -> bool:
    if word in words or SHORT_FORMS.get(word, word) in words or to_singular(word) in words:
        return True
    if len(word) == 1:
        return any(other.startswith(word) for other in words)
    if any(len(other) == 1 and word.startswith(other) for other in words) and word in FIRST_NAMES:
        return True  # "E. Marsh" is as much as a passage may give
    if not inflected or len(word) < _SHORTEST_STEM:
        return False
    stem = word[: max(_SHORTEST_STEM, len(word) - 3)]
    return any(other.startswith(stem) and abs(len(other) - len(word)) <= 3 for other in words)


def _is_no_name(part: str, *, first: bool) -> bool:
    word = re.sub(r"['’]s?$", "", fold_letters(part.rstrip(".")))
    if not word or word in _NO_NAME:
        return True
    return first and word not in FIRST_NAMES and word.endswith(("ing", "ed"))


def _begins(sentence: str, start: int) -> bool:
    """Whether nothing but marks stands before, or what ends a clause: ":" or a quotation mark."""
    return not re.search(r"\w", sentence[:start]) or bool(
        re.search(r"[:;?!.]\s*\W*$", sentence[max(0, start - _REACH) : start])
    )
