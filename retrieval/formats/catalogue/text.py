"""Text of catalogue records made plain: composed, no invisible marks, nothing that was never filled in."""

from __future__ import annotations

import re
import unicodedata

import ftfy
from ftfy.badness import is_bad

from retrieval.formats.prose import drop_full_stop, fold

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)
"""Control characters and marks of writing direction: they change what is seen, never what is said."""

_EMPTY = frozenset(
    "n/a na none null nil tbd unavailable unspecified unassigned [n/a] ? - -- . x xx xxx".split()
) | {"not available", "not applicable", "consult repository", "auto gen number", "no value", "contributor"}
_WEB = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)


def tidy(text: str | None) -> tuple[str, bool]:
    """Text on one line in composed form (NFC), and whether it had been encoded twice and was put right.

    Catalogues hold accents as separate characters, which no patron types. "ShariÌ„shiÌ„" is UTF-8
    that was read as Windows-1252 and encoded again; `ftfy` undoes that where the text cannot be meant.
    """
    folded = _INVISIBLE.sub("", fold(text))
    if folded.isascii():
        return folded, False
    mended = ftfy.fix_encoding(folded) if is_bad(folded) else folded
    return fold(unicodedata.normalize("NFC", mended)), mended != folded


def is_placeholder(text: str, *labels: str) -> bool:
    """Whether a value says nothing: "N/A", or the name of its own field, as in a template left unfilled."""
    bare = text.strip(" .:;,").lower()
    if not bare or bare in _EMPTY or bare.startswith("lorem ipsum"):
        return True
    letters = re.sub(r"[\W_]+", "", bare)
    return letters in {re.sub(r"[\W_]+", "", label).lower() for label in labels}


def find_address(text: str) -> str:
    """The first web address in a text; else ""."""
    match = _WEB.search(text)
    return match[0].rstrip(".,;)") if match else ""


def strip_heading(text: str) -> str:
    """A heading without the punctuation that cataloguing rules put at its end."""
    bare = text.rstrip(" ,;:/=，、．").strip()
    return bare if bare.endswith(" cent.") else drop_full_stop(bare).rstrip(" ,;:")
