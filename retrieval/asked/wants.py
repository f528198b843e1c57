"""What kind of answer a question wants: the best match, all of them, their number, or a whole collection."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.asked.materials import is_material
from retrieval.asked.tokens import Token

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
_COUNT = re.compile(
    r"\bhow many\b|\bnumber of\b|\bcount (?:of|the)\b|\bcombien d|\bwie ?viele\b|\bcuant[ao]s\b"
    r"|\bquant[ao]s\b"
)
_LIST = re.compile(
    r"\b(?:which|what|list|all|every|each|show me|quelles|quels|welche|que|quais|cuales|toutes|tous|alle"
    r"|todas|todos)\b"
)
_HAVE = re.compile(
    r"\b(?:are there|do you (?:\w+ )?(?:have|hold|own|keep|know)|have you|did you|got|show me|find"
    r"|i (?:want|need)"
    r"|looking for|interested in|(?:^|[.?!] )any\b"
    r"|avez[- ]vous|y a-t-il|haben sie|gibt es|tienen|hay|ha algum|voces tem|tem)\b"
)
_COUNTED = frozenset(
    "items documents folders files records manuscripts papers materials pieces collections".split()
)
_MEASURES = frozenset("feet foot metres meters linear cubic boxes cartons shelves pages".split())
_SINGULAR = frozenset("correspondence photography footage poetry minutes memorabilia korrespondenz".split())


_FOREIGN_PLURALS = frozenset(
    """
    briefe postkarten tagebucher fotografien zeitungen zeichnungen karten landkarten tonaufnahmen reden
    berichte gedichte protokolle plakate rechnungen urkunden
    """.split()
)
_PLACES_OF = frozenset(
    "box folder collection series reel volume year regiment container drawer city town".split()
)


def read_breadth(text: str) -> float:
    """How much a question asks about a whole collection, 0 to 1."""
    return 1.0 if _WHOLE.search(text) else 0.5 if _BROAD.search(text) else 0.0


def read_wants(plain: str, tokens: Sequence[Token]) -> tuple[bool, bool]:
    """(Wants every match, wants their number) of a folded text.

    A number is wanted of letters and the like, not of boxes, feet or children. Every match is wanted by
    "which letters", "list all" and by a plural ("are there letters", "do you have photographs").
    """
    plural = any(_is_many(token.word) for token in tokens) or _names_each(tokens)
    counts = _COUNT.search(plain)
    if counts:
        after = [token.word for token in tokens if token.start >= counts.end() - 1][:5]
        if after[:1] and after[0] in _MEASURES:
            return False, False
        return (True, True) if any(_is_many(word) for word in after) else (False, False)
    listed = _LIST.search(plain)
    if listed and plural:
        after = [token.word for token in tokens if token.start >= listed.end()][:7]
        if after[:1] and after[0] in _PLACES_OF:
            return False, False
        if any(_is_many(word) for word in after) or _names_each(tokens):
            return True, False
    return bool(_HAVE.search(plain)) and plural, False


def _names_each(tokens: Sequence[Token]) -> bool:
    """ "Every letter", "each photograph": one word for all of them."""
    return any(
        token.word in ("every", "each") and is_material(after.word)
        for token, after in zip(tokens, tokens[1:], strict=False)
    )


def _is_many(word: str) -> bool:
    if word in _COUNTED or word in _SINGULAR:
        return True
    return is_material(word) and (word.endswith("s") or word in _FOREIGN_PLURALS)
