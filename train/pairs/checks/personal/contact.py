"""E-mail addresses, telephone numbers, IP addresses and account names."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from train.pairs.checks.personal.datum import Datum

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]+\s?(?:@|\[at\]|\(at\)| at (?=[\w-]+ ?(?:\[dot\]|\(dot\)| dot ))|＠)\s?[\w-]+"
    r"(?:(?:\.|\[dot\]|\(dot\)| ?\[?dot\]? )\s?[\w-]{2,})+",
    re.IGNORECASE,
)
_PHONE_CUE = re.compile(
    r"\b(?:tel|tél|phone|telephone|telefon\w*|téléphone|teléfono|telefone|telefono|handy\w*|mobile?|mobil\w*|cell|"
    r"móvil|celular|cellulare|fax|whats ?app|ring|call me|reach me|rufen sie|тел|телефон|電話|电话)\b"
    r"[^\d+(\n]{0,18}(\+?\(?\d[\d ()./-]{4,18}\d)",
    re.IGNORECASE,
)
_PHONE_FORMS = (
    (
        re.compile(
            r"(?<![\w+])(?<!\d )(?:\+|00[ -]?(?=[1-9]))[1-9]\d{0,2}[ ().-]{0,3}\d[\d ().-]{5,16}\d(?![\w-])"
        ),
        8,
        15,
        True,
    ),
    (
        re.compile(
            r"(?<![\w.-])(?:1[ .-])?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}(?![\w-]|\.\d)"
        ),
        10,
        11,
        True,
    ),
    (
        r"(?<![\w.,/-])0[1-9](?:[ .-]\d\d){4}(?![\w-]|\.\d)",
        10,
        10,
        True,
    ),
    (
        r"(?<![\w.,/-])(?<!\d )\(?0[1-9]\d{0,3}\)?(?:[ /-]\d{2,8}){1,4}(?![\w/-]|\.\d)",
        9,
        12,
        False,
    ),
    (
        r"(?<![\w.,/-])[67]\d\d \d{3} \d{3}(?![\w-]| \d)",
        9,
        9,
        False,
    ),
    (
        r"(?<![\w.-])\(\d\d\) ?9?\d{4}-\d{4}(?![\w-])",
        10,
        11,
        True,
    ),
)
"""International; North America; France; a nought before the area (Britain, Germany, Italy, Australia, Japan);
Spain's and other mobiles; Brazil. With the least and most digits, and whether there is little doubt."""
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:])(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}(?![\w:])", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.@/+-])@[A-Za-z_]\w{2,30}(?:\.\w+)*\b(?!@)")
_ACCOUNT = re.compile(
    r"\b(?:user ?name|login|user id|account name|screen name|skype|benutzername|nom d[’']utilisateur|"
    r"nombre de usuario|nome de usuário)\s*(?:is|ist|est|es|é)?\s*[:=]?\s*[\"“']?([\w.-]*[\w-]{3,30})",
    re.IGNORECASE,
)
_PROFILE = re.compile(
    r"\b(?:facebook|instagram|twitter|x|tiktok|linkedin|mastodon|threads|bsky|vk|t)\.(?:com|me|app|social)/"
    r"(?:in/|profile/|@)?[\w.-]{3,}",
    re.IGNORECASE,
)


def find_contact(text: str) -> Iterator[Datum]:
    """All ways to reach somebody that a text has."""
    for match in _EMAIL.finditer(text):
        yield Datum("e-mail address", match[0], match.start(), match.end(), sure=True)
    yield from _find_phones(text)
    yield from _find_addresses(text)
    for match in _HANDLE.finditer(text):
        yield Datum("account name", match[0], match.start(), match.end())
    for match in _ACCOUNT.finditer(text):
        if any(sign.isdigit() or sign in "._-" for sign in match[1]) or "=" in match[0] or ":" in match[0]:
            yield Datum("account name", match[1], match.start(1), match.end(1))
    for match in _PROFILE.finditer(text):
        yield Datum("account name", match[0], match.start(), match.end())


def _find_phones(text: str) -> Iterator[Datum]:
    taken: list[tuple[int, int]] = []
    for match in _PHONE_CUE.finditer(text):
        if 6 <= _count_digits(match[1]) <= 15:
            taken.append(match.span(1))
            yield Datum("telephone number", match[1], match.start(1), match.end(1), sure=True)
    for pattern, least, most, sure in _PHONE_FORMS:
        for match in re.finditer(pattern, text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            if least <= _count_digits(match[0]) <= most:
                taken.append((start, end))
                yield Datum("telephone number", match[0], start, end, sure=sure)


def _find_addresses(text: str) -> Iterator[Datum]:
    """Addresses on the net. "4.2.1.12" is more often a shelf mark: two parts have to be beyond those."""
    for match in _IPV4.finditer(text):
        parts = [int(part) for part in match[0].split(".")]
        named = re.search(r"\bip\b", text[max(0, match.start() - 20) : match.start()], re.IGNORECASE)
        if max(parts) <= 255 and (named or sum(part > 99 for part in parts) >= 2):
            yield Datum("IP address", match[0], match.start(), match.end(), sure=bool(named))
    for match in _IPV6.finditer(text):
        try:
            ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        if len(match[0]) > 6:
            yield Datum("IP address", match[0], match.start(), match.end(), sure=True)


def _count_digits(text: str) -> int:
    return sum(sign.isdigit() for sign in text)
