"""Dates of a MARC record: as written, and as 008 has them coded."""

from __future__ import annotations

import re

from pymarc import Record as MarcRecord

from retrieval.dates import parse_years
from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import strip_heading
from retrieval.formats.marc.fields import values

_RANGES = frozenset("cdikmqu")
"""Types of date (008/06) whose two years are a beginning and an end."""
_COPYRIGHT = re.compile(r"^[c©℗p]\s*(?=\d{4})")
_WIDEST = 300
"""Years beyond which a written range is one year in two calendars."""
_OPEN = re.compile(r"-[\s\]>)]*$")


def read_dates(record: MarcRecord, entry: Entry) -> None:
    """Set `dates` and `machine_dates`.

    Dates of creation (245 $f, $g) come before those of an imprint. The years of an imprint are taken
    from 008 where it says more: "1365- [1986-]" is one year in two calendars, "1941-" began then.
    """
    coded = _coded(record)
    for field in record.get_fields("245"):
        inclusive, bulk = (strip_heading(" ".join(values(field, code))) for code in "fg")
        if inclusive or bulk:
            said = bulk.lower()
            named = bulk if not bulk or "bulk" in said or "predom" in said else f"bulk {bulk.strip('()')}"
            gap = " " if named.startswith("(") else ", "
            entry.dates = gap.join(part for part in (inclusive, named) if part)
            entry.machine_dates = coded
            return
    written = _imprint(record)
    entry.dates = written
    entry.machine_dates = coded
    if written and coded:
        years, stated = parse_years("", coded), parse_years(written)
        if years and stated and stated[0] <= years[0] and years[1] <= stated[1]:
            two_calendars = stated[1] - stated[0] > _WIDEST
            entry.is_coded_better = two_calendars or bool(_OPEN.search(written))
    elif coded:
        entry.dates = coded.replace("/", "-").removesuffix("-")


def _imprint(record: MarcRecord) -> str:
    """Date of production or publication; that of copyright only where there is no other."""
    fields = sorted(record.get_fields("260", "264"), key=lambda field: field.indicator2 == "4")
    for field in fields:
        text = strip_heading(" ".join(values(field, "cg")))
        if text:
            return _COPYRIGHT.sub("", text)
    return ""


def _coded(record: MarcRecord) -> str:
    """Years of 008 as "1905/1912", "1905/" while it goes on; "" for none."""
    text = next((field.data or "" for field in record.get_fields("008")), "")
    kind, begin, end = text[6:7].lower(), text[7:11], text[11:15]
    if not re.fullmatch(r"\d[\du]{3}", begin) or begin == "9999":
        return ""
    if kind not in _RANGES or not re.fullmatch(r"\d[\du]{3}", end):
        return begin
    return f"{begin}/" if end == "9999" else f"{begin}/{end}"
