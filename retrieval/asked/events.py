"""Times that patrons name by what happened: wars and the like, where they place something in time.

"Letters from the Civil War" is about when; "books about the Civil War" is about what, and no date. Which war
"the war" is, nobody can tell from the question: it is no date either.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.dates.calendar import FIRST_YEAR, LAST_YEAR
from retrieval.spans import Span

_EVENTS: tuple[tuple[str, str, str], ...] = (
    (r"(?:first world war|world war (?:one|i|1)|ww ?(?:1|i)|great war|erste[nr]? weltkrieg(?:s|es)?"
     r"|premiere guerre mondiale|primera guerra mundial"
     r"|primeira guerra mundial)", "1914-07-28", "1918-11-11"),
    (r"(?:second world war|world war (?:two|ii|2)|ww ?(?:2|ii)|zweite[nr]? weltkrieg(?:s|es)?"
     r"|(?:seconde|deuxieme) guerre mondiale|segunda guerra mundial)", "1939-09-01", "1945-09-02"),
    (r"spanish civil war|guerra civil espanola", "1936-07-17", "1939-04-01"),
    (r"english civil war", "1642-08-22", "1651-09-03"),
    (r"(?:american |u\.?s\.? )?civil war", "1861-04-12", "1865-12-31"),
    (r"war of 1812", "1812-06-18", "1815-02-18"),
    (r"(?:american revolution(?:ary war)?|revolutionary war|war of (?:american )?independence)",
     "1775-04-19", "1783-09-03"),
    (r"french revolution|revolution francaise", "1789-05-05", "1799-11-09"),
    (r"russian revolution", "1917-03-08", "1923-06-16"),
    (r"mexican(?:-american)? war", "1846-04-25", "1848-02-02"),
    (r"spanish[- ]american war", "1898-04-21", "1898-12-10"),
    (r"franco-prussian war|deutsch-franzosische[nr]? krieg(?:s|es)?", "1870-07-19", "1871-05-10"),
    (r"crimean war", "1853-10-16", "1856-03-30"),
    (r"(?:second )?(?:anglo-)?boer war|south african war", "1899-10-11", "1902-05-31"),
    (r"napoleonic wars?", "1803-05-18", "1815-11-20"),
    (r"seven years['’]? war", "1756-05-17", "1763-02-15"),
    (r"french and indian war", "1754-05-28", "1763-02-10"),
    (r"thirty years['’]? war|dreissigjahrige[nr]? krieg(?:s|es)?", "1618-05-23", "1648-10-24"),
    (r"korean war", "1950-06-25", "1953-07-27"),
    (r"vietnam war", "1955-11-01", "1975-04-30"),
    (r"cold war", "1947-03-12", "1991-12-26"),
    (r"(?:the )?great depression", "1929-10-29", "1939-12-31"),
    (r"prohibition(?: era)?", "1920-01-17", "1933-12-05"),
    (r"reconstruction(?: era)?", "1865-04-09", "1877-12-31"),
    (r"victorian (?:era|times|period|age)", "1837-06-20", "1901-01-22"),
    (r"edwardian (?:era|times|period|age)", "1901-01-22", "1914-07-28"),
    (r"weimar republic|weimarer republik", "1918-11-09", "1933-03-23"),
    (r"turn of the century", "1895-01-01", "1905-12-31"),
    (r"inter-?war (?:years|period|era)|between the (?:two )?(?:world )?wars", "1918-11-11", "1939-09-01"),
)  # fmt: skip
_PLACING = re.compile(
    r"\b(before|prior to|after|following|since|until|during|throughout|in|from|into|around|at|wahrend|im|vor"
    r"|nach|aus"
    r"|pendant|avant|apres|durante|antes (?:de|da)|despues de|depois da|em)\s+(?:the|der|des|dem|la|a"
    r"|l['’])?\s*$"
)
_SUBJECT = re.compile(
    r"\b(?:history|veterans?|causes?|battles?|outbreak|book|documentary|study|histories|account|accounts"
    r"|impact"
    r"|effects?|legacy|memory|participation|role|soldiers?|monument|memorial) (?:in|of|from"
    r"|during)\s+(?:the\s+)?$"
)
_BEFORE = ("before", "prior to", "until", "vor", "avant", "antes de", "antes da")
_AFTER = ("after", "following", "since", "nach", "apres", "despues de", "depois da")
_FINDERS = [(re.compile(rf"\b(?:{pattern})\b"), first, last) for pattern, first, last in _EVENTS]


@dataclass(frozen=True, slots=True)
class Event:
    """The days of, before or after an event, and the place of its words, those that place it included."""

    span: Span
    start: int
    end: int


def find_event(plain: str) -> Event | None:
    """The first event that a folded text places something in; None for none."""
    for finder, first, last in _FINDERS:
        match = finder.search(plain)
        if match is None:
            continue
        placing = _PLACING.search(plain[: match.start()])
        if placing is None or _SUBJECT.search(plain[: match.start()]):
            return None
        shown = placing.start() if placing[1] in _BEFORE + _AFTER else match.start()
        return Event(_place(placing[1], first, last), shown, match.end())
    return None


def _place(word: str, first: str, last: str) -> Span:
    beginning, end = f"{FIRST_YEAR}-01-01", f"{LAST_YEAR}-12-31"
    if word in _BEFORE:
        return Span(beginning, last if word == "until" else first, "uncertain")
    if word in _AFTER:
        return Span(first if word == "since" else last, end, "uncertain")
    return Span(first, last, "uncertain")
