"""Where the material of a MARC record is: call number, repository, container, host, address."""

from __future__ import annotations

import re

from pymarc import Record as MarcRecord

from retrieval.formats.catalogue.entry import Entry
from retrieval.formats.catalogue.text import find_address, strip_heading
from retrieval.formats.marc.fields import first, notes, values

_CALL_NUMBERS = (
    ("099", "a"), ("852", "khijm"), ("090", "ab"), ("092", "ab"), ("096", "ab"), ("098", "ab"), ("050", "ab"),
    ("055", "ab"), ("060", "ab"), ("070", "ab"), ("086", "a"),
)  # fmt: skip
_IN_CONTAINER = re.compile(
    r"\b(?:box|folder|carton|reel|volume|vol|drawer|item|album)\b\.?\s*\w", re.IGNORECASE
)
_PART_OF = re.compile(r"^(?:forms|is) part of:?\s+(?:the\s+)?([^.;]{4,150})\.?$", re.IGNORECASE)
"""How cataloguers of single items name the collection: "Forms part of: Vane papers"."""
_AGENCY_CODE = re.compile(r"^(?=.+[A-Z-])[A-Z][A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8}){0,3}$")
"""A code of the MARC list of organisations ("NyNyUA", "RU-RKP"), which has a capital inside."""
_ABOUT_IT = re.compile(
    r"contents|publisher|sample|cover|review|contributor|biograph|preview|thumb", re.IGNORECASE
)
_FINDING_AID = re.compile(r"finding|guide|inventory|register|catalog", re.IGNORECASE)


def read_place_held(record: MarcRecord, entry: Entry) -> None:
    """Set call number, repository and container; a shelf (852 $c) with a box in it is the container."""
    for tag, codes in _CALL_NUMBERS:
        entry.call_number = first(record, tag, codes)
        if entry.call_number:
            break
    for field in record.get_fields("852"):
        shelf = " ".join(values(field, "c"))
        if _IN_CONTAINER.search(shelf):
            entry.container = entry.container or shelf
        elif not entry.call_number and any(char.isdigit() for char in shelf):
            entry.call_number = shelf
        named = [value for value in values(field, "ab") if not _AGENCY_CODE.match(value)]
        stated = ", ".join(dict.fromkeys(strip_heading(value) for value in named or values(field, "a")))
        entry.repository = stated or entry.repository
        entry.texts += [("Location", value) for value in values(field, "z")]
        break


def read_host(record: MarcRecord, entry: Entry) -> None:
    """Set the collection it is part of (773), and where in it; series go into the text."""
    for field in record.get_fields("773"):
        entry.host = entry.host or strip_heading(" ".join(values(field, "t") or values(field, "a")))
        numbers = [re.sub(r"^\([^)]*\)", "", value).strip() for value in values(field, "w")]
        entry.host_id = entry.host_id or next(iter(numbers), "")
        for part in values(field, "g"):
            if _IN_CONTAINER.search(part):
                entry.container = entry.container or strip_heading(part)
            else:
                entry.texts.append(("Part", part))
    for text in notes(record, ["580", "500"], "a"):
        part_of = _PART_OF.match(text)
        if part_of and not entry.host:
            entry.host = strip_heading(part_of[1])
    if entry.level == "collection":
        entry.host = ""
    for text in notes(record, ["440", "490", "830"], "anpv"):
        entry.texts.append(("Series", strip_heading(text)))


def read_link(record: MarcRecord) -> str:
    """Address of the material or of its finding aid; pages about it, such as a publisher's, do not count."""
    found: list[tuple[int, str]] = []
    for field in record.get_fields("856"):
        said = " ".join(values(field, "3yz"))
        address = next((web for value in values(field, "u") if (web := find_address(value))), "")
        if (
            not address
            or _ABOUT_IT.search(said)
            or (field.indicator2 == "2" and not _FINDING_AID.search(said))
        ):
            continue
        found.append((0 if field.indicator2 in "01" else 1, address))
    handles = [
        text for text in notes(record, ["024"], "a") if text.lower().startswith(("http://", "https://"))
    ]
    return min(found, default=(0, handles[0] if handles else ""), key=lambda pair: pair[0])[1]
