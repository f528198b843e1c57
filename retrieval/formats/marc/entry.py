"""A bibliographic MARC record as a catalogue entry. Field numbers: https://www.loc.gov/marc/bibliographic/."""

from __future__ import annotations

import re

from pymarc import Field
from pymarc import Record as MarcRecord

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import is_placeholder, strip_heading
from retrieval.formats.languages import name_languages
from retrieval.formats.marc.dates import read_dates
from retrieval.formats.marc.fields import first, linked_fields, notes, read_name, values
from retrieval.formats.marc.holding import read_host, read_link, read_place_held
from retrieval.formats.marc.people import read_names, read_subjects
from retrieval.formats.prose import drop_full_stop, join_items
from retrieval.records import Level

_NOTES = {
    "545": ("Biography or history", "abu"), "351": ("Arrangement", "3abc"), "500": ("", "3a"),
    "501": ("", "a"), "502": ("Dissertation", "abcdgo"), "505": ("Contents", "agrtu"),
    "508": ("Credits", "a"), "511": ("Performers", "a"), "513": ("Period covered", "ab"),
    "518": ("Date and place of event", "3adop"), "522": ("Geographic coverage", "a"),
    "530": ("Other forms available", "3abcdu"), "533": ("Reproduction", "3abcdefn"),
    "538": ("Technical requirements", "3au"), "544": ("Related material", "3adenabc"),
    "555": ("Finding aid", "3abcdu"), "580": ("", "a"), "581": ("Publications about it", "3a"),
    "585": ("Exhibitions", "3a"), "586": ("Awards", "3a"),
}  # fmt: skip
"""Notes that are read, and no others: acquisition, custody and actions (541, 561, 583) and local notes
(59X) are for staff, as their counterparts in finding aids are."""
_SUMMARIES = {
    "0": "Subjects",
    "1": "Review",
    "2": "Scope and content",
    "3": "Abstract",
    "4": "Content advice",
}
_FORM_ONLY = re.compile(
    r"^(?:papers|records|correspondence|letters?|diar(?:y|ies)|journals?|collection|manuscripts?|photographs?"
    r"|scrapbooks?|account books?|notebooks?|autographs?|sermons|memoirs?|reminiscences)$",
    re.IGNORECASE,
)
_LIFE = re.compile(r",? (?:approximately |ca\. |active |[bd]\. )?\d{4}\??(?:-(?:\d{4}\??)?)?$")
_IDENTIFIER_SPACE = re.compile(r"\s+")


def read_entry(record: MarcRecord) -> Entry:
    """Everything a patron may ask of one bibliographic record, tidied fields given."""
    entry = Entry(level=read_level(record))
    _read_notes(record, entry)
    _read_identifiers(record, entry)
    _read_title(record, entry)
    read_dates(record, entry)
    read_names(record, entry)
    read_subjects(record, entry)
    read_place_held(record, entry)
    read_host(record, entry)
    _read_conditions(record, entry)
    _read_imprint(record, entry)
    extents = [extent for field in record.get_fields("300") for extent in _extents(field)]
    entry.extent = join_items(dict.fromkeys(extents))
    entry.language = _language(record)
    entry.link = read_link(record)
    if "ark:" in entry.link or "hdl." in entry.link:
        entry.identifiers.append(entry.link)
    return entry


def read_level(record: MarcRecord) -> Level:
    """By leader/06 to 08: a collection or what is under archival control is one; its parts are not."""
    kind, bibliographic, control = (str(record.leader)[place] for place in (6, 7, 8))
    if bibliographic == "d":
        return "series" if kind in "bp" else "item"
    if bibliographic in "ab":
        return "item"
    if bibliographic == "c" or control == "a" or kind in "bp":
        return "collection"
    return "item"


def _read_identifiers(record: MarcRecord, entry: Entry) -> None:
    number = first_control(record, "001")
    entry.id = _IDENTIFIER_SPACE.sub("", number) or _IDENTIFIER_SPACE.sub("", first(record, "010", "a"))
    found = [
        number,
        *notes(record, ["010"], "a"),
        *notes(record, ["035"], "a"),
        *notes(record, ["024", "037"], "a"),
    ]
    found += [text.split()[0] for text in notes(record, ["020", "022"], "a")]
    entry.identifiers = [_IDENTIFIER_SPACE.sub("", text) for text in found if not is_placeholder(text)]


def first_control(record: MarcRecord, tag: str) -> str:
    """Text of a control field; "" where there is none."""
    return next(((field.data or "").strip() for field in record.get_fields(tag)), "")


def title_of(field: Field) -> str:
    """Title proper with part numbers and names, without responsibility, medium and dates."""
    return strip_heading(" ".join(values(field, "abknpst")))


def _read_title(record: MarcRecord, entry: Entry) -> None:
    titles = [
        text for tag in ("245", "130", "240") for field in record.get_fields(tag) if (text := title_of(field))
    ]
    entry.title = _name_form(titles[0], record) if titles else read_name_of_main(record)
    said = [strip_heading(text) for text in notes(record, ["245"], "c")]
    entry.texts += [("Responsibility", text) for text in said]
    for field in linked_fields(record, "245"):
        entry.texts.append(("Title in its own script", strip_heading(" ".join(values(field, "abnpc")))))
    others = [title_of(field) for field in record.get_fields("130", "240", "242", "246", "247", "740")]
    others += [title_of(field) for field in linked_fields(record, "246", "740", "240")]
    entry.texts += [("Other title", text) for text in dict.fromkeys(others) if text and text != entry.title]


def _name_form(title: str, record: MarcRecord) -> str:
    """A title that only says what form the material has, after its creator: "Vane, Ada. Papers"."""
    name = _LIFE.sub("", read_name_of_main(record))
    if not name or not _FORM_ONLY.match(title):
        return title
    return f"{name}{'' if name.endswith('.') else '.'} {title}"


def read_name_of_main(record: MarcRecord) -> str:
    """Name of the main entry, for a record without a title."""
    return next((name for field in record.get_fields("100", "110", "111") if (name := read_name(field))), "")


def _read_conditions(record: MarcRecord, entry: Entry) -> None:
    entry.access = " ".join(dict.fromkeys(notes(record, ["506"], "3abcdefgu")))
    entry.use = " ".join(dict.fromkeys(notes(record, ["540"], "3abcdfgu")))
    entry.preferred_citation = " ".join(notes(record, ["524"], "3a"))


def _read_notes(record: MarcRecord, entry: Entry) -> None:
    for field in record.get_fields("520", *_NOTES):
        text = " ".join(values(field, "3abcu" if field.tag == "520" else _NOTES[field.tag][1]))
        label = _SUMMARIES.get(field.indicator1, "Summary") if field.tag == "520" else _NOTES[field.tag][0]
        if field.tag == "545" and text:
            label = {"0": "Biography", "1": "History"}.get(field.indicator1, label)
        if text:
            entry.texts.append((label, text))
    for field in linked_fields(record, "520", "545", "500", "505"):
        entry.texts.append(("", " ".join(values(field, "abgrt"))))


def _read_imprint(record: MarcRecord, entry: Entry) -> None:
    entry.texts += [("Edition", text) for text in notes(record, ["250"], "ab")]
    imprints = [field for field in record.get_fields("260", "264") if values(field, "ab")]
    entry.texts += [("Published", " ".join(values(field, "abc"))) for field in imprints]


def _extents(field: Field) -> list[str]:
    """Extents of one 300, each from one $a to the next: "4.5 linear feet", "(9 boxes)"."""
    parts: list[list[str]] = []
    for sub in field.subfields:
        if sub.code == "a" or not parts:
            parts.append([])
        if sub.code in "3abcefg" and not is_placeholder(sub.value):
            parts[-1].append(sub.value)
    return [text for part in parts if (text := strip_heading(" ".join(part)))]


def _language(record: MarcRecord) -> str:
    said = re.sub(r"^In (?=[A-Z])", "", " ".join(notes(record, ["546"], "3ab")))
    codes = [value for field in record.get_fields("041") for value in values(field, "ade")]
    fixed = first_control(record, "008")[35:38]
    return drop_full_stop(said) or name_languages(codes) or name_languages([fixed] if fixed.isalpha() else [])
