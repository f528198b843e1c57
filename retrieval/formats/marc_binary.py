"""MARC 21 in transmission format (ISO 2709): records cut apart, mended where their frame is wrong, decoded.

Records are found by their terminator and not by the lengths they claim, so that one wrong length
loses one record at most. What encoding a record is in is decided by its bytes, since leader/09 is
wrong in many files.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pymarc import Record as MarcRecord
from pymarc import marc8_to_unicode

from retrieval.errors import SourceError
from retrieval.formats.xml import check_size

_END_OF_RECORD, _END_OF_FIELD = b"\x1d", b"\x1e"
_LEADER, _DIRECTORY_ENTRY = 24, 12
_FRAME = re.compile(rb"[\d ]{5}[a-zA-Z \d#-]")
_ESCAPE = 0x1B
_ACCENTS = range(0xE0, 0xFF)
"""Where MARC-8 (ANSEL) keeps its accents, which stand before their letter."""
_UNUSED = frozenset(range(0xD0, 0xE0)) | frozenset(range(0x8F, 0xA0)) | {0x80, 0x82, 0x84, 0x85, 0xFC, 0xFF}
"""Bytes that ANSEL does not use, and Windows-1252 uses for capitals, quotation marks and ü."""
_UNDERSCORE = 0xF6
"""In Windows-1252 this is ö, before letters most of which can be underscored."""
_NOT_IN_WINDOWS = b"\x81\x8d\x8f\x90\x9d"
_CLAIMED = {"utf-8": "a", "marc-8": " ", "windows-1252": " "}


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
    try:
        return MarcChunk(number, _parse(frame, encoding), remark=remark)
    except (ValueError, LookupError, TypeError, ArithmeticError) as error:
        problem = _say(error)
    except Exception as error:  # pymarc's own errors share no base with the built-in ones
        problem = _say(error)
    try:
        mended = _parse(_mend(frame), encoding)
    except Exception:
        return MarcChunk(number, None, f"cannot be read: {problem}")
    return MarcChunk(number, mended, remark=f"has a directory that does not fit its fields ({problem})")


def _say(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _parse(frame: bytes, encoding: str) -> MarcRecord:
    """One record by pymarc, its length and encoding set to what they are."""
    single_bytes = "cp1252"
    if encoding == "windows-1252" and frame.translate(None, _NOT_IN_WINDOWS) != frame:
        single_bytes = "latin-1"
    leader = b"%05d" % min(len(frame) + 1, 99999) + frame[5:9] + _CLAIMED[encoding].encode() + frame[10:24]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return MarcRecord(
            leader + frame[_LEADER:] + _END_OF_RECORD,
            force_utf8=encoding == "utf-8",
            utf8_handling="replace",
            hide_utf8_warnings=True,
            file_encoding=single_bytes if encoding == "windows-1252" else "iso8859-1",
        )


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


def guess_encoding(frame: bytes) -> str:
    """ "utf-8", "marc-8" or "windows-1252", by the bytes of one record.

    What decodes as UTF-8 is UTF-8: MARC-8 puts accents before ASCII letters, which UTF-8 never does.
    The other two are told apart by how many accents make, with the letter behind them, a letter in
    use: an acute before "e" does, the é of "Québec" (in MARC-8 a caron) before its "b" does not.
    """
    if _ESCAPE in frame:
        return "marc-8"
    says_utf8 = frame[9:10] == b"a"
    try:
        frame.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8" if not frame.isascii() or says_utf8 else "marc-8"
    fits, misfits = 0, sum(byte in _UNUSED for byte in frame)
    for place in range(_LEADER, len(frame) - 1):
        if frame[place] in _ACCENTS and frame[place + 1] not in _ACCENTS:
            good = _makes_letter(frame[place : place + 2])
            fits, misfits = fits + good, misfits + (not good)
    if fits == misfits:
        return "windows-1252" if says_utf8 else "marc-8"
    return "marc-8" if fits > misfits else "windows-1252"


def _makes_letter(pair: bytes) -> bool:
    try:
        made = unicodedata.normalize("NFC", marc8_to_unicode(pair, True))
    except (UnicodeDecodeError, ValueError):
        return False
    common = made < "\u0180" or ("\u1e00" <= made <= "\u1eff" and pair[0] != _UNDERSCORE)
    return len(made) == 1 and made.isalpha() and common
