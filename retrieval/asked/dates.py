"""The date a question asks for: which words make it up, and the days from which to which it reaches.

What a date covers is read as archivists write it (`retrieval.dates`). What a patron puts before it is
taken at its word: "before 1910" has no beginning here, where a described "before 1910" has a likely one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_letters

from retrieval.asked.events import find_event
from retrieval.asked.not_dates import blank_numbers, fold_chars
from retrieval.dates import FIRST_YEAR, LAST_YEAR, read_dates
from retrieval.dates.calendar import move_year
from retrieval.dates.words import MONTHS, SEASONS
from retrieval.implied.name_words import FIRST_NAMES
from retrieval.spans import Certainty, Span

CIRCA_REACH = 5
"""Years either way of "around 1905"."""

_NUMBER_WORDS = {
    "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "twenty-first": 21,
}  # fmt: skip
_DECADE_WORDS = {
    "twenties": 2, "thirties": 3, "forties": 4, "fifties": 5, "sixties": 6, "seventies": 7, "eighties": 8,
    "nineties": 9, "teens": 1,
}  # fmt: skip
_HUNDREDS = {"sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19}
_YEAR = r"(?:1[0-9]|20)\d\d"
_SHORT_DECADE = re.compile(r"(?<![\d'’])['’]?([2-9]0)['’]?s\b")
_SHORT_YEAR = re.compile(r"(?<!\w)['’](\d\d)\b(?!['’]?s)")
_PART_OF_DECADE = re.compile(r"\b(?:early|mid|middle|late)[\s-]+(?:the\s+)?['’]?[2-9]0['’]?s\b")
_AGE = re.compile(r"\b(?:his|her|their|my|your|our)\s+$")
""" "In her late 60s" is an age."""
_NAMED_LIKE_DATES = re.compile(
    r"(?:\b[A-Z]\.\s*|\b(?:Mrs?|Ms|Miss|Dr|Rev|Capt|Col|Prof)\.?\s+|\b([A-Z][a-z]+)\s+)"
    r"(Winters?|Summers?|Spring|Fall|March|May|June|April|August)\b(?!\s+\d{1,2}(?:st|nd|rd|th)?\b(?!\d))"
)
""" "Joseph S. Winter", "Frederic March": surnames."""
_AMBIGUOUS = {"mar", "sep", "dic", "ete", "natal", "mars"}
_PLACED = "|".join(sorted({*MONTHS, *SEASONS} - _AMBIGUOUS, key=len, reverse=True))
_DATE_WORD = (
    rf"(?:{_YEAR}(?:['’]?s\b|er\b|/\d{{1,4}}(?:/\d{{1,4}})?(?!\d)"
    rf"|\s?[-–—]\s?\d{{1,4}}(?:-\d\d?)?(?![\d-])|\b)"
    rf"|\d{{1,2}}[/.]\d{{1,2}}[/.]{_YEAR}\b"
    r"|['’]?[2-9]0['’]?s\b|['’]\d\d\b(?!['’]?s)"
    r"|\d{1,2}(?:st|nd|rd|th)[\s-]+(?:centur(?:y|ies)\b|c\.)"
    r"|\d{1,2}\.?\s+(?:jahrhunderts?)\b|(?:siglo|seculo|siecle)\s+[xvi]+\b"
    rf"|(?:{_PLACED}|mar|sep|mars)\b\.?"
    r"|\d{1,2}(?:st|nd|rd|th|er)?\b\.?(?!\d)"
    r"|(?:early|mid|middle|late|beginning|end|first half|second half|latter half|last half|first quarter"
    r"|last quarter|anfang|mitte|ende|debut|fines|finales|principios|mediados|meados)\b)"
)
_JOINT = r"(?:[\s,]+(?:(?:of|the|in|de|del|do|des|year)\s+){0,2}|\s?[-–—]\s?(?=\D)|-)"
_RUN = re.compile(rf"(?<![\w$£€.]){_DATE_WORD}(?:{_JOINT}{_DATE_WORD})*", re.IGNORECASE)
_ENDS = re.compile(
    r"^\s?(?:to|through|thru|till|until|and|or|[-–—&]|bis|und|et|y|e|a|au|ate|hasta|as late as)\s?"
    r"(?:the |about |circa )?$"
)
_BEFORE = re.compile(
    r"\b(before|prior to|earlier than|pre|antedating|predating|avant|vor|antes (?:de|del|do))[\s-]+"
    r"(?:the )?(?:year )?$"
)
_UNTIL = re.compile(
    r"\b(until|till|up to|up until|through|no later than|not later than|as late as|by|bis|jusqu'en|hasta|ate)"
    r"\s+(?:the )?(?:end of )?$"
)
_AFTER = re.compile(
    r"\b(after|later than|post|following|apres|nach|despues (?:de|del)|depois (?:de|do))[\s-]+"
    r"(?:the )?(?:year )?$"
)
_SINCE = re.compile(
    r"\b(since|from|starting(?: in)?|beginning(?: in)?|as early as|no earlier than|not before|seit|depuis|ab"
    r"|desde|a partir de)\s+(?:the )?$"
)
_ONWARD = re.compile(
    r"^\s*(?:\+|on\b(?! the| a| my)|onwards?\b|and (?:later|after|onwards?)\b|or (?:later|after)\b|forward\b"
    r"|to (?:the )?present\b|till now\b)"
)
_BACKWARD = re.compile(r"^\s*(?:and|or) (?:earlier|before|prior)\b")
_CIRCA = re.compile(
    r"\b(?:circa|ca\.?|c\.|around|(?<!what )(?<!how )about(?!\s+the\b)|roughly|approximately|approx\.?"
    r"|some ?time (?:in|around)|vers|um"
    r"|hacia"
    r"|cerca de|etwa)\s*(?:the )?(?:year )?$"
)
_LEADING = re.compile(r"\b(?:between|from|entre|zwischen|von|de)\s+(?:the |about )?$")


@dataclass(frozen=True, slots=True)
class AskedDate:
    """The days asked for; where in the question it says so, starts and ends of characters; its words.

    `of_event` says that it is the time of a war or the like: then it is a hint, and no limit.
    """

    span: Span
    areas: tuple[tuple[int, int], ...]
    label: str
    of_event: bool = False


def read_asked_date(text: str) -> AskedDate | None:
    """The date a question asks for, over all its parts; None where it names none that can be placed."""
    plain = _write_out(fold_chars(_blank_names(blank_numbers(text))))
    parts = list(_read_parts(plain, text))
    if not parts:
        return _read_event(text)
    first, last = min(part.span.first for part in parts), max(part.span.last for part in parts)
    certainties = {part.span.certainty for part in parts}
    return AskedDate(
        Span(first, last, certainties.pop() if len(certainties) == 1 else "approximate"),
        tuple(area for part in parts for area in part.areas),
        _join_labels([part.label for part in parts]),
    )


def _blank_names(text: str) -> str:
    """A text with `#` for each letter of a month or season that is somebody's surname."""
    return _NAMED_LIKE_DATES.sub(
        lambda m: (
            m[0][: m.start(2) - m.start()] + "#" * len(m[2])
            if m[1] is None or m[1].lower() in FIRST_NAMES - MONTHS.keys()
            else m[0]
        ),
        text,
    )


def _read_event(text: str) -> AskedDate | None:
    """The time of a war or the like that a question places something in, before or after."""
    found = find_event(fold_chars(text))
    if found is None:
        return None
    label = _say(text, found.start, found.end)
    return AskedDate(found.span, ((found.start, found.end),), label, of_event=True)


def _write_out(plain: str) -> str:
    """Centuries and decades in words as figures, of the same length, so that places stay."""
    plain = re.sub(
        rf"\b({'|'.join(_NUMBER_WORDS)})(?=[\s-]+century)",
        lambda m: _pad(f"{_NUMBER_WORDS[m[1]]}th", m[0]),
        plain,
    )
    plain = re.sub(
        rf"(?:(?<=\bthe )|(?<=\bearly[ -])|(?<=\blate[ -])|(?<=\bmid[ -])|(?<=\d0s to )|(?<=\d0s and ))"
        rf"(?:roaring )?({'|'.join(_DECADE_WORDS)})\b",
        lambda m: _pad(f"19{_DECADE_WORDS[m[1]]}0s", m[0]), plain,
    )  # fmt: skip
    plain = re.sub(
        rf"\b({'|'.join(_HUNDREDS)})[ -]({'|'.join(_DECADE_WORDS)})\b",
        lambda m: _pad(f"{_HUNDREDS[m[1]]}{_DECADE_WORDS[m[2]]}0s", m[0]), plain,
    )  # fmt: skip
    plain = re.sub(r"(?<!\w)(?:the ['’]?|['’])([2-9])0['’]?s\b", lambda m: _pad(f"19{m[1]}0s", m[0]), plain)
    plain = re.sub(
        rf"\b(?:annees|anos|decada de) ({_YEAR[:-4]}\d0)\b", lambda m: _pad(f"{m[1]}s", m[0]), plain
    )
    return re.sub(r"\b(1[0-9]|20)(\d0)er\b", lambda m: _pad(f"{m[1]}{m[2]}s", m[0]), plain)


def _pad(new: str, old: str) -> str:
    return new.ljust(len(old))


def _read_parts(plain: str, text: str) -> Iterator[AskedDate]:
    """Each date with what stands before and after it; two joined by "to", "and" or "or" make one."""
    runs = _find_runs(plain)
    place = 0
    while place < len(runs):
        run, start, end = runs[place], runs[place].start(), runs[place].end()
        written = run[0]
        if place + 1 < len(runs) and _ENDS.match(plain[end : runs[place + 1].start()]):
            end = runs[place + 1].end()
            written = plain[start:end]
            place += 1
        place += 1
        days = _read_days(written)
        if days is None:
            continue
        leading = _LEADING.search(plain[:start])
        framed = _frame(days, plain[:start], plain[end:], joined=end > run.end())
        if framed is None:
            continue
        shown_from = min(framed[1], leading.start() if leading and end > run.end() else framed[1])
        label = _say(text, shown_from, end + framed[2])
        yield AskedDate(framed[0], ((shown_from, end + framed[2]),), label)


def _find_runs(plain: str) -> list[re.Match[str]]:
    """The runs of words that are dates; "70s" is one behind another decade ("the 1860s and 70s")."""
    runs: list[re.Match[str]] = []
    for match in _RUN.finditer(plain):
        follows = bool(runs) and bool(_ENDS.match(plain[runs[-1].end() : match.start()]))
        decades = follows and bool(_SHORT_DECADE.search(match[0]) and re.search(r"0s\b", runs[-1][0]))
        decades = decades or (follows and _goes_on(runs[-1][0], match[0]))
        aged = _AGE.search(plain[: match.start()])
        if decades or (_names_date(match[0]) and not aged):
            runs.append(match)
    return runs


def _goes_on(run: str, after: str) -> bool:
    """ "1935 or 36": two figures of a later year of the same century."""
    year = re.search(rf"(?<!\d){_YEAR}$", run.strip())
    return bool(year and re.fullmatch(r"\d\d", after.strip()) and int(after) > int(year[0][2:]))


def _names_date(run: str) -> bool:
    """Whether a run holds a year or a month: a lone number or "early" is no date."""
    return (
        bool(_PART_OF_DECADE.search(run) or _SHORT_YEAR.search(run))
        or bool(re.search(rf"{_YEAR}|centur|jahrhundert|siglo|seculo|siecle", run))
        or (any(word.strip(".,") in MONTHS and len(word) > 2 for word in run.split()))
    )


def _read_days(written: str) -> Span | None:
    """What the words cover from their first to their last day."""
    written = re.sub(r"\s+(?:and|or|until|till|thru|through)\s+", " to ", written.replace("’", "'"))
    century = re.search(r"(?<!\d)(\d\d)\d\d", written)
    written = _SHORT_YEAR.sub(lambda m: f"{century[1] if century else 19}{m[1]}", written)
    written = _SHORT_DECADE.sub(lambda m: f"{century[1] if century else 19}{m[1]}s", written)
    spans = read_dates(" ".join(written.split())).spans
    if not spans:
        return None
    certainties: set[Certainty] = {span.certainty for span in spans}
    return Span(
        min(span.first for span in spans),
        max(span.last for span in spans),
        certainties.pop() if len(certainties) == 1 else "uncertain",
    )


def _frame(days: Span, before: str, after: str, *, joined: bool) -> tuple[Span, int, int] | None:
    """The span meant, where its words start, and how far they go on after the date."""
    beginning, end = f"{FIRST_YEAR}-01-01", f"{LAST_YEAR}-12-31"
    if onward := _ONWARD.match(after):
        since = _SINCE.search(before)
        return Span(days.first, end), since.start() if since else len(before), onward.end()
    if backward := _BACKWARD.match(after):
        return Span(beginning, days.last), len(before), backward.end()
    if joined:
        return days, len(before), 0
    if match := _BEFORE.search(before):
        return Span(beginning, _step(days.first, -1)), match.start(), 0
    if match := _UNTIL.search(before):
        return Span(beginning, days.last), match.start(), 0
    if match := _AFTER.search(before):
        return Span(_step(days.last, 1), end), match.start(), 0
    if (match := _SINCE.search(before)) and not match[1].startswith(("from", "desde", "ab", "beginning")):
        return Span(days.first, end), match.start(), 0
    if match := _CIRCA.search(before):
        return _widen(days), match.start(), 0
    return days, len(before), 0


def _widen(days: Span) -> Span:
    """ "Around" a year or longer reaches some years further; around a month or a day, some of the like."""
    first, last = date.fromisoformat(days.first), date.fromisoformat(days.last)
    if (last - first).days >= 364:
        first, last = move_year(first, -CIRCA_REACH), move_year(last, CIRCA_REACH)
    else:
        reach = timedelta(days=max(7, (last - first).days + 1))
        first, last = first - reach, last + reach
    return Span(first.isoformat(), last.isoformat(), "approximate")


def _step(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _say(text: str, start: int, end: int) -> str:
    """The words of a date as the patron put them, the last one whole."""
    while end < len(text) and text[end].isalnum():
        end += 1
    if text[start:end].lower().endswith(tuple(_HUNDREDS)):
        end += len(text[end:]) - len(text[end:].lstrip(" -").lstrip(ascii_letters))  # "nineteen-twenties"
    return " ".join(text[start:end].split()).strip(" ,.-")


def _join_labels(labels: list[str]) -> str:
    return ", ".join(labels)
