"""The block of "Key: value" lines that a transcription may begin with."""

from __future__ import annotations

import re

from retrieval.formats.prose import fold

_NAMES = {
    "title": "title",
    "date": "date, dates, dated",
    "sender": "from, sender, author, writer, creator, by",
    "recipient": "to, recipient, addressee",
    "collection": "collection",
    "call_number": "call number, call no, collection number, shelfmark, ms",
    "box": "box",
    "folder": "folder",
    "container": "container",
    "item": "item",
    "identifier": "identifier, id",
    "repository": "repository, library, archive",
    "place": "place, written at",
    "access": "access, restrictions, restriction, conditions governing access",
    "use": "use, rights, copyright",
    "language": "language",
    "extent": "extent, pages",
    "subjects": "subjects, subject",
    "names": "names, people",
    "note": "note, notes, summary, description",
    "series": "series",
    "url": "url, link",
    "preferred_citation": "preferred citation, citation",
    "": "transcriber, transcribed by, transcription, transcribed, source, status, format, type",
}
"""Keys that are understood, by field; those under "" are known and not kept."""
_FIELDS = {key: name for name, keys in _NAMES.items() for key in keys.split(", ")}
_KEY_LINE = re.compile(r"^\s{0,3}([A-Za-z][A-Za-z ._-]{0,30}?)\s*:\s*(.*)$")
RULE = re.compile(r"^\s*[-=*_]{3,}\s*$")
"""A line that only divides."""


def split_header(text: str) -> tuple[dict[str, str], str]:
    """The block of "Key: value" lines at the top, by field, and the text below it.

    Two known keys, or a Title, make it a block: a letter may begin with "To: my brother" by itself.
    """
    lines = text.split("\n")
    found: dict[str, str] = {}
    at, last, known = 0, "", 0
    while at < len(lines) and (not lines[at].strip() or RULE.match(lines[at])):
        at += 1
    while at < len(lines):
        line = lines[at]
        match = _KEY_LINE.match(line)
        key = " ".join(re.split(r"[ ._-]+", match[1].lower())).strip() if match else ""
        if match and key in _FIELDS:
            last = _FIELDS[key]
            known += 1
            if last and match[2].strip():
                found[last] = fold(f"{found[last]}; {match[2]}" if last in found else match[2])
        elif line.startswith((" ", "\t")) and line.strip() and last and last in found:
            found[last] = fold(f"{found[last]} {line}")
        else:
            break
        at += 1
    if known < 2 and "title" not in found:
        return {}, text
    if at < len(lines) and RULE.match(lines[at]):
        at += 1
    return found, "\n".join(lines[at:])
