"""Whether a record is the one that answers a question, and whether its container is the one named.

A record is the gold one when the gold snippet stands inside it and it comes from the gold file. Texts
are compared as words alone: no case, accents, punctuation or editorial brackets, as a heading sets its
own commas between title and dates. A snippet of a few words ("1905, January-June") stands in many
records, so there the record must also be the one that the question names.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath

from retrieval.evaluation.gold import GoldQuestion
from retrieval.records import Record

_FEW_WORDS = 6
"""A snippet of fewer words than this does not tell one record from its siblings."""
_COMPONENT = re.compile(r"^archdesc\b|/")
"""A record named by a path of elements ("archdesc/scopecontent"): the finding aid's own description."""
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(
    r"([^\W\d_]+(?:[ /-]+[^\W\d_]+)*)?\.?\s*#?\s*"
    r"(\d+[a-z]?(?:\s*(?:[-–—&,/]|and|to)\s*\d+[a-z]?)*)"
)
_NUMBER = re.compile(r"(\d+)([a-z]?)")
_OFFSITE = re.compile(r"^off ?site ")
_SAME_KIND = {"mixed materials": "box", "mixed material": "box", "bx": "box", "fldr": "folder", "f": "folder",
              "file": "folder", "vol": "volume", "mapcase": "map case"}  # fmt: skip
_LONGEST_RANGE = 1000


def is_gold(record: Record, question: GoldQuestion) -> bool:
    """Whether a record is the one that the question names as its answer."""
    if not _comes_from(record, question):
        return False
    if not question.snippet:
        return _is_named(record, question.record)
    wanted = fold_words(question.snippet)
    if not _holds(record, wanted):
        return False
    return len(wanted.split()) >= _FEW_WORDS or not question.record or _is_named(record, question.record)


def answers_as_well(record: Record, question: GoldQuestion) -> int:
    """The place in `question.also` of what this record is, from 1; 0 when it is none of them."""
    if not _comes_from(record, question):
        return 0
    for place, other in enumerate(question.also, start=1):
        if record.id.endswith(other) or _holds(record, fold_words(other)):
            return place
    return 0


def names_container(container: str, wanted: str) -> bool:
    """Whether `container` says every part of `wanted`: "Box 9, Folder 2" does say "box 9".

    Kinds of container are compared in the singular, numbers by overlap of what they list, so that one
    folder of "Folders 8-9" is right. "Mixed Materials 9", as ArchivesSpace exports a box, is box 9.
    """
    found, asked = read_container(container), read_container(wanted)
    if not asked:
        return bool(wanted.strip()) and f" {fold_words(wanted)} " in f" {fold_words(container)} "
    return all(numbers & found.get(kind, frozenset()) for kind, numbers in asked.items())


def read_container(text: str) -> dict[str, frozenset[str]]:
    """Kind of container to the numbers listed: "Box 8, Folders 8-9" gives box 8 and folder 8, 9."""
    parts: dict[str, frozenset[str]] = {}
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.lower().replace("_", " "))
        if not unicodedata.combining(letter)
    )
    for kind, numbers in _PART.findall(plain):
        name = _name_kind(kind)
        parts[name] = parts.get(name, frozenset()) | _list_numbers(numbers)
    return parts


def fold_words(text: str) -> str:
    """Words of a text, lower case, without accents, brackets or punctuation, one space between."""
    plain = text.replace("[", "").replace("]", "").casefold()
    letters = unicodedata.normalize("NFKD", plain)
    return " ".join(_WORD.findall("".join(char for char in letters if not unicodedata.combining(char))))


def text_of(record: Record) -> str:
    """Everything that a record says itself, in one text: conditions inherited from above are not its own."""
    own_access = record.access if record.access_from in ("", record.title) else ""
    return "\n".join(
        [
            record.heading, record.text, record.extent, own_access, record.use, record.creator,
            record.call_number, record.container, *record.names, *record.subjects, *record.breadcrumb,
        ]
    )  # fmt: skip


def _comes_from(record: Record, question: GoldQuestion) -> bool:
    files = [file for file in (question.file, question.also_in) if file]
    source = f"/{record.source}"
    if not files or not record.source:
        return True
    return any(source.endswith(f"/{file}") or f"/{file}".endswith(source) for file in files)


def _holds(record: Record, words: str) -> bool:
    """Whether the words stand in the record one after another, from the start of one to the end of one."""
    return bool(words) and f" {words} " in f" {fold_words(text_of(record))} "


def _is_named(record: Record, name: str) -> bool:
    """Whether `name` is this record: its id, file or heading, or words that all stand in it and above."""
    if not name:
        return False
    told = f" {fold_words(name)}"
    if f" {fold_words(record.id)}".endswith(told) or f" {fold_words(PurePath(record.source).stem)}" == told:
        return True
    if _COMPONENT.search(name) and " " not in name:
        return record.level == "collection" or name in record.identifiers
    place = set(fold_words(" ".join([text_of(record), record.title, record.dates])).split())
    return place.issuperset(fold_words(name).split())


def _name_kind(kind: str) -> str:
    words = " ".join(kind.replace("-", " ").replace("/", " ").split())
    words = _OFFSITE.sub("", words)  # says where it stands, not which box it is, as "oversize" does
    single = "box" if words in ("box", "boxes") else re.sub(r"s$", "", words)
    return _SAME_KIND.get(words, _SAME_KIND.get(single, single))


def _list_numbers(text: str) -> frozenset[str]:
    listed: set[str] = set()
    for part in re.split(r"\s*(?:[&,/]|and)\s*", text):
        ends = _NUMBER.findall(part)
        listed |= {f"{int(number)}{letter}" for number, letter in ends}
        if len(ends) == 2 and 0 < int(ends[1][0]) - int(ends[0][0]) < _LONGEST_RANGE:
            listed |= {str(number) for number in range(int(ends[0][0]), int(ends[1][0]) + 1)}
    return frozenset(listed)
