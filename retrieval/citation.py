"""Archival citations, made from a record's fields and nothing else."""

from __future__ import annotations

import re

from retrieval.records import Record

_LEAD = re.compile(r"^\s*(?:preferred citation|cite as|citation|please cite)[^:]{0,40}:\s*", re.IGNORECASE)
_BLANK = re.compile(r"\[[^\]]*\]")
_CONTAINER_WORD = re.compile(r"box|folder|container|reel|volume|drawer", re.IGNORECASE)


def cite(record: Record) -> str:
    """The citation of a record: the collection's own preferred form filled in, or the usual chain.

    A preferred citation is a template such as "[Identification of item], [date], Marsh Family Papers,
    MS 101, Box [number], Folder [number], Harrow Point Library". Each part of it that has a blank is
    filled from the record, or left out where the record has nothing for it.
    """
    template = _LEAD.sub("", record.preferred_citation)
    if template:
        return _close(", ".join(_fill(template, record)))
    chain = [record.heading, record.container]
    for part in (record.collection, record.call_number, record.repository):
        if part not in chain and part != record.title:
            chain.append(part)
    return _close(", ".join(part for part in chain if part))


def _fill(template: str, record: Record) -> list[str]:
    """The template's parts, filled; item and container go first where it has no place for them."""
    parts = [part.strip() for part in re.split(r",(?![^\[]*\])", template)]
    has_dates = any("date" in blank.lower() for part in parts for blank in _BLANK.findall(part))
    item = "" if record.level == "collection" else record.title if has_dates else record.heading
    dates = "" if record.level == "collection" or record.dates_inherited else record.dates
    unused = [value for value in (item, record.container) if value]
    filled: list[str] = []
    for part in parts:
        value = part
        if blanks := _BLANK.findall(part):
            value = _value_for(part, blanks[0], item, dates, record.container)
            if value not in (dates, item, record.container):
                value = ""
            if len(blanks) == 1 and value == item and part != blanks[0] and value:
                value = part.replace(blanks[0], item)
        if value and value not in filled:
            filled.append(value)
    missing = [value for value in unused if not any(value in part for part in filled)]
    if missing and filled and item and item not in missing:
        place = next(number for number, part in enumerate(filled) if item in part) + 1
        while place < len(filled) and filled[place] == dates:
            place += 1
        return [*filled[:place], *missing, *filled[place:]]
    return [*missing, *filled]


def _value_for(part: str, blank: str, item: str, dates: str, container: str) -> str:
    """What fills a part with a blank; "" where the record has nothing of that kind."""
    if _CONTAINER_WORD.search(part):
        return container
    if "date" in blank.lower() and "identif" not in blank.lower() and "title" not in blank.lower():
        return dates
    if re.search(r"identif|item|title|cite|description|name", blank, re.IGNORECASE):
        return item
    return ""


def _close(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" ,;")
    return text if text.endswith(".") else f"{text}."
