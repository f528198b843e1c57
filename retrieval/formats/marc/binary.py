"""MARC 21 in transmission format (ISO 2709): records cut apart, mended where their frame is wrong, decoded.

Records are found by their terminator and not by the lengths they claim, so that one wrong length
loses one record at most.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from pymarc import Record as MarcRecord
from pymarc.exceptions import PymarcException

from retrieval.errors import SourceError
from retrieval.formats.marc.encoding import drop_broken, find_codec, guess_encoding
from retrieval.formats.xml import check_size

_END_OF_RECORD, _END_OF_FIELD = b"\x1d", b"\x1e"
_LEADER, _DIRECTORY_ENTRY = 24, 12
_FRAME = re.compile(rb"[\d ]{5}[a-zA-Z \d#-]")
_FAULTS = (PymarcException, ValueError, LookupError, TypeError, ArithmeticError)

logging.getLogger("pymarc").addHandler(logging.NullHandler())  # it warns of every odd indicator


@dataclass(frozen=True, slots=True)
class MarcChunk:
    """One record of a file, or why there is none; `remark` says what had to be done to read it."""

    number: int
    record: MarcRecord | None
    problem: str = ""
    remark: str = ""


def read_binary(path: Path) -> Iterator[MarcChunk]:
    """Records of a file in order. Raises SourceError when it is empty, too large or no MARC at all."""
    check_size(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(path, f"cannot be read: {error.strerror}") from None
    if not _FRAME.match(data.lstrip()[:6]) or _END_OF_FIELD not in data:
        raise SourceError(
            path,
            "is no MARC 21: it does not begin with a record's leader (five digits and a status)",
            remedy="export it as MARC 21 (ISO 2709) or as MARCXML",
        )
    chunks = data.split(_END_OF_RECORD)
    for number, chunk in enumerate(chunks, start=1):
        frame = chunk.lstrip(b"\r\n\t \x00\x1a")
        if frame:
            is_last = number == len(chunks)
            yield _cut_off(number) if is_last else _read_one(number, frame)


def _cut_off(number: int) -> MarcChunk:
    return MarcChunk(number, None, "is cut off at the end of the file")


def _read_one(number: int, frame: bytes) -> MarcChunk:
    encoding = guess_encoding(frame)
    claimed = "utf-8" if frame[9:10] == b"a" else "marc-8"
    remark = "" if frame.isascii() or encoding == claimed else f"says {claimed} and was read as {encoding}"
    if encoding == "utf-8":
        frame, broken = drop_broken(frame)
        remark = f"has {broken} byte(s) that are not UTF-8, shown as ?" if broken else remark
    problem = "lengths are wrong"
    try:
        if _fits(frame):
            record, complaint = _parse(frame, encoding)
            return MarcChunk(number, record, remark="; ".join(filter(None, (remark, complaint))))
    except _FAULTS as error:
        problem = _say(error)
    try:
        mended, _ = _parse(_mend(frame), encoding)
    except _FAULTS:
        return MarcChunk(number, None, f"cannot be read: {problem}")
    return MarcChunk(number, mended, remark=f"has a directory that does not fit its fields ({problem})")


def _fits(frame: bytes) -> bool:
    """Whether every entry of the directory ends with a field: re-encoded text often has the old lengths."""
    base = int(frame[12:17])
    entries = range(_LEADER, base - 1, _DIRECTORY_ENTRY)
    ends = (base + int(frame[at + 7 : at + 12]) + int(frame[at + 3 : at + 7]) - 1 for at in entries)
    return all(frame[end : end + 1] == _END_OF_FIELD for end in ends)


def _say(error: Exception) -> str:
    if "invalid literal" in str(error):
        return "lengths are no numbers"
    return " ".join(str(error).split())[:120] or type(error).__name__


def _parse(frame: bytes, encoding: str) -> tuple[MarcRecord, str]:
    """One record by pymarc, its length and encoding set to what they are; and what it had to leave out.

    pymarc tells of damaged MARC-8 on the standard error stream and nowhere else.
    """
    is_utf8, is_page = encoding == "utf-8", encoding.startswith("windows")
    coding = b"a" if is_utf8 else b" "
    leader = b"%05d" % min(len(frame) + 1, 99999) + frame[5:9] + coding + frame[10:24]
    with warnings.catch_warnings(), redirect_stderr(StringIO()) as told:
        warnings.simplefilter("ignore")
        record = MarcRecord(
            leader + frame[_LEADER:] + _END_OF_RECORD,
            force_utf8=is_utf8,
            hide_utf8_warnings=True,
            file_encoding=find_codec(frame, encoding) if is_page else "iso8859-1",
        )
    return record, "has MARC-8 characters that are damaged, left out" if told.getvalue() else ""


def _mend(frame: bytes) -> bytes:
    """The record with a new directory: its tags in order, given to its fields in order.

    Raises ValueError where there are not as many of the one as of the other.
    """
    head, *fields = frame.split(_END_OF_FIELD)
    if fields and not fields[-1].strip():
        fields.pop()
    directory = head[_LEADER:]
    tags = [directory[start : start + 3] for start in range(0, len(directory), _DIRECTORY_ENTRY)]
    if not fields or len(tags) != len(fields) or any(len(field) > 9998 for field in fields):
        raise ValueError(f"{len(tags)} tags for {len(fields)} fields")
    entries, start = b"", 0
    for tag, field in zip(tags, fields, strict=True):
        entries += tag + b"%04d%05d" % (len(field) + 1, start)
        start += len(field) + 1
    base = b"%05d" % (_LEADER + len(entries) + 1)
    leader = head[:12] + base + head[17:_LEADER]
    return leader + entries + _END_OF_FIELD + _END_OF_FIELD.join(fields) + _END_OF_FIELD
