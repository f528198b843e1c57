"""Text files of unknown encoding and the names of files, made readable."""

from __future__ import annotations

import re
from pathlib import Path

from retrieval.errors import SourceError
from retrieval.formats.xml import MAX_BYTES, check_size

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SMALL_WORDS = frozenset("a an and as at by for from in of on or the to with".split())


def read_text(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[str, SourceError | None]:
    """The whole text, and a note where it had to be read as Windows-1252.

    Raises SourceError for a file that is missing, empty, too large or no text at all.
    """
    check_size(path, max_bytes=max_bytes)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(path, f"cannot be read: {error.strerror}") from None
    encoding = next((name for bom, name in _BOMS if raw.startswith(bom)), "utf-8")
    note: SourceError | None = None
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            raise SourceError(path, "is not the UTF-16 it says it is", remedy="save it as UTF-8") from None
        text, note = _read_as_windows(path, raw, error)
    if "\x00" in text:
        line = text.count("\n", 0, text.index("\x00")) + 1
        raise SourceError(
            path, "holds zero bytes, so it is no text", line=line, remedy="save it as UTF-8 text"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def _read_as_windows(path: Path, raw: bytes, error: UnicodeDecodeError) -> tuple[str, SourceError]:
    line = raw.count(b"\n", 0, error.start) + 1
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    note = SourceError(
        path,
        "is not UTF-8 and was read as Windows-1252",
        line=line,
        remedy="save it as UTF-8 if accents look wrong",
    )
    return text, note


def title_from_name(name: str) -> str:
    """A file or folder name as a title: "marsh_family-letters" → "Marsh family letters"."""
    text = " ".join(re.sub(r"[_\-.]+", " ", name).split())
    return text[:1].upper() + text[1:]


def title_case(text: str) -> str:
    """A heading in capitals in ordinary title case; other text as it is."""
    if not text.isupper():
        return text
    words = text.lower().split()
    return " ".join(
        word
        if number and word in _SMALL_WORDS
        else re.sub(r"[a-zà-ÿ]", lambda m: m[0].upper(), word, count=1)
        for number, word in enumerate(words)
    )
