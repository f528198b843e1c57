"""Bytes of unknown encoding as text."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from train.pairs.exchange.reading import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOKED_AT = 4_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text without its byte order mark, and the encoding it was in. `line` is where it was first not UTF-8,
    0 where that was never so."""

    text: str
    encoding: str
    line: int = 0

    @property
    def remark(self) -> str:
        """What to say of an encoding that had to be guessed; "" of one that is certain."""
        if not self.line:
            return ""
        return f"from line {self.line} on there are lines that are not UTF-8; they were read as Windows-1252"


def decode(raw: bytes) -> Decoded:
    """UTF-8, UTF-16 and UTF-32 by their marks, UTF-16 without one, else UTF-8, else Windows-1252.

    Raises Unreadable for an empty file and for bytes that are no text at all.
    """
    decoded = _decode(raw)
    if not decoded.text.strip("\x00 \t\r\n"):
        raise Unreadable("the file is empty", "Choose another one")
    return decoded


def _decode(raw: bytes) -> Decoded:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return Decoded(_decode_as(raw[len(mark) :], name), name)
    if name := _guess_utf16(raw[:_LOOKED_AT]):
        return Decoded(_decode_as(raw, name), name)
    try:
        return Decoded(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        return _read_as_windows(raw, error.start)


def _decode_as(raw: bytes, encoding: str) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        name = encoding.removesuffix("-le").removesuffix("-be").upper()
        raise Unreadable(f"the file is not the {name} it says it is", "Save it again as UTF-8") from None


def _guess_utf16(head: bytes) -> str:
    """Text in Latin letters has a zero in every other byte of UTF-16."""
    if len(head) < 4 or b"\x00" not in head:
        return ""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) // 2
    if odd > half * 0.7 and even < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.7 and odd < half * 0.1 else ""


def _read_as_windows(raw: bytes, start: int) -> Decoded:
    """What Excel saves as "CSV" on Windows; line by line, as files are put together from several."""
    if raw.count(0) > len(raw) // 100:
        raise Unreadable("the file is no text", "Export it as CSV, XLSX or JSON")
    text = "\n".join(_read_line(line) for line in raw.split(b"\n"))
    return Decoded(text, "cp1252", raw.count(b"\n", 0, start) + 1)


def _read_line(line: bytes) -> str:
    """Latin-1 where a byte means nothing in Windows-1252."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")
