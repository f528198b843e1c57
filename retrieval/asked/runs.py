"""Runs of words in a question that are written, or known, as a name."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from retrieval.asked.materials import is_material
from retrieval.asked.tokens import Token, starts_sentence
from retrieval.asked.words import CHAT, CONNECTORS, FOREIGN_SMALL, GENERIC, MONTHS, STOP_WORDS, TITLES
from retrieval.implied.name_words import FIRST_NAMES

_SHORTENED = re.compile(r"(?:i|we|you|they|he|she|it|that|there|what|who|where)['’](?:m|ve|d|ll|s|re)$")
""" "I'm" and the like are nobody."""
_POLITE = frozenset("sie ihr vous usted ustedes voce voces".split())
_BEFORE_DATE = frozenset("in of since during until before after by early late mid on this last next".split())
_NEVER = STOP_WORDS | GENERIC | CHAT
_FORENAMES = frozenset("will may mark june april august".split())
"""Small words and months that are forenames where another capitalised word follows."""


@dataclass(frozen=True, slots=True)
class Run:
    """Words from `start` to `end` (not included) that read as one name; `titled` after "Mrs." and so on."""

    start: int
    end: int
    titled: bool = False


def find_runs(tokens: Sequence[Token], taken: Collection[int]) -> list[Run]:
    """Capitalised runs, titles before them left out, small words inside them ("van", "de la") kept."""
    runs: list[Run] = []
    place = 0
    while place < len(tokens):
        if place in taken or not _begins_name(tokens, place):
            place += 1
            continue
        end = _go_right(tokens, place, taken)
        start = place
        while start < end and tokens[start].word in TITLES:
            start += 1
        while end > start and tokens[end - 1].word in TITLES:
            end -= 1
        if start < end:
            runs.append(Run(start, end, titled=start > place or _follows_title(tokens, start)))
        place = max(end, place + 1)
    return runs


def _go_right(tokens: Sequence[Token], start: int, taken: Collection[int]) -> int:
    end = start + 1
    while end < len(tokens) and not tokens[end - 1].possessive:
        if _continues(tokens, end, taken):
            end += 1
            continue
        skipped = end
        while skipped < len(tokens) and tokens[skipped].word in CONNECTORS and tokens[skipped].is_joined:
            skipped += 1
        if skipped == end or skipped >= len(tokens) or not _continues(tokens, skipped, taken):
            break
        end = skipped + 1
    return end


def _continues(tokens: Sequence[Token], place: int, taken: Collection[int]) -> bool:
    token, before = tokens[place], tokens[place - 1]
    if place in taken or not token.capital or not _can_join(before, token):
        return False
    if _is_initial(tokens, place):
        return True
    if token.word in _POLITE or is_acronym(token) or is_acronym(before):
        return False
    if token.word in CHAT and any(
        one.capital and one.word in FIRST_NAMES for one in tokens[max(0, place - 2) : place]
    ):
        return True  # "Mae West", "William Grant Still"
    return token.word not in _NEVER and not is_material(token.word) and not _is_date_word(tokens, place)


def is_acronym(token: Token) -> bool:
    """Whether a word is written as an acronym, in a question that is not all capitals: "YMCA"."""
    return token.capital and len(token.text) > 2 and token.text.isupper()


def _can_join(before: Token, token: Token) -> bool:
    """White space joins words; a point does after an initial or an abbreviation, not at a sentence's end."""
    if "." in token.gap:
        return len(before.word) == 1 or before.word in TITLES | {
            "st",
            "wm",
            "geo",
            "chas",
            "jas",
            "jno",
            "thos",
        }
    return token.is_joined


def _is_initial(tokens: Sequence[Token], place: int) -> bool:
    """ "T." before another capital, or behind another initial: not "I", and not "A" at a beginning."""
    token, after = tokens[place], tokens[place + 1] if place + 1 < len(tokens) else None
    if len(token.word) > 1 or not token.capital:
        return False
    if place and len(tokens[place - 1].word) == 1 and tokens[place - 1].capital and token.gap.startswith("."):
        return True
    return after is not None and after.capital and after.gap.startswith(".")


def _begins_name(tokens: Sequence[Token], place: int) -> bool:
    token = tokens[place]
    if not token.capital or token.is_number or _SHORTENED.match(token.word):
        return False
    if _is_initial(tokens, place):
        return True
    follows = place + 1 < len(tokens) and tokens[place + 1].capital and tokens[place + 1].is_joined
    if token.word in _FORENAMES:
        later = tokens[place + 1].word if place + 1 < len(tokens) else ""
        return (
            follows
            and later not in _NEVER | TITLES
            and not is_material(later)
            and not _is_date_word(tokens, place)
        )
    if token.word in _NEVER or is_material(token.word) or _is_date_word(tokens, place):
        return False
    small = token.word in FOREIGN_SMALL and starts_sentence(tokens, place)
    return not small or (follows and tokens[place + 1].word not in FOREIGN_SMALL | _NEVER)


def _is_date_word(tokens: Sequence[Token], place: int) -> bool:
    """Whether a month's name is a month: beside a number, after "in", or with no name following."""
    if tokens[place].word not in MONTHS:
        return False
    before = tokens[place - 1] if place else None
    after = tokens[place + 1] if place + 1 < len(tokens) else None
    if (
        before
        and before.capital
        and not before.is_number
        and before.word not in _NEVER
        and before.word not in MONTHS
    ):
        return False
    if before and (before.is_number or before.word in _BEFORE_DATE):
        return True
    return not (
        after and after.capital and not after.is_number and after.is_joined and after.word not in _NEVER
    )


def _follows_title(tokens: Sequence[Token], start: int) -> bool:
    """Whether a title stands before, in small letters: "president Taft", "aunt Mary" has none."""
    return start > 0 and tokens[start - 1].word in TITLES and _can_join(tokens[start - 1], tokens[start])
