"""The marks of a container list in PDF: what names a box, a folder, a series, columns or a date."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retrieval.dates import date_in_title
from retrieval.formats.inventory import columns
from retrieval.formats.pdf.pages import Line

DITTO = r"(?:[\"″〃”“]|''|-\s*\"\s*-|ditto|do\.)"
_BOX = r"(?:box(?:es)?|bx\.?|carton|container|reel|vol(?:ume)?s?\.?|drawer|ms\.? box|oversize box)"
_FOLDER = r"(?:folders?|fold(?:er)?s?\.|fldr\.?|ff\.?|f\.|files?|items?|envelopes?)"
NUMBER = r"(?:(?-i:[A-Z]{1,3})[- ]?)?\d+[A-Za-z]?(?:\s*[-–/&]\s*\d+[A-Za-z]?)*"
ROW = re.compile(
    rf"^(?:(?P<ditto>{DITTO})(?:\s+|$)|(?P<kind>{_BOX})[\s:#]*(?:no\.?\s*)?(?P<box>{NUMBER})\b[\s,;:.–-]*)?"
    rf"(?:(?P<inner>{_FOLDER})[\s:#]*(?:no\.?\s*)?(?P<folder>{NUMBER}|{DITTO})(?=[\s,;:.–-]|$)[\s,;:.–-]*)?"
    r"(?P<title>.*)$",
    re.IGNORECASE,
)
SERIES = re.compile(
    r"^(?:sub-?series|series|record group|group|part|section|serie)\s+(?:[\dIVXLC]+|[A-Z])(?:[.\d]*|[A-Z]?)"
    r"\s*[:.–—-]?\s+\S",
    re.IGNORECASE,
)
NUMBERED = re.compile(r"^(?P<folder>\d{1,4}[a-z]?(?:[-–]\d{1,4})?)(?:[.):]|\s)\s*(?P<title>\S.*)$")
LEADING = re.compile(rf"^((?:(?:{NUMBER}|{DITTO})\s+)+)(\S.*)$", re.IGNORECASE)
_NO_DATE = re.compile(r"[\s,;(]+((?:n\.\s?d\.?|no date|undated)\)?)$", re.IGNORECASE)
FEWEST = 3
"""Lines that name a box or folder before they are taken for a list."""
_NOTE_LINES = 8
"""How many lines a note on the first series may have, between its heading and its first box."""


def find_start(lines: Sequence[Line]) -> int:
    """The first line of the list: a header of columns, or a box after which more boxes or folders come."""
    for at, line in enumerate(lines):
        if read_header(line.text):
            return at
        match = ROW.match(line.text)
        if match and (match["box"] or match["folder"]) and len(match["title"]) < 160:
            after = [ROW.match(each.text) for each in lines[at + 1 : at + 40]]
            if sum(bool(each and (each["box"] or each["folder"])) for each in after) >= FEWEST - 1:
                return _series_before(lines, at)
            below = lines[at + 1 : at + 4]
            if match["box"] and not match["title"] and any(NUMBERED.match(each.text) for each in below):
                return _series_before(lines, at)
    return len(lines)


def _series_before(lines: Sequence[Line], at: int) -> int:
    """Where the heading of the first series stands: a few lines above its first box, or else that box."""
    above = range(max(0, at - _NOTE_LINES), at)
    return next((n for n in above if SERIES.match(lines[n].text) and len(lines[n].text) < 100), at)


def read_header(text: str) -> tuple[str, ...]:
    """Fields of a line that only names columns, a box or folder among them."""
    words = text.split()
    fields = tuple(columns.field_of(word.strip("/|#.:")) for word in words)
    named = [name for name in fields if name]
    holds = {"box", "folder"} & set(named)
    if any(char.isdigit() for char in text):
        return ()
    return tuple(named) if 2 <= len(words) <= 8 and holds and len(named) >= max(2, len(words) - 2) else ()


def part_date(title: str) -> tuple[str, str]:
    """A title and the date at its end, which may be that it has none."""
    bare = title.rstrip(" .")
    silent = _NO_DATE.search(bare)
    if silent:
        return bare[: silent.start()].rstrip(" ,;:–-("), silent[1].rstrip(")")
    dated = date_in_title(title)
    if dated and bare.endswith(dated[0]) and (rest := bare.removesuffix(dated[0]).rstrip(" ,;:–-(")):
        return rest, dated[0]
    return title, ""
