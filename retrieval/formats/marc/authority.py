"""Authority records of people, families, bodies and places. Field numbers: https://www.loc.gov/marc/authority/.

They describe no holdings. What a patron may ask of them is who someone was, and by what other names.
"""

from __future__ import annotations

import re

from pymarc import Record as MarcRecord

from retrieval.formats.catalogue.entry import AUTHORITY_FILE, Entry
from retrieval.formats.catalogue.text import strip_heading
from retrieval.formats.languages import name_languages
from retrieval.formats.marc import fields as marc_fields
from retrieval.formats.marc.fields import read_name, values

_HEADINGS = ("100", "110", "111", "151")
_VARIANTS = ("400", "410", "411", "451")
_RELATED = ("500", "510", "511", "551")
_DATES = {"f": "Born", "g": "Died", "s": "From", "t": "Until", "q": "Established", "r": "Ended"}
_PLACES = {
    "a": "Born in", "b": "Died in", "c": "Country", "e": "Place of residence or seat", "f": "Other place",
}  # fmt: skip
_FACTS = {
    "368": ("Described as", "abcd"), "372": ("Field of activity", "a"), "373": ("Affiliation", "a"),
    "374": ("Occupation", "a"), "376": ("Family", "ab"), "378": ("Fuller form of name", "q"),
    "678": ("Biography or history", "ab"), "680": ("", "ia"), "670": ("Source", "ab"),
}  # fmt: skip
"""Fields that are read, and no others: 667 is for cataloguers, 371 may be a private address."""


def read_authority(record: MarcRecord) -> Entry | None:
    """The entry of a person, family, body or place; None for subjects, genres and titles."""
    heading = next(iter(record.get_fields(*_HEADINGS)), None)
    if heading is None or heading.get("t"):
        return None
    entry = Entry(level="item", host=AUTHORITY_FILE, is_dateless=True)
    entry.title = read_name(heading)
    if not entry.title:
        return None
    number = next(((field.data or "") for field in record.get_fields("001")), "")
    numbers = [number, *(value for f in record.get_fields("010", "024", "035") for value in values(f, "a"))]
    entry.identifiers = [re.sub(r"\s+", "", value) for value in numbers if value.strip()]
    entry.id = next(iter(entry.identifiers), "")
    if entry.id:
        entry.authorities.append((entry.title, entry.id))
    variants = [read_name(field) for field in record.get_fields(*_VARIANTS)]
    variants += [read_name(field) for field in marc_fields.linked_fields(record, *_HEADINGS, *_VARIANTS)]
    variants = [name for name in dict.fromkeys(variants) if name and name != entry.title]
    entry.names = [entry.title, *variants] if heading.tag != "151" else []
    if variants:
        entry.texts.append(("Also known as", "; ".join(variants)))
    _read_life(record, entry)
    for field in record.get_fields(*_RELATED):
        related = read_name(field)
        said = " ".join(values(field, "i")).rstrip(": ")
        if related:
            entry.texts.append(("Related", f"{said}: {related}" if said else related))
    return entry


def _read_life(record: MarcRecord, entry: Entry) -> None:
    for field in record.get_fields("046"):
        entry.texts += [(label, value) for code, label in _DATES.items() for value in values(field, code)]
    for field in record.get_fields("370"):
        for code, label in _PLACES.items():
            for value in values(field, code):
                place = strip_heading(value)
                entry.texts.append((label, place))
                entry.places.append(place)
    for field in record.get_fields(*_FACTS):
        label, codes = _FACTS[field.tag]
        text = " ".join(values(field, codes))
        if text:
            entry.texts.append((label, text))
    for field in record.get_fields("372", "374"):
        entry.subjects += [strip_heading(value) for value in values(field, "a")]
    languages = name_languages(value for field in record.get_fields("377") for value in values(field, "a"))
    if languages:
        entry.texts.append(("Language used", languages))
