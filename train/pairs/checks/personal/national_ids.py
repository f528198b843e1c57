"""National ids of common kinds: by check digits where they have them, else by form and the word beside them.

A bare number whose check digit fits is one in ten of all numbers, so a bare number counts only beside its
own name ("SIN", "BSN", "NHS number"); one with a telling form (letters, a date inside) counts alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from train.pairs.checks.personal.check_digits import passes_luhn, passes_mod11_10, passes_verhoeff, weigh
from train.pairs.checks.personal.datum import Datum

_CUE_REACH = 30


@dataclass(frozen=True, slots=True)
class _Form:
    """A kind of id: its name, how it is written, whether its digits fit, and the words that name it.

    Where `cue` is not empty the number counts only with one of these words before it. `sure` says that
    the check leaves little doubt.
    """

    label: str
    pattern: re.Pattern[str]
    fits: Callable[[str], bool]
    cue: str = ""
    sure: bool = True


def find_national_ids(text: str) -> Iterator[Datum]:
    """All ids of a text, each place once."""
    if not re.search(r"\d{2}", text):
        return
    taken: list[tuple[int, int]] = []
    for form in _FORMS:
        for match in form.pattern.finditer(text):
            start, end = match.span()
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            before = text[max(0, start - _CUE_REACH) : start]
            if form.cue and not re.search(rf"(?<!\w)(?:{form.cue})(?!\w)", before, re.IGNORECASE):
                continue
            if form.fits(re.sub(r"[\s./-]", "", match[0]).upper()):
                taken.append((start, end))
                yield Datum("national id", match[0], start, end, form.label, form.sure)


def _is_day(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def _fits_us(plain: str) -> bool:
    area, group, serial = plain[:3], plain[3:5], plain[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _fits_nino(plain: str) -> bool:
    return plain[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"} and plain[0] not in "DFIQUV"


def _fits_nhs(plain: str) -> bool:
    return (11 - weigh(plain[:9], range(10, 1, -1)) % 11) % 11 == int(plain[9])


def _fits_nir(plain: str) -> bool:
    body = plain[:13].replace("2A", "19").replace("2B", "18")
    return body.isdigit() and 97 - int(body) % 97 == int(plain[13:])


def _fits_dni(plain: str) -> bool:
    body = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23] == plain[-1]


_ODD_VALUES = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21),
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)
_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", _ODD_VALUES, strict=True))


def _fits_codice(plain: str) -> bool:
    total = sum(
        _ODD[sign] if place % 2 == 0 else int(sign, 36) - (10 if sign.isalpha() else 0)
        for place, sign in enumerate(plain[:15])
    )
    return chr(ord("A") + total % 26) == plain[15]


def _fits_bsn(plain: str) -> bool:
    return (weigh(plain[:8], range(9, 1, -1)) - int(plain[8])) % 11 == 0


def _fits_belgian(plain: str) -> bool:
    body, check = int(plain[:9]), int(plain[9:])
    return 97 - body % 97 == check or 97 - (2_000_000_000 + body) % 97 == check


def _fits_swedish(plain: str) -> bool:
    digits = plain.replace("+", "")[-10:]
    return _is_day(digits[4:6], digits[2:4]) and passes_luhn(digits)


def _fits_finnish(plain: str) -> bool:
    return (
        _is_day(plain[:2], plain[2:4])
        and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(plain[:6] + plain[-4:-1]) % 31] == plain[-1]
    )


def _fits_danish(plain: str) -> bool:
    return _is_day(plain[:2], plain[2:4])


def _fits_norwegian(plain: str) -> bool:
    one = (11 - weigh(plain, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11) % 11
    two = (11 - weigh(plain, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return _is_day(plain[:2], plain[2:4]) and (one, two) == (int(plain[9]), int(plain[10]))


def _fits_pesel(plain: str) -> bool:
    check = (10 - weigh(plain, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10
    return _is_day(plain[4:6], str(int(plain[2:4]) % 20)) and check == int(plain[10])


def _fits_cpf(plain: str) -> bool:
    one = weigh(plain[:9], range(10, 1, -1)) * 10 % 11 % 10
    two = weigh(plain[:10], range(11, 1, -1)) * 10 % 11 % 10
    return len(set(plain)) > 1 and f"{one}{two}" == plain[9:]


def _fits_nif(plain: str) -> bool:
    check = 11 - weigh(plain[:8], range(9, 1, -1)) % 11
    return (0 if check > 9 else check) == int(plain[8])


def _fits_ahv(plain: str) -> bool:
    return (10 - weigh(plain[:12], (1, 3) * 6) % 10) % 10 == int(plain[12])


def _fits_chinese(plain: str) -> bool:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return _is_day(plain[12:14], plain[10:12]) and "10X98765432"[weigh(plain[:17], weights) % 11] == plain[17]


def _fits_tfn(plain: str) -> bool:
    return weigh(plain, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _fits_south_african(plain: str) -> bool:
    return _is_day(plain[4:6], plain[2:4]) and passes_luhn(plain)


def _form(
    label: str, pattern: str, fits: Callable[[str], bool], cue: str = "", *, sure: bool = True
) -> _Form:
    return _Form(label, re.compile(rf"(?<![\w./-])(?:{pattern})(?![\w-]|[./]\d)"), fits, cue, sure)


_FORMS = (
    _form("Chinese resident id", r"[1-9]\d{5}(?:19|20)\d{9}[\dXx]", _fits_chinese),
    _form("French NIR", r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", _fits_nir),
    _form(
        "Italian codice fiscale",
        r"[A-Za-z]{6}\d{2}[A-EHLMPR-Ta-ehlmpr-t]\d{2}[A-Za-z]\d{3}[A-Za-z]",
        _fits_codice,
    ),
    _form("Swiss AHV number", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", _fits_ahv),
    _form("South African id", r"\d{6} ?\d{4} ?[01]\d\d", _fits_south_african, "id|identity|identiteit"),
    _form("Aadhaar", r"[2-9]\d{3} ?\d{4} ?\d{4}", passes_verhoeff, "aadhaar|aadhar|uidai|आधार"),
    _form("Swedish or Norwegian personal number", r"(?:19|20)?\d{6}[-+]\d{4}", _fits_swedish),
    _form(
        "Finnish personal id", r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]", lambda p: _fits_finnish(p.replace("+", ""))
    ),
    _form("Danish CPR number", r"\d{6}-?\d{4}", _fits_danish, "cpr|personnummer", sure=False),
    _form("Norwegian birth number", r"\d{6} ?\d{5}", _fits_norwegian),
    _form("Belgian national number", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", _fits_belgian),
    _form("Brazilian CPF", r"\d{3}\.\d{3}\.\d{3}-\d{2}", _fits_cpf),
    _form("Brazilian CPF", r"\d{11}", _fits_cpf, "cpf"),
    _form(
        "German tax id",
        r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}",
        passes_mod11_10,
        "steuer\\W?id\\w*|steuer\\w*|idnr|tax id",
    ),
    _form("Polish PESEL", r"\d{11}", _fits_pesel, "pesel"),
    _form("Spanish DNI or NIE", r"(?:\d{8}|[XYZxyz]-?\d{7})-?[A-Za-z]", _fits_dni),
    _form(
        "British national insurance number", r"[A-CEGHJ-PR-TW-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]", _fits_nino
    ),
    _form("NHS number", r"\d{3}[ -]?\d{3}[ -]?\d{4}", _fits_nhs, "nhs(?: (?:number|no\\.?))?"),
    _form("US social security number", r"\d{3}-\d{2}-\d{4}", _fits_us),
    _form(
        "US social security number",
        r"\d{3} ?\d{2} ?\d{4}",
        _fits_us,
        "ssn|social security(?: (?:number|no\\.?))?",
    ),
    _form(
        "Canadian SIN", r"[1-9]\d{2}[ -]?\d{3}[ -]?\d{3}", passes_luhn, "sin|nas|social insurance(?: number)?"
    ),
    _form("Dutch BSN", r"\d{9}", _fits_bsn, "bsn|burgerservicenummer|sofinummer"),
    _form("Portuguese NIF", r"\d{3} ?\d{3} ?\d{3}", _fits_nif, "nif|contribuinte"),
    _form("Australian TFN", r"\d{3} ?\d{3} ?\d{3}", _fits_tfn, "tfn|tax file(?: number)?"),
    _form(
        "passport or identity card number",
        r"(?=[A-Z]{0,2}\d)[A-Z0-9]{7,10}",
        lambda plain: True,
        "passport(?: (?:number|no\\.?))?(?: is)?|reisepass\\w*|ausweisnummer"
        "|passeport(?: n[o°])?|pasaporte|passaporte",
        sure=False,
    ),
)
