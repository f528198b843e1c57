"""A date as written, cut into the words, numbers and marks that it is made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from retrieval.dates.calendar import FIRST_YEAR, LAST_YEAR, republican_days
from retrieval.dates.patterns import TOKEN
from retrieval.dates.words import LONG_MONTHS, MARKS, MONTHS, PARTS, REPUBLICAN_MONTHS, SEASONS

TokenKind = Literal[
    "year", "dual", "wide", "day", "days", "number", "month", "season", "part", "mark", "undated", "dash",
    "comma", "semicolon", "slash", "question", "open", "close", "word",
]  # fmt: skip

DATED = frozenset({"year", "dual", "wide", "day", "days", "number", "month", "season", "part"})
"""Tokens that are, or belong to, a date."""


class Token(NamedTuple):
    """One word, number or mark. `value` depends on the kind: a year, (first, last) years, a month ...

    `supplied` says that part of it stands in editorial brackets, `glued` that no space is before it.
    """

    kind: TokenKind
    value: Any
    supplied: bool
    glued: bool


_CENTURY_LEFT_OUT = re.compile(
    r"(\d{1,2}(?:st|nd|rd|th))(\s*(?:-|–|to|and)\s*(?:early|mid|late)[\s-]*\d{1,2}(?:st|nd|rd|th)[\s-]+cent)"
)
""" "late 19th-early 20th century" says "century" once for both."""
_BRACKETS = re.compile(r"[\[\]<>{}]")
_ROMAN = {"i": 1, "v": 5, "x": 10}
_CHARS: dict[str, TokenKind] = {
    ",": "comma", ";": "semicolon", "/": "slash", "?": "question", "(": "open", ")": "close",
}  # fmt: skip
_LATEST_CENTURY = 21


def cut_tokens(text: str) -> list[Token]:
    """The tokens of a date. Editorial brackets are taken out, and remembered on what stood in them."""
    folded = _fold(text)
    if "cent" in folded:
        folded = _CENTURY_LEFT_OUT.sub(r"\1 century\2", folded)
    plain, bracketed = _unbracket(folded)
    return list(_cut(plain, bracketed))


def _cut(plain: str, bracketed: list[bool]) -> Iterator[Token]:
    for match in TOKEN.finditer(plain):
        kind = match.lastgroup or ""
        start, end = match.span()
        supplied = bool(bracketed) and any(bracketed[start:end])
        glued = start > 0 and not plain[start - 1].isspace()
        for token_kind, value in _read(kind, match):
            yield Token(token_kind, value, supplied, glued)


def _read(kind: str, match: re.Match[str]) -> Iterator[tuple[TokenKind, Any]]:
    text = match[0]
    if kind == "word":
        yield _read_word(text)
    elif kind == "year":
        year = int(text)
        yield ("year", year) if FIRST_YEAR <= year <= LAST_YEAR else ("word", text)
    elif kind == "number":
        yield "number", match["digits"]
    elif kind == "dash":
        yield "dash", text
    elif kind == "sign":
        yield _CHARS.get(text, "mark"), "and" if text == "&" else "circa" if text == "~" else text
    elif kind == "undated":
        yield "undated", text
    elif kind == "part":
        start, end = PARTS[match["part_from"] or text], PARTS[match["part_to"] or text]
        yield "part", (start[0], end[0], end[1])
    elif kind == "dual":
        yield _read_dual(match["dual_one"], match["dual_two"])
    elif kind in {"decades", "decade", "decade_gap", "century_gap", "century"}:
        yield _read_wide(kind, match)
    elif kind in {"iso", "backward", "figures", "roman", "month_year"}:
        yield _read_figures(kind, match)
    elif kind == "republican":
        yield _read_republican(match)
    elif text != ".":
        yield "word", text


@lru_cache(maxsize=4096)
def _read_word(word: str) -> tuple[TokenKind, Any]:
    word = word.rstrip("-").removeprefix("d'").removeprefix("l'").removeprefix("d’").removeprefix("l’")
    if word in MONTHS:
        return "month", MONTHS[word]
    if word in SEASONS:
        return "season", SEASONS[word]
    if word in MARKS:
        return "mark", MARKS[word]
    typo = _month_with_a_slip(word)
    return ("month", typo) if typo else ("word", word)


def _month_with_a_slip(word: str) -> int:
    """The month that a word of six letters or more stands for with one letter wrong; 0 for none."""
    if len(word) < 6:
        return 0
    return next((number for name, number in LONG_MONTHS.items() if _differs_once(word, name)), 0)


def _differs_once(one: str, other: str) -> bool:
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    head = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    a, b = one[head:], other[head:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _read_dual(first: str, ending: str) -> tuple[TokenKind, Any]:
    """ "1731/2" and "1984/1985" → two years; "1917/05" → its month."""
    year = int(first)
    last = int(ending) if len(ending) == 4 else complete_year(year, ending)
    if not FIRST_YEAR <= year <= last <= LAST_YEAR:
        return "word", f"{first}/{ending}"
    if last == year and len(ending) == 2 and 1 <= int(ending) <= 12:
        return "day", (year, int(ending), None)
    return "dual", (year, last)


def complete_year(year: int, ending: str) -> int:
    """1954 and "55" → 1955; 1799 and "00" → 1800; an ending that does not go on (a month) → the first."""
    scale = 10 ** len(ending)
    last = year - year % scale + int(ending)
    if last <= year and len(ending) == 2 and year % 100 == 99 and ending == "00":
        return year + 1
    return last if last > year and not (len(ending) == 2 and int(ending) <= 12 and last - year > 40) else year


def _read_wide(kind: str, match: re.Match[str]) -> tuple[TokenKind, Any]:
    """Decades and centuries, as first and last year: 1890s, 191-, 19uu, 18th-19th centuries, XIXe siècle."""
    if kind == "decade":
        first = int(match["dec"] or match["dec_after"])
        last = first + (99 if first % 100 == 0 and first != 2000 else 9)
    elif kind == "decades":
        first = int(match["decades_from"])
        last = first // 100 * 100 + int(match["decades_to"]) + 9
        last = last if last > first else first + 9
    elif kind == "decade_gap":
        first = int(match["dec_digits"]) * 10
        last = first + 9
    elif kind == "century_gap":
        first = int(match["cent_digits"]) * 100
        last = first + 99
    else:
        written = match["cent_roman"] or match["cent_after"]
        number = read_roman(written) if written else int(match["cent"])
        from_number = int(match["cent_first"] or number)
        if not 1 <= from_number <= number <= _LATEST_CENTURY:
            return "word", match[0]
        first, last = max((from_number - 1) * 100, 1), number * 100 - 1
    return ("wide", (first, last)) if last <= LAST_YEAR else ("word", match[0])


def _read_figures(kind: str, match: re.Match[str]) -> tuple[TokenKind, Any]:
    """A day in figures. 5/9/2001 is either of two days."""
    if kind == "iso":
        year, month, day = int(match["iso_year"]), int(match["iso_month"]), int(match["iso_day"])
    elif kind == "month_year":
        year, month = int(match["figure_year"]), int(match["figure_month"])
        return ("day", (year, month, None)) if FIRST_YEAR <= year <= LAST_YEAR else ("word", match[0])
    elif kind == "roman":
        year, month = int(match["roman_year"]), read_roman(match["roman_month"])
        day = int(match["roman_day"])
    elif kind == "backward":
        year, month, day = int(match["back_year"]), int(match["back_month"]), int(match["back_day"])
    else:
        year, month, day = int(match["fig_year"]), int(match["one"]), int(match["two"])
        if match["mark"].startswith(".") or month > 12:
            month, day = day, month
        elif day <= 12 and day != month:
            return _read_either(year, month, day)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return "word", match[0]
    return ("day", (year, month, day)) if 1 <= month <= 12 and 1 <= day <= 31 else ("year", year)


def _read_either(year: int, one: int, two: int) -> tuple[TokenKind, Any]:
    if not FIRST_YEAR <= year <= LAST_YEAR or not one or not two:
        return "word", ""
    return "days", tuple((date(year, *day), date(year, *day)) for day in ((one, two), (two, one)))


def _read_republican(match: re.Match[str]) -> tuple[TokenKind, Any]:
    written = match["rep_year"]
    year = int(written) if written.isdigit() else read_roman(written)
    month = REPUBLICAN_MONTHS.index(match["rep_month"]) + 1
    days = republican_days(int(match["rep_day"] or 0) or None, month, year)
    return ("days", (days,)) if days else ("word", match[0])


def read_roman(digits: str) -> int:
    """Value of a number in Roman figures, lower case, up to the tens."""
    values = [_ROMAN[digit] for digit in digits]
    return sum(
        -value if value < following else value
        for value, following in zip(values, [*values[1:], 0], strict=True)
    )


def _fold(text: str) -> str:
    """Lower case without accents, letter for letter."""
    plain = text.lower()
    if plain.isascii():
        return plain
    return "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))


def _unbracket(text: str) -> tuple[str, list[bool]]:
    """The text without brackets, and for each character whether it stood in some; an empty list for none."""
    if not _BRACKETS.search(text):
        return text, []
    plain: list[str] = []
    inside: list[bool] = []
    depth = 0
    for char in text:
        if char in "[<{":
            depth += 1
        elif char in "]>}":
            depth = max(depth - 1, 0)
        else:
            plain.append(char)
            inside.append(depth > 0)
    return "".join(plain), inside
