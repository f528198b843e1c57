"""What single MARC fields say: text in order, headings, roles, and 880 beside what it is linked to."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pymarc import Field, Indicators, Subfield
from pymarc import Record as MarcRecord

from retrieval.formats.catalogue.text import is_placeholder, strip_heading, tidy

_TYPED_DELIMITER = re.compile(r"\s*[|‡ǂ]\s?([a-z0-9])(?=\s)|\s+\$([a-z])(?=\s)")
"""Subfield marks typed into the text: "Communism |z United States"."""
_LINK = re.compile(r"^(\d{3})-(\d\d)")
_ROLE_IN_BRACKETS = re.compile(r"\(([a-z]{3})\)\s*$")

SENDERS = frozenset(
    {"aut", "author", "cre", "creator", "sender", "writer", "author of letter", "letter writer"}
)
RECIPIENTS = frozenset({"rcp", "addressee", "recipient"})
CORRESPONDENTS = frozenset({"crp", "correspondent"})
KEEPERS = frozenset({"rps", "repository", "owner", "own", "depositary", "dpt"})
MAKERS = frozenset(
    "cre creator aut author col collector com compiler pht photographer art artist ctg cartographer cmp "
    "composer ive interviewee ivr interviewer drt director fmk filmmaker ltg lithographer egr "
    "engraver".split()
)


def mend_field(field: Field) -> tuple[Field, bool]:
    """The field with tidy values and typed delimiters made real; and whether text was encoded twice."""
    if field.is_control_field():  # whose spaces count
        return field, False
    subfields: list[Subfield] = []
    repaired = False
    for subfield in field.subfields:
        value, mended = tidy(subfield.value)
        repaired = repaired or mended
        subfields += _cut_typed(subfield.code, value)
    return Field(tag=field.tag, indicators=_indicators(field), subfields=subfields), repaired


def _indicators(field: Field) -> Indicators:
    return Indicators(field.indicator1 or " ", field.indicator2 or " ")


def _cut_typed(code: str, value: str) -> list[Subfield]:
    if code == "u" or not ("|" in value or "$" in value or "‡" in value or "ǂ" in value):
        return [Subfield(code, value)] if value else []
    parts = _TYPED_DELIMITER.split(value)
    found = [Subfield(code, parts[0].strip())] if parts[0].strip() else []
    for mark, other, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if text.strip():
            found.append(Subfield(mark or other, text.strip()))
    return found


def values(field: Field, codes: str) -> list[str]:
    """Values of the subfields named, in their order in the field, what was never filled in left out."""
    return [sub.value for sub in field.subfields if sub.code in codes and not is_placeholder(sub.value)]


def first(record: MarcRecord, tag: str, codes: str) -> str:
    """The subfields named of the first field of that tag that has any; else ""."""
    return next((text for field in record.get_fields(tag) if (text := " ".join(values(field, codes)))), "")


def notes(record: MarcRecord, tags: Iterable[str], codes: str) -> list[str]:
    """Texts of all fields of those tags, each on one line, those marked private left out."""
    found = [" ".join(values(field, codes)) for field in record.get_fields(*tags) if not is_private(field)]
    return [text for text in found if text]


def is_private(field: Field) -> bool:
    """Whether the field is marked as not for the public (first indicator 0 where that means private)."""
    return field.tag in {"541", "542", "561", "583"} and field.indicator1 == "0"


def read_name(field: Field) -> str:
    """A name as its heading has it, with dates and titles, without works, subdivisions and roles."""
    if field.tag[1:] == "00":
        codes = "abcqdg" if field.tag[0] not in "14" else "abcqd"
        parts = values(field, codes)
    else:
        parts = values(field, "abcdgnq" if field.tag[1:] == "11" else "ab")
    name = ""
    for part in (part.rstrip("，、") for part in parts):
        gap = (
            ""
            if not name
            else " "
            if name[-1] in ",.;:)-" or part[0] in "(," or not part[0].isdigit()
            else ", "
        )
        name += gap + part
    return strip_heading(name)


def read_heading(field: Field) -> str:
    """A subject as one line: "Communism -- United States"."""
    main = read_name(field) if field.tag[1:] in {"00", "10", "11"} else ""
    if not main:
        main = strip_heading(" ".join(values(field, "abcdgq")))
    work = strip_heading(" ".join(values(field, "t")))
    parts = [f"{main}. {work}".strip(". ") if work else main]
    parts += [strip_heading(value) for value in values(field, "vxyz")]
    return " -- ".join(part for part in parts if part)


def read_roles(field: Field) -> set[str]:
    """Roles of a name, words and three-letter codes alike, in lower case: "Author (aut)" is both."""
    roles: set[str] = set()
    for value in values(field, "j4" if field.tag[1:] == "11" else "e4"):
        text = value.strip(" .,;").lower().rpartition("/")[2]
        bracketed = _ROLE_IN_BRACKETS.search(text)
        if bracketed:
            roles.add(bracketed[1])
            text = text[: bracketed.start()].strip()
        roles.add(text)
    return roles


def read_authority_ids(field: Field) -> list[str]:
    """Identifiers of a heading in authority files: $0 and $1, as written ("(DLC)n 79043443", an address)."""
    return ["".join(value.split()) for value in values(field, "01")]


def linked_fields(record: MarcRecord, *tags: str) -> list[Field]:
    """The 880s that give fields of those tags in another script, each under the tag it stands for."""
    found: list[Field] = []
    for field in record.get_fields("880"):
        link = _LINK.match(field.get("6") or "")
        if link and link[1] in tags:
            found.append(Field(tag=link[1], indicators=_indicators(field), subfields=field.subfields))
    return found
