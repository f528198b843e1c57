"""Words and identifiers in the one form in which they are compared, in records and in questions."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_POSSESSIVE = re.compile(r"'s?$")
_ARK = re.compile(r"\bark:/?(?=\d{5})", re.IGNORECASE)
_ADDRESS = re.compile(r"^https?://[^/]+/(?:.*(?=ark:))?", re.IGNORECASE)

CONTAINER = re.compile(
    r"\b(box|folder|reel|volume|vol|carton|item|unit|map[- ]?case|drawer)e?s?\.?\s+#?(\d+[a-z]?)\b",
    re.IGNORECASE,
)
TITLES = frozenset(
    """
    mr mrs miss ms dr doctor rev reverend hon honorable sir dame lady lord captain capt col colonel
    general gen major maj lieutenant lieut lt sgt sergeant private pvt admiral commander president
    governor gov senator sen judge justice professor prof bishop archbishop rabbi pastor
    brother madame mme monsieur mlle herr frau fraulein senor senora don dona jr sr esq esquire
    """.split()
)
"""Words before or after a name that are no part of it."""

_SIGNS = re.compile("[\u02b9-\u02bf\u0300-\u036f\ufe20-\ufe2f]")
"""Letters of romanisation that nobody types (ʻ, ʼ, ʹ), and accents that stand apart from their letter."""


def drop_signs(text: str) -> str:
    """A text whose accents are parts of their letters, without those that cannot be, and without ʻ and ʼ."""
    return text if text.isascii() else _SIGNS.sub("", unicodedata.normalize("NFC", text))


def split_words(text: str) -> list[str]:
    """Words of a text in lower case, without accents and without a possessive 's."""
    words = _WORD.findall(fold_letters(text).replace("’", "'"))
    return [_POSSESSIVE.sub("", word) if "'" in word else word for word in words]


def fold_letters(text: str) -> str:
    """Lower case, accents off, editorial brackets out: the form in which words are compared."""
    plain = text.replace("[", "").replace("]", "").lower()
    if plain.isascii():
        return plain
    parted = unicodedata.normalize("NFKD", drop_signs(plain))
    return "".join(char for char in parted if not unicodedata.combining(char))


def fold_identifier(text: str) -> str:
    """A call number without case, spaces and points, so that `MC.00003` and `mc 00003` are the same."""
    return re.sub(r"[\s.,:_-]+", "", fold_letters(text))


def fold_exact(text: str) -> str:
    """As `fold_identifier`, and an ARK in any of its forms, or inside an address, the same."""
    return fold_identifier(_ARK.sub("ark/", _ADDRESS.sub("", text.strip())).rstrip("/.,;:?!)"))


def read_containers(text: str) -> tuple[str, ...]:
    """Boxes, folders and the like as single words: "Box 4, Folder 12" gives ("box4", "folder12")."""
    return tuple(f"{kind.lower()}{number.lower()}" for kind, number in CONTAINER.findall(text))


def is_exact(key: str) -> bool:
    """Whether a folded identifier can name one record by itself: not a bare number, nor "box4"."""
    return (
        len(key) >= 3
        and any(char.isdigit() for char in key)
        and not (key.isdigit() and len(key) < 6)
        and not CONTAINER.fullmatch(re.sub(r"(\D)(\d)", r"\1 \2", key, count=1))
    )
