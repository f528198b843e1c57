"""A long text cut at its own headings: Roman numerals or "LETTER V", with or without a title.

Headings count only as a run that begins at one and goes up by one; of several such runs (a table of
contents repeats them all) the one with most text between its headings is taken.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.formats.plain_text import title_case

_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_WORD = r"(?:letter|chapter|part|no\.?|number)"
_HEADING = re.compile(
    rf"^\s*(?:(?P<word>{_WORD})\s+)?(?P<number>[IVXLC]{{1,8}}|\d{{1,3}})(?:[.:]?|[.:]\s*[-–—]*\s*(?P<title>\S.*?))\s*$",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(r"\s{2,}\d+$|\.{3,}\s*\d+$")
_NOT_A_TITLE = frozenset(
    {"contents", "illustrations", "list of illustrations", "preface", "introduction", "the end"}
)
_SHORTEST_BOOK = 12_000
_FEWEST_PARTS = 3
_SHORTEST_PART = 400


@dataclass(frozen=True, slots=True)
class Part:
    """One headed part: its number as printed, its title with the number, and its text."""

    number: str
    title: str
    text: str
    line: int


Parts = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the first part."""

    title: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class _Heading:
    line: int
    number: int
    printed: str
    title: str
    word: str


def cut_book(text: str) -> Parts:
    """The headed parts of a long text, or nothing where its headings are not plain."""
    if len(text) < _SHORTEST_BOOK:
        return ()
    lines = text.split("\n")
    run = max(_runs(list(_headings(lines))), key=lambda run: _weight(run, lines), default=[])
    if len(run) < _FEWEST_PARTS or _weight(run, lines) < _SHORTEST_PART * len(run):
        return ()
    ends = [heading.line for heading in run[1:]] + [len(lines)]
    return tuple(_part(heading, lines, end) for heading, end in zip(run, ends, strict=True))


def read_front(text: str, parts: Parts) -> Front:
    """Title, author and text of the pages before the first part."""
    lines = text.split("\n")[: parts[0].line]
    title = ""
    for line in reversed(lines[-8:]):
        words = line.strip(" _*")
        if words and words.isupper() and len(words.split()) > 1 and words.lower() not in _NOT_A_TITLE:
            title = title_case(words)
            break
    author = ""
    for number, line in enumerate(lines):
        if line.strip(" _").lower() == "by":
            author = next((after.strip(" _") for after in lines[number + 1 :] if after.strip()), "")
            break
    return Front(
        title, title_case(author), "\n".join(line for line in lines if not _PAGE_NUMBER.search(line[-40:]))
    )


def title_words(text: str) -> str:
    """A name in capitals written as names are: "MRS. CONEY" → "Mrs. Coney"."""
    return title_case(text)


def _headings(lines: list[str]) -> list[_Heading]:
    """Lines that may be headings: alone between blank lines, and no line of a table of contents."""
    found: list[_Heading] = []
    for number, line in enumerate(lines):
        match = _HEADING.match(line) if len(line) < 120 else None
        if not match or _PAGE_NUMBER.search(line[-40:].rstrip()):
            continue
        if number and lines[number - 1].strip():
            continue
        printed = match["number"]
        value = int(printed) if printed.isdigit() else _value(printed)
        if (
            not value
            or (printed.isdigit() and not match["word"])
            or (not printed.isdigit() and not printed.isupper())
        ):
            continue
        title = (match["title"] or "").strip()
        if title and not title.isupper() and not match["word"]:
            continue
        found.append(_Heading(number, value, printed, title, (match["word"] or "").capitalize()))
    return found


def _runs(headings: list[_Heading]) -> list[list[_Heading]]:
    """Runs that begin at one and go up by one."""
    runs: list[list[_Heading]] = []
    for heading in headings:
        if heading.number == 1:
            runs.append([heading])
        elif runs and heading.number == runs[-1][-1].number + 1:
            runs[-1].append(heading)
    return runs


def _weight(run: list[_Heading], lines: list[str]) -> int:
    return sum(len(line) for line in lines[run[0].line : run[-1].line])


def _part(heading: _Heading, lines: list[str], end: int) -> Part:
    start, title = heading.line + 1, heading.title
    if not title:
        at = next((number for number in range(start, min(start + 4, end)) if lines[number].strip()), None)
        if (
            at is not None
            and lines[at].strip(" _").isupper()
            and not lines[at].strip().endswith((",--", ","))
        ):
            title, start = lines[at].strip(" _"), at + 1
    label = f"{heading.word} {heading.printed}".strip()
    return Part(
        number=label,
        title=f"{label}. {title_case(title)}" if title else label if heading.word else f"Part {label}",
        text="\n".join(lines[start:end]),
        line=heading.line,
    )


def _value(roman: str) -> int:
    values = [_ROMAN[digit] for digit in roman.upper()]
    total = 0
    for value, after in zip(values, [*values[1:], 0], strict=True):
        total += -value if value < after else value
    return total
