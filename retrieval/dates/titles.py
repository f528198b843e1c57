"""Dates that stand in titles only: "1905, July-December", "Susie E. Bailey, 1905-1909"."""

from __future__ import annotations

import re
from functools import lru_cache

from retrieval.dates.reading import parse_years
from retrieval.spans import Years

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|januar|februar|märz|mai|juni|juli|oktober|dezember"
    r"|janvier|f[ée]vrier|mars|avril|juin|juillet|ao[ûu]t|septembre|octobre|novembre|d[ée]cembre"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro)\b\.?"
)
_SEASON = r"(?:spring|summer|fall|autumn|winter|christmas|easter)\b"
_YEAR_TEXT = r"(?:1[4-9]\d\d|20[0-4]\d)"
_EDGE = r"(?:circa|ca\.?|c\.|about|before|after|bulk|between|post|pre)"
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\.(?=\s*[A-Za-z]))?(?:\s+de)?"
_ONE_DATE = (
    rf"(?:{_EDGE}\s*)?(?:"
    rf"{_YEAR_TEXT}['’]?s"
    rf"|\d{{1,2}}\.\s?(?:\d{{1,2}}|[IVX]{{1,4}})\.\s?{_YEAR_TEXT}\??"
    rf"|{_YEAR_TEXT}(?:/\d{{1,2}})?\??,?\s+{_MONTH}(?:\s+{_DAY}\b)?(?:\s*[-–]\s*(?:{_MONTH}\s*)?(?:{_DAY}\b)?)?"
    rf"|(?:{_DAY}\s+)?(?:{_MONTH}|{_SEASON})(?:\s+{_DAY})?(?:\s*[-–,]\s*(?:{_MONTH}\s*)?(?:{_DAY})?)?,?\s+(?:(?:of|de|del)\s+)?{_YEAR_TEXT}\??"
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
