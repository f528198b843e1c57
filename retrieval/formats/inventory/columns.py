"""Which column of an inventory is what: guessed from plain headers, or told by a small TOML file.

collection = "Harbour Workers' Union records"     # fixed values for the whole file
call_number = "MS 204"
[columns]
identifier = "ref_no"
title = "item description"
date = ["from", "to"]                              # several columns are joined
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from retrieval.errors import SourceError

FIELDS = frozenset(
    "identifier title date end_date creator description box folder container extent access use subjects "
    "names language url level series collection call_number repository sender recipient "
    "preferred_citation".split()
)
FIXED = frozenset(
    "collection call_number repository creator access use preferred_citation language extent description "
    "date identifier url".split()
)
_SYNONYMS = {
    "identifier": "id identifier itemid itemno itemnumber no number ref reference refno referencecode "
    "referencenumber findingaidreference catalogueno catalogno catalognumber catalogueid "
    "componentid unitid localidentifier accession accessionno accessionnumber objectid "
    "objectnumber objectno itemnum photono photonumber negativenumber recordid barcode",
    "title": "title itemtitle foldertitle filetitle unittitle name label heading caption titleitem",
    "date": "date dates year years daterange inclusivedates datecreated creationdate unitdate eventdates "
    "startdate datefrom begindate dateexpression datescreation",
    "end_date": "enddate dateto",
    "creator": "creator creators author authors photographer artist maker writer origination createdby",
    "sender": "from sender correspondent",
    "recipient": "to recipient addressee",
    "description": "description desc scope scopeandcontent scopecontent contents content summary abstract "
    "note notes remarks comments details itemdescription text transcription value",
    "box": "box boxno boxnumber carton container1 boxid",
    "folder": "folder folderno foldernumber file fileno filenumber container2",
    "container": "container containers location shelfmark shelflocation unit volume album storage instance",
    "extent": "extent quantity size extentandmedium physicaldescription physdesc pages noitems items format "
    "medium dimensions",
    "access": "access restrictions restriction accessrestrictions accessconditions "
    "conditionsgoverningaccess accessrestrict accessstatus",
    "use": "use rights copyright reproduction userestrict conditionsgoverninguse reproductionconditions "
    "rightsstatement",
    "subjects": "subject subjects topic topics keyword keywords tags place places subjectaccesspoints genre "
    "objectname objecttype documenttype materialtype process technique",
    "names": "names people persons person sitters nameaccesspoints individuals",
    "language": "language languages lang",
    "url": "url link uri href digitalobject digitalobjecturi permalink digitalcopy",
    "level": "level leveldescription",
    "series": "series seriestitle group grouptitle groupnotes subseries",
    "collection": "collection collectiontitle collectionname fonds",
    "call_number": "callnumber callno collectionnumber collectionid msno collectioncallnumber",
    "repository": "repository library institution archive holdinginstitution",
    "preferred_citation": "preferredcitation citation prefercite",
}  # fmt: skip
_EMPTY_WORDS = frozenset({"value", "raw", "original", "field", "column", "the", "of"})
"""Exports of transcribed lists call a column and its certainty `text_value` and `text_confidence`."""
_FIELD_OF = {synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms.split()}
_TELLING = {
    "date": "date", "dated": "date", "location": "container", "shelf": "container", "store": "container",
    "photographer": "creator", "maker": "creator", "artist": "creator", "author": "creator",
    "access": "access", "restrictions": "access", "copyright": "use", "rights": "use",
    "people": "names", "persons": "names", "sitter": "names", "sitters": "names", "depicted": "names",
    "places": "subjects", "description": "description",
}  # fmt: skip
"""Words that tell what a longer header is, "Photographer / Maker", "Date Made", "Store Location", where
nothing plainer does. Other columns are left out: an inventory also has donors, values and notes of staff."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Columns by field, as positions in a row, and values that hold for the whole file."""

    columns: Mapping[str, tuple[int, ...]]
    fixed: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[str, ...] = ()


def normalise(header: str) -> str:
    """A header as compared with the synonyms: letters and digits only, without words that say nothing."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).lower())
    return "".join(word for word in words if word not in _EMPTY_WORDS) or "".join(words)


def field_of(header: str) -> str:
    """The field that a plain header names, "" for none."""
    return _FIELD_OF.get(normalise(header), "")


def count_known(headers: Sequence[str]) -> int:
    """How many different fields the headers name."""
    return len({_FIELD_OF[key] for header in headers if (key := normalise(header)) in _FIELD_OF})


def find_mapping(path: Path, told: str = "") -> Path | None:
    """The TOML for a CSV: the one told, else `<name>.columns.toml` or `columns.toml` beside it."""
    if told:
        return Path(told)
    beside = (path.with_name(f"{path.stem}.columns.toml"), path.with_name("columns.toml"))
    return next((file for file in beside if file.is_file()), None)


def guess(path: Path, headers: Sequence[str], line: int) -> ColumnMap:
    """Mapping by plain headers. Raises SourceError when none says what a row is."""
    columns: dict[str, tuple[int, ...]] = {}
    for position, header in enumerate(headers):
        name = field_of(header)
        if name and (name not in columns or name in {"description", "subjects", "names", "series"}):
            columns[name] = (*columns.get(name, ()), position)
    for position, header in enumerate(headers):
        words = re.findall(r"[a-z]+", header.lower())
        name = next((_TELLING[word] for word in words if word in _TELLING), "")
        if name and name not in columns and not field_of(header):
            columns[name] = (position,)
    if not columns.keys() & {"title", "description"} and not {"sender", "recipient"} <= columns.keys():
        raise _unknown_headers(path, headers, line)
    return ColumnMap(columns, {}, tuple(headers))


def load(path: Path, mapping_file: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Columns by field, as header names, and fixed values, from a TOML. Raises SourceError."""
    try:
        told = tomllib.loads(mapping_file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(
            mapping_file, f"cannot be read: {error.strerror}", remedy=f"it maps {path.name}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(mapping_file, f"is not valid TOML: {error}", remedy="correct it") from None
    columns = told.pop("columns", {})
    strange = [key for key in told if key not in FIXED or not isinstance(told[key], str)]
    if not isinstance(columns, dict):
        raise SourceError(mapping_file, "has a `columns` that is no table", remedy="write [columns]")
    strange += [f"columns.{key}" for key in columns if key not in FIELDS]
    if strange:
        raise SourceError(
            mapping_file,
            f"sets {', '.join(strange)}, which means nothing here",
            remedy=f"[columns] knows {', '.join(sorted(FIELDS))}; above it stand {', '.join(sorted(FIXED))}",
        )
    by_name: dict[str, tuple[str, ...]] = {}
    for key, value in columns.items():
        names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else ()
        if not names or not all(isinstance(name, str) for name in names):
            raise SourceError(
                mapping_file, f"columns.{key} is {value!r}", remedy="name one header or a list of them"
            )
        by_name[key] = names
    return by_name, told


def place(
    path: Path,
    headers: Sequence[str],
    told: Mapping[str, tuple[str, ...]],
    fixed: Mapping[str, str],
    line: int,
) -> ColumnMap:
    """The told columns as positions. Raises SourceError for a header that is not there."""
    positions = {header.strip().lower(): number for number, header in reversed(list(enumerate(headers)))}
    missing = [name for names in told.values() for name in names if name.strip().lower() not in positions]
    if missing:
        named = ", ".join(map(repr, missing))
        problem = f"has no column {named}, which its mapping names; its headers are {_list(headers)}"
        raise SourceError(path, problem, line=line, remedy="correct the mapping")
    columns = {key: tuple(positions[name.strip().lower()] for name in names) for key, names in told.items()}
    return ColumnMap(columns, dict(fixed), tuple(headers))


def _unknown_headers(path: Path, headers: Sequence[str], line: int) -> SourceError:
    return SourceError(
        path,
        f"has no column known as a title or description; its headers are {_list(headers)}",
        line=line,
        remedy=f'write {path.stem}.columns.toml beside it, with [columns] and title = "..."',
    )


def _list(headers: Sequence[str]) -> str:
    shown = [repr(header.strip()[:40]) for header in headers[:25]]
    return ", ".join(shown) + (f" and {len(headers) - 25} more" if len(headers) > 25 else "")
