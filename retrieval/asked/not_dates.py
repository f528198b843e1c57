"""Numbers in a question that look like years and are none: of boxes, lives, published works, streets."""

from __future__ import annotations

import re
import unicodedata

_YEAR = r"(?:1[0-9]|20)\d\d"
_WORKS = (
    r"novel|novella|book|play|opera|musical|film|movie|poem|painting|symphony|album|song|edition|textbook"
    r"|memoir"
    r"|autobiography|biography|bestseller|census|budget|dollars?|words?|copies|people|men|women|students"
    r"|volumes"
    r"|miles|pages?|acres|feet|pounds|francs|marks|km|meters|metres|employees|members|soldiers|inhabitants"
)
_PATTERNS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # what holds the material, and what it is called by
        r"\b(?:box|folder|reel|volume|vol|carton|item|unit|map[- ]?case|drawer|page|pages|pp?|no|nos"
        r"|number|num"
        r"|nr|route|highway|room|page|sheet|plate|slide|photo|apt|suite|lot|section|building|call number"
        r"|shelfmark|accession)e?s?\.?\s*(?:no\.?|number)?\s*#?\d+[a-z]?\b(?:\s*(?:[-–,&]|and|to)\s*\d+\b)*",
        # lives: "(1847-1914)", "b. 1847", "was born in 1847", "died on 3 May 1914"
        rf"(?<=\w)\s*\(\s*(?:b\.|c\.|ca\.|fl\.)?\s*{_YEAR}\??\s*[-–]\s*(?:c\.|ca\.)?\s*(?:{_YEAR})?\??\s*\)",
        rf"\b(?:b|d|fl)\.\s*(?:c\.|ca\.)?\s*{_YEAR}\b",
        rf"\b(?:born|died|deceased|passed away|buried|baptised|baptized|geboren|gestorben|nee?|nacio"
        rf"|nasceu|murio|morreu)\b"
        rf"(?:(?!\b(?:letters?|photos?|photographs?|diar(?:y|ies)|papers"
        rf"|records)\b)[^.?!;]){{0,30}}?\b{_YEAR}\b"
        rf"(?:\s*(?:and|,)\s*(?:died|d\.)[^.?!;]{{0,30}}?\b{_YEAR}\b)?",
        rf"\w, [^,;.?!\d]{{2,40}}(?:\.)?, (?:ca?\. ?)?{_YEAR}\??-(?:{_YEAR})?",
        # works, sizes and sums: "1876 novel", "published in 1876", "$1905", "1500-word"
        rf"\b{_YEAR}[- ](?:{_WORKS})\b",
        rf"\b(?:published|copyright(?:ed)?|founded|established|incorporated|released|premiered)\s+(?:in"
        rf"|on)?\s*{_YEAR}\b",
        rf"[$£€]\s?\d[\d,.]*|\b(?:class|act|acts|law|laws|version|windows|office|war) of {_YEAR}\b",
        r"\b\d{3,5} (?:[A-Z]\w+ ){1,3}(?:street|st|avenue|ave|road|rd|drive|lane|blvd|boulevard)\b",
        # the patron's own doings: "I visited in 2019"
        r"\b(?:i|we)\b(?: \w+){0,2} (?:visited|called|came|saw|wrote|emailed|asked|heard|read|bought"
        r"|moved|inherited"
        r"|found|graduated)\b[^.?!;,]{0,30}?\b(?:in|since|around|back in)\s+20[0-4]\d\b",
    )
]


def fold_chars(text: str) -> str:
    """Lower case and without accents, character for character, so that places in it are places in `text`."""
    if text.isascii():
        return text.lower()
    return "".join(_fold_char(char) for char in text)


def blank_numbers(text: str) -> str:
    """A text with `#` for each character of a number that is no date asked for."""
    for pattern in _PATTERNS:
        text = pattern.sub(lambda match: "#" * len(match[0]), text)
    return text


def _fold_char(char: str) -> str:
    base = unicodedata.normalize("NFKD", char)[:1].lower()
    return base[:1] or char
