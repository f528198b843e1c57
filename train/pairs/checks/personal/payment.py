"""Payment cards, bank accounts and library cards."""

from __future__ import annotations

import re
from collections.abc import Iterator

from train.pairs.checks.personal.check_digits import passes_luhn, passes_mod97
from train.pairs.checks.personal.datum import Datum

_CARD = re.compile(
    r"(?<![\w./-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5}"
    r"|3[068]\d{2}[ -]\d{6}[ -]\d{4})"
    r"(?![\w-]|[./]\d)"
)
_ISSUERS = re.compile(
    r"^(?:4|5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[47]|3(?:0[0-5]|[68])|6(?:011|4[4-9]|5)|35|62|50|5[6-9])"
)
_LIBRARY = re.compile(
    r"\b(?i:library card|reader'?s? (?:card|ticket)|borrower|bibliotheksausweis"
    r"|carte de (?:lecteur|bibliothèque))"
    r"\D{0,20}(?P<named>\d{5,14})(?!\w)"
    r"|(?<![\w.-])(?P<bare>2\d{4} ?\d{4} ?\d{5})(?![\w.-])"
)
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){2,8}(?: ?[A-Z0-9]{1,4})?(?!\w)")
_BY_LENGTH = {
    15: "NO",
    16: "BE",
    18: "DK FI NL",
    19: "MK SI",
    20: "AT BA EE LT LU XK",
    21: "CH HR LI LV",
    22: "BG DE GB GE IE ME RS",
    23: "AE GI IL",
    24: "AD CZ ES MD RO SA SE SK TN",
    25: "PT",
    26: "IS TR",
    27: "FR GR IT MC SM",
    28: "AL CY HU LB PL",
    29: "BR QA UA",
    30: "KW",
    31: "MT",
}
_IBAN_LENGTHS = {country: length for length, countries in _BY_LENGTH.items() for country in countries.split()}


def find_payment(text: str) -> Iterator[Datum]:
    """Numbers whose check digits fit. A library's own item barcodes (14 digits from 3) are none."""
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if (
            13 <= len(digits) <= 19
            and _ISSUERS.match(digits)
            and len(set(digits)) > 1
            and passes_luhn(digits)
        ):
            yield Datum("payment card number", match[0], match.start(), match.end(), sure=True)
    for match in _LIBRARY.finditer(text):
        if match["bare"] is None or passes_luhn(re.sub(r"\D", "", match["bare"])):
            name = "bare" if match["bare"] else "named"
            yield Datum("library card number", match[name], match.start(name), match.end(name))
    for match in _IBAN.finditer(text):
        if end := _read_iban(match[0]):
            yield Datum(
                "bank account number", match[0][:end], match.start(), match.start() + end, "IBAN", True
            )


def _read_iban(written: str) -> int:
    """How many characters are the account; 0 where it is none."""
    length = _IBAN_LENGTHS.get(written[:2], 0)
    plain = written.replace(" ", "")
    if not length or len(plain) < length or not passes_mod97(plain[:length]):
        return 0
    seen = 0
    for place, sign in enumerate(written, start=1):
        seen += sign != " "
        if seen == length:
            return place
    return 0
