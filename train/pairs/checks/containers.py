"""Boxes, folders and the like named in a text, however they are abbreviated: "box 9, f. 3", "Boxes 3-5"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from train.pairs.checks.claim import hold_spaces

_KINDS = {
    "box": "box boxes bx bxs boîte boite boîtes schachtel schachteln karton kartons caja cajas caixa caixas "
    "scatola scatole doos dozen",
    "folder": "folder folders fldr fldrs fol fold f ff mappe mappen dossier dossiers carpeta carpetas pasta "
    "pastas cartella cartelle map",
    "reel": "reel reels rolle rollen bobine bobines rollo rollos",
    "volume": "volume volumes vol vols band bände bd tome tomes tomo tomos volumen",
    "carton": "carton cartons",
    "drawer": "drawer drawers schublade tiroir cajón",
    "item": "item items",
    "shelf": "shelf shelves regal",
    "album": "album albums",
    "page": "page pages p pp seite seiten s página páginas pagina",
    "leaf": "leaf leaves ff. folio folios fol. bl blatt",
}  # fmt: skip
_BY_WORD = {word: kind for kind, words in _KINDS.items() for word in words.split()}
_INSIDE_ONLY = frozenset({"f", "ff", "fol", "fold", "map", "pasta", "s", "p", "pp"})
"""Too short or too common to be a container's word but behind another container: "box 9, f. 3"."""
_WORDS = "|".join(sorted(map(re.escape, _BY_WORD), key=len, reverse=True))
_NUMBER = r"(?:[A-Z]{1,3}-?)?\d{1,5}[a-z]?\b(?!\d|%|\s?(?:cm|mm|feet|ft)\b)"
_MORE = rf"(?:\s*(?:,|;|&|\+|/|and|und|et|y|e|to|bis|[-–—])\s*(?:{_NUMBER}))"
_NAMED = re.compile(
    rf"(?<!\w)(?P<word>{_WORDS})\b\.?\s*(?:no\.?|nos\.?|nr\.?|number|#|n°|nº)?\s*(?P<numbers>{_NUMBER}{_MORE}*)",
    re.IGNORECASE,
)
_RANGE = re.compile(rf"({_NUMBER})\s*(?:[-–—]|to\b|bis\b)\s*({_NUMBER})", re.IGNORECASE)
_NUMBERS = re.compile(_NUMBER, re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[,;:/(–—-]?\s*(?:and|und|et|y|e|in|of)?\s*")
_LONGEST_RANGE = 200


@dataclass(frozen=True, slots=True)
class Container:
    """A container named: its kind, its numbers in lower case, and where its words stand."""

    kind: str
    numbers: tuple[str, ...]
    start: int
    end: int

    @property
    def keys(self) -> tuple[str, ...]:
        """As "box 9", one for each number."""
        return tuple(f"{self.kind} {number}" for number in self.numbers)


def read_containers(text: str) -> list[Container]:
    """Every container that a text names, in order."""
    found: list[Container] = []
    for match in _NAMED.finditer(hold_spaces(text)):
        word = match["word"].lower()
        if word in _INSIDE_ONLY and not _follows(found, text, match.start()):
            continue
        numbers = tuple(dict.fromkeys(_read_numbers(match["numbers"])))
        if numbers:
            found.append(Container(_BY_WORD[word], numbers, match.start(), match.end()))
    return found


def _follows(found: list[Container], text: str, start: int) -> bool:
    return bool(found) and bool(_BETWEEN.fullmatch(text, found[-1].end, start))


def _read_numbers(text: str) -> Iterator[str]:
    """The numbers of a list; those between the ends of a short range as well."""
    for first, last in _RANGE.findall(text):
        if first.isdigit() and last.isdigit() and 0 < int(last) - int(first) <= _LONGEST_RANGE:
            yield from (str(number) for number in range(int(first), int(last) + 1))
    for number in _NUMBERS.findall(text):
        plain = number.lower().replace("-", "")
        yield str(int(plain)) if plain.isdigit() else plain
