"""A question cut into words that know where they stand and how they were written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.words import fold_letters

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$", re.IGNORECASE)
_QUITE_CAPITAL = 0.85
"""Share of capitals from which they say nothing: "LETTERS FROM ELLEN MARSH"."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a question: folded, without a possessive; `gap` is what stands between it and the last."""

    word: str
    text: str
    start: int
    end: int
    gap: str
    capital: bool
    possessive: bool

    @property
    def is_joined(self) -> bool:
        """Whether only white space, or a point after an abbreviation, parts it from the word before."""
        return self.gap.strip() in ("", ".", "-", "‐", "–")

    @property
    def is_number(self) -> bool:
        """Whether it has a digit, and too few letters for a scanned word ("0kafor")."""
        return any(char.isdigit() for char in self.word) and sum(map(str.isalpha, self.word)) < 4


def cut_tokens(text: str) -> tuple[Token, ...]:
    """The words of a text in order."""
    matches = list(_WORD.finditer(text))
    lettered = [match[0] for match in matches if not match[0][0].isdigit() and len(match[0]) > 1]
    shouted = bool(lettered) and sum(word.isupper() for word in lettered) >= _QUITE_CAPITAL * len(lettered)
    tokens, end = [], 0
    for place, match in enumerate(matches):
        written = match[0]
        bare = _POSSESSIVE.sub("", written)
        after = text[match.end() : match.end() + 2]
        owned = bare != written or (after[:1] in "'’" and after != "" and not after[1:2].strip())
        tokens.append(
            Token(
                word=fold_letters(bare),
                text=written if bare == written else bare,
                start=match.start(),
                end=match.end(),
                gap=text[end : match.start()] if place else "",
                capital=written[0].isupper() and not (shouted and len(lettered) > 2),
                possessive=owned,
            )
        )
        end = match.end()
    return tuple(tokens)


def starts_sentence(tokens: Sequence[Token], place: int) -> bool:
    """Whether a capital there says nothing, since a sentence begins."""
    return place == 0 or tokens[place].gap.strip(" \"“”'(").endswith((".", "?", "!", ":", "\n"))
