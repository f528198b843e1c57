"""Years out of what archivists write: "circa 1905", "[19]07 February 25", "1931/2", "Winter 1918-19".

Only years are kept, first and last inclusive: days and months stay readable in the text, and how far
"circa" or "before" reach is for the search to decide. The text wins over the machine date beside it,
since where the two differ the machine date is the one nobody reads. Rules follow DACS 2.4 and what
real finding aids hold.
"""

from __future__ import annotations

import re
from functools import lru_cache

Years = tuple[int, int]

FIRST_YEAR, LAST_YEAR = 1000, 2099
_WIDEST = 600

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_SEASON = r"(?:spring|summer|fall|autumn|winter|christmas|easter)\b"

_DUAL = re.compile(r"(?<!\d)(\d{4})/(\d{1,2})(?![\d/])")
_SHORT_RANGE = re.compile(
    r"(?<![\d/.])(\d{4})\s*[-–—]\s*(\d{1,2})(?![\d/]|[-–—.]\d|\s*(?:st|nd|rd|th)\b|\s+" + _MONTH + ")",
    re.IGNORECASE,
)
_DECADE_GAP = re.compile(r"(?<!\d)(1\d\d|20\d)[-–_u?](?![\du])")
_CENTURY_GAP = re.compile(r"(?<!\d)(1\d|20)(?:uu|--|––|__|\?\?|u-|-\?|u\?)(?!\d)")
_DECADE = re.compile(r"(?<!\d)(\d{3}0)['’]?s\b", re.IGNORECASE)
_CENTURY = re.compile(
    r"(?:(first half|second half|1st half|2nd half|early|mid|middle|late)[\s-]*(?:of\s+)?(?:the\s+)?)?"
    r"(?<!\d)(1[0-9]|20|21)(?:st|th)(?:\s*(?:[-–]|to|and|or)\s*(1[0-9]|20|21)(?:st|th))?[\s-]+cent(?:ur(?:y|ies)|\.)",
    re.IGNORECASE,
)
_PART_OF_CENTURY = {
    "": (0, 99),
    "early": (0, 33),
    "mid": (33, 66),
    "middle": (33, 66),
    "late": (66, 99),
    "first half": (0, 49),
    "1st half": (0, 49),
    "second half": (50, 99),
    "2nd half": (50, 99),
}
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d|[.,]\d{3}(?!\d))")
_REPUBLICAN = re.compile(
    r"\b(?:vend[ée]miaire|brumaire|frimaire|niv[ôo]se|pluvi[ôo]se|vent[ôo]se|germinal|flor[ée]al|prairial"
    r"|messidor|thermidor|fructidor)\s*,?\s*(?:l['’])?an\s+([ivx]+|\d{1,2})e?\b",
    re.IGNORECASE,
)
_ROMAN = {"i": 1, "v": 5, "x": 10}
_EDITORIAL = re.compile(r"[\[\]<>{}]")

_NORMAL_YEAR = re.compile(r"^\s*(-?)(\d{4}|\d{3}[u?x]|\d{2}[u?x]{2})(?:-?\d{2})*", re.IGNORECASE)


@lru_cache(maxsize=65536)
def parse_years(text: str, normal: str = "") -> Years | None:
    """First and last year of a date as written, or of its machine form where the text has none.

    None for "undated", for a spreadsheet serial such as 29640, and for a text without a year.
    """
    return _years_in(text) or (None if _has_serial(text) else _years_of_normal(normal))


def span(years: list[Years]) -> Years | None:
    """The span that covers all of them; None for none."""
    if not years:
        return None
    return min(first for first, _ in years), max(last for _, last in years)


def _years_in(text: str) -> Years | None:
    if not any(char.isdigit() for char in text):
        return _republican(text)
    rest = _EDITORIAL.sub("", text)
    found: list[Years] = []

    def keep(first: int, last: int) -> str:
        if FIRST_YEAR <= first <= last <= LAST_YEAR:
            found.append((first, last))
        return " "

    rest = _CENTURY.sub(lambda m: keep(*_century(m)), rest)
    rest = _CENTURY_GAP.sub(lambda m: keep(int(m[1]) * 100, int(m[1]) * 100 + 99), rest)
    rest = _DECADE.sub(lambda m: keep(*_decade(m, rest)), rest)
    rest = _DECADE_GAP.sub(lambda m: keep(int(m[1]) * 10, int(m[1]) * 10 + 9), rest)
    rest = _DUAL.sub(lambda m: keep(int(m[1]), _complete(m[1], m[2])), rest)
    rest = _SHORT_RANGE.sub(lambda m: keep(int(m[1]), _complete(m[1], m[2])), rest)
    for match in _YEAR.finditer(rest):
        keep(int(match[1]), int(match[1]))
    return span(found) or _republican(text)


def _complete(first: str, ending: str) -> int:
    """1954 and "55" → 1955; 1799 and "00" → 1800; an ending that does not go on (a month) → the first."""
    year = int(first)
    scale = 10 ** len(ending)
    last = year - year % scale + int(ending)
    if last <= year and len(ending) == 2 and year % 100 == 99 and ending == "00":
        return year + 1
    return last if last > year and not (len(ending) == 2 and int(ending) <= 12 and last - year > 40) else year


def _decade(match: re.Match[str], text: str) -> Years:
    """1890s → 1890-1899, but 1800s → the century, or its third where early, mid or late stands before."""
    first = int(match[1])
    if first % 100 or first == 2000:
        return first, first + 9
    before = text[: match.start()].lower().split()
    part = _PART_OF_CENTURY.get(before[-1].strip("-.(") if before else "", (0, 99))
    return first + part[0], first + part[1]


def _century(match: re.Match[str]) -> Years:
    """19th century → 1800-1899; "early" takes the first third, "first half" the half."""
    low, high = _PART_OF_CENTURY[(match[1] or "").lower()]
    first = (int(match[2]) - 1) * 100
    if match[3]:
        return first + low, (int(match[3]) - 1) * 100 + 99
    return first + low, first + high


def _republican(text: str) -> Years | None:
    """A year of the French Republican calendar falls into two of ours: an III → 1794-1795."""
    match = _REPUBLICAN.search(text)
    if not match:
        return None
    digits = match[1].lower()
    year = int(digits) if digits.isdigit() else _roman(digits)
    return (1791 + year, 1792 + year) if 1 <= year <= 14 else None


def _roman(digits: str) -> int:
    total = 0
    values = [_ROMAN[digit] for digit in digits]
    for value, following in zip(values, [*values[1:], 0], strict=True):
        total += -value if value < following else value
    return total


def _has_serial(text: str) -> bool:
    return bool(re.fullmatch(r"\s*\d{5}\s*", text))


def _years_of_normal(normal: str) -> Years | None:
    """Years of `1917/1955`, `1991-05-09`, `19uu`, `1905/` ..., with open ends and 9999 left out."""
    found: list[Years] = []
    for side in normal.split("/"):
        match = _NORMAL_YEAR.match(side)
        if not match or match[1]:
            continue
        digits = match[2].lower()
        first = int(re.sub("[u?x]", "0", digits))
        last = int(re.sub("[u?x]", "9", digits))
        if FIRST_YEAR <= first <= last <= LAST_YEAR:
            found.append((first, last))
    whole = span(found)
    return whole if whole and whole[1] - whole[0] <= _WIDEST else None


_YEAR_TEXT = r"(?:1[4-9]\d\d|20[0-4]\d)"
_EDGE = r"(?:circa|ca\.?|c\.|about|before|after|bulk|between|post|pre)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_ONE_DATE = (
    rf"(?:{_EDGE}\s*)?(?:"
    rf"{_YEAR_TEXT}['’]?s"
    rf"|{_YEAR_TEXT}(?:/\d{{1,2}})?\??,?\s+{_MONTH}(?:\s+{_DAY}\b)?(?:\s*[-–]\s*(?:{_MONTH}\s*)?(?:{_DAY}\b)?)?"
    rf"|(?:{_DAY}\s+)?(?:{_MONTH}|{_SEASON})(?:\s+{_DAY})?(?:\s*[-–,]\s*(?:{_MONTH}\s*)?(?:{_DAY})?)?,?\s+(?:of\s+)?{_YEAR_TEXT}\??"
    rf"|{_YEAR_TEXT}(?:/\d{{1,2}})?\??(?:,\s*{_MONTH}(?:\s+{_DAY}\b)?)?"
    rf")(?:\s*[-–]\s*{_MONTH}(?:\s+{_DAY}\b)?)?"
)
_DATE_RUN = rf"\[?{_ONE_DATE}\]?(?:\s*(?:[-–,;&]|and|to)\s*\[?(?:{_ONE_DATE}|\d\d\b|undated)\]?)*"
_AT_END = re.compile(rf"(?:^|[\s,;:(])({_DATE_RUN})[.)\]]*(?:\s*\([^()]*\))?$", re.IGNORECASE)
_AT_START = re.compile(rf"^({_DATE_RUN})(?=$|[,.:;\s])", re.IGNORECASE)
_FULL_DAY = re.compile(
    rf"\b({_MONTH}\s+{_DAY},?\s+{_YEAR_TEXT}|{_DAY}\s+{_MONTH},?\s+{_YEAR_TEXT}|{_YEAR_TEXT}\s+{_MONTH}\s+{_DAY})\b",
    re.IGNORECASE,
)
_LIFE = re.compile(
    r"(?:\b(?:b|d|born|died|fl)\.?\s*(?:ca\.?\s*)?\d{4}|[A-Z][\w.'’)]*,?\s*\(\s*(?:ca?\.?\s*)?\d{4}\??\s*[-–]\s*(?:ca?\.?\s*)?\d{4}\??\s*\))"
)
_HEADING = re.compile(
    r"^[^\d,;:]+, [^\d;:]+?, (?:ca?\.?\s*|approximately )?(\d{4})\??\s*[-–]\s*"
    r"(?:(?:ca?\.?\s*)?(\d{4})\??)?[.)]?$"
)
_SHORTEST_LIFE = 20
_EDGE_WIDTH = 160
"""How much of a very long title is looked at, at either end: the patterns are slow on long runs of dates."""


@lru_cache(maxsize=65536)
def date_in_title(title: str) -> tuple[str, Years] | None:
    """The date that a title ends or begins with (or a full day inside it) and its years; else None.

    For components whose date stands in the title only. Life dates ("Leidy, Nellie, 1865-1931",
    "Bailey (1847-1914)") are no dates of the material.
    """
    if not any(char.isdigit() for char in title):
        return None
    if len(title) > 2 * _EDGE_WIDTH:
        return date_in_title(title[-_EDGE_WIDTH:].partition(" ")[2]) or _date_at_start(title[:_EDGE_WIDTH])
    heading = _HEADING.match(title)
    if heading and (not heading[2] or int(heading[2]) - int(heading[1]) >= _SHORTEST_LIFE):
        return None
    cleared = _LIFE.sub(lambda m: "#" * len(m[0]), title)
    found = (pattern.search(cleared) for pattern in (_AT_END, _AT_START, _FULL_DAY))
    return next((dated for match in found if match and (dated := _date_of(match))), None)


def _date_at_start(title: str) -> tuple[str, Years] | None:
    match = _AT_START.match(title)
    return _date_of(match) if match else None


def _date_of(match: re.Match[str]) -> tuple[str, Years] | None:
    text = match[1].strip(" ,;.")
    years = parse_years(text)
    return (text, years) if years else None
