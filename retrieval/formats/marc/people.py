"""Names and subjects of a bibliographic MARC record: who made it, who wrote to whom, what it is about."""

from __future__ import annotations

from pymarc import Record as MarcRecord

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import strip_heading
from retrieval.formats.marc import fields as marc_fields
from retrieval.formats.marc.fields import linked_fields, read_name, values

_NAME_TAGS = ("100", "110", "111", "700", "710", "711", "720")
_SUBJECT_NAMES = ("600", "610", "611")
_SUBJECTS = ("630", "647", "648", "650", "651", "653", "654", "655", "656", "657", "690", "691", "696", "697")
_MANUSCRIPT_TYPES = "dfpt"


def read_names(record: MarcRecord, entry: Entry) -> None:
    """Set names in every script, their authorities, and who of them did what."""
    roles_of: dict[str, set[str]] = {}
    for field in record.get_fields(*_NAME_TAGS, *_SUBJECT_NAMES):
        name = strip_heading(" ".join(values(field, "a"))) if field.tag == "720" else read_name(field)
        if not name:
            continue
        said = marc_fields.read_roles(field) if field.tag[0] != "6" else set()
        if not said & marc_fields.KEEPERS:
            entry.names.append(name)
        entry.authorities += [(name, number) for number in marc_fields.read_authority_ids(field)]
        if field.tag[0] != "6":
            roles = roles_of.setdefault(name, set())
            roles |= said
            if field.tag[0] == "1":
                roles.add("main")
            work = strip_heading(" ".join(values(field, "tknp")))
            if work:
                entry.texts.append(("Related work", f"{name}. {work}"))
    entry.names += [
        name for field in linked_fields(record, *_NAME_TAGS, *_SUBJECT_NAMES) if (name := read_name(field))
    ]
    _assign_roles(roles_of, entry)


def _assign_roles(roles_of: dict[str, set[str]], entry: Entry) -> None:
    """Creators; and senders, where someone is named as the addressee. "Correspondent" may be either."""
    keepers = [name for name, roles in roles_of.items() if roles & marc_fields.KEEPERS]
    main = [name for name, roles in roles_of.items() if "main" in roles and name not in keepers]
    makers = [name for name, roles in roles_of.items() if roles & marc_fields.MAKERS and name not in main]
    entry.creators = main or makers
    entry.recipients = [name for name, roles in roles_of.items() if roles & marc_fields.RECIPIENTS]
    if entry.recipients:
        writers = [name for name, roles in roles_of.items() if roles & (marc_fields.SENDERS | {"main"})]
        writers = writers or [n for n, roles in roles_of.items() if roles & marc_fields.CORRESPONDENTS]
        entry.senders = [name for name in writers if name not in entry.recipients]
    entry.creators = [name for name in entry.creators if name not in entry.recipients]
    both = [name for name, roles in roles_of.items() if roles & marc_fields.CORRESPONDENTS]
    if both:
        entry.texts.append(("Correspondents", "; ".join(both)))
    entry.repository = keepers[0] if keepers else ""


def read_subjects(record: MarcRecord, entry: Entry) -> None:
    """Set subjects, genres among them, and places: those it is about, and where a manuscript was made."""
    for field in record.get_fields(*_SUBJECT_NAMES):
        if values(field, "tvxyz"):
            entry.subjects.append(marc_fields.read_heading(field))
    for field in record.get_fields(*_SUBJECTS):
        if field.tag == "653":
            entry.subjects += [strip_heading(value) for value in values(field, "a")]
            continue
        heading = marc_fields.read_heading(field)
        entry.subjects.append(heading)
        inside = [strip_heading(value) for value in values(field, "z")]
        if field.tag in {"651", "691"}:
            inside.insert(0, strip_heading(" ".join(values(field, "a"))))
        entry.places.append(" -- ".join(part for part in inside if part))
    for field in record.get_fields("752"):
        entry.places.append(" -- ".join(strip_heading(value) for value in values(field, "abcdfgh")))
    if str(record.leader)[6] in _MANUSCRIPT_TYPES:
        for field in record.get_fields("260", "264"):
            entry.places += [
                place for value in values(field, "a") if (place := strip_heading(value.strip("[]: ")))
            ]
    entry.places = [place for place in entry.places if "s.l." not in place.lower()]
