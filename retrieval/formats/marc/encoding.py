"""What encoding a binary MARC record is in, by its bytes: leader/09 is wrong in many files."""

from __future__ import annotations

import re
import unicodedata

from pymarc import marc8_to_unicode

_LEADER = 24
_ESCAPE = 0x1B
_ACCENTS = range(0xE0, 0xFF)
"""Where MARC-8 (ANSEL) keeps its accents, which stand before their letter."""
_UNUSED = frozenset(range(0xD0, 0xE0)) | frozenset(range(0x8F, 0xA0)) | {0x80, 0x82, 0x84, 0x85, 0xFC, 0xFF}
"""Bytes that ANSEL does not use, and Windows-1252 uses for capitals, quotation marks and ü."""
_UNDERSCORE = 0xF6
"""In Windows-1252 this is ö, before letters most of which can be underscored."""
_LANGUAGE = re.compile(rb"\x1e\d{6}[a-z|][^\x1e]{28}([a-z]{3})[^\x1e]{0,2}\x1e")
"""008/35-37."""
_CODE_PAGES = {
    "windows-1250": b"pol cze ces slo slk hun hrv scr slv rum ron alb",
    "windows-1251": b"rus ukr bel bul mac mkd srp scc",
    "windows-1253": b"gre ell",
    "windows-1254": b"tur",
    "windows-1255": b"heb yid",
    "windows-1256": b"ara per fas urd",
    "windows-1257": b"lit lav est",
}
"""Which code page a language was kept in where MARC-8 and Unicode were not; all others: Windows-1252."""
_BROKEN = re.compile("[\udc80-\udcff]")


def guess_encoding(frame: bytes) -> str:
    """ "utf-8", "marc-8" or a Windows code page.

    What decodes as UTF-8, but for a few damaged bytes, is UTF-8: MARC-8 puts accents before ASCII
    letters, which UTF-8 never does. MARC-8 and the code pages are told apart by how many accents make,
    with the letter behind them, a letter in use: an acute before "e" does, the é of "Québec" (in MARC-8
    a caron) before its "b" does not.
    """
    if _ESCAPE in frame:
        return "marc-8"
    says_utf8 = frame[9:10] == b"a"
    if frame.isascii():
        return "utf-8" if says_utf8 else "marc-8"
    try:
        frame.decode("utf-8")
    except UnicodeDecodeError:
        text = frame.decode("utf-8", "surrogateescape")
    else:
        return "utf-8"
    broken = len(_BROKEN.findall(text))
    if sum(not char.isascii() for char in text) >= 3 * broken:
        return "utf-8"
    fits, misfits = 0, sum(byte in _UNUSED for byte in frame)
    for place in range(_LEADER, len(frame) - 1):
        if frame[place] in _ACCENTS and frame[place + 1] not in _ACCENTS:
            good = _makes_letter(frame[place : place + 2])
            fits, misfits = fits + good, misfits + (not good)
    if fits > misfits or (fits == misfits and not says_utf8):
        return "marc-8"
    return _code_page(frame)


def drop_broken(frame: bytes) -> tuple[bytes, int]:
    """The record with "?" for every byte that is not UTF-8, so that lengths stay; and how many there were."""
    text, count = _BROKEN.subn("?", frame.decode("utf-8", "surrogateescape"))
    return text.encode(), count


def find_codec(frame: bytes, encoding: str) -> str:
    """The Python codec for a code page; Latin-1 where the record has bytes that the page leaves empty."""
    try:
        frame.decode(encoding)
    except UnicodeDecodeError:
        return "latin-1"
    return encoding


def _makes_letter(pair: bytes) -> bool:
    try:
        made = unicodedata.normalize("NFC", marc8_to_unicode(pair, True))
    except (UnicodeDecodeError, ValueError):
        return False
    common = made < "\u0180" or ("\u1e00" <= made <= "\u1eff" and pair[0] != _UNDERSCORE)
    return len(made) == 1 and made.isalpha() and common


def _code_page(frame: bytes) -> str:
    language = _LANGUAGE.search(frame)
    if language:
        for page, languages in _CODE_PAGES.items():
            if language[1] in languages.split():
                return page
    return "windows-1252"
