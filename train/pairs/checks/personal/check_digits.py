"""Check digits of cards, accounts and national ids; each takes plain digits (or letters)."""

from __future__ import annotations

from collections.abc import Sequence

_D5 = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_PERMUTED = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415",
    "7046913258",
)  # fmt: skip


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812, modulus 10."""
    doubled = [int(digit) * (1 + (place % 2)) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def passes_mod97(account: str) -> bool:
    """ISO 7064, as IBAN has it: the first four signs go to the end, letters count from 10."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def passes_verhoeff(digits: str) -> bool:
    """Verhoeff's dihedral check, as Aadhaar has it."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = int(_D5[check][int(_PERMUTED[place % 8][int(digit)])])
    return check == 0


def passes_mod11_10(digits: str) -> bool:
    """ISO 7064 modulus 11,10, as the German tax id has it."""
    product = 10
    for digit in digits[:-1]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[-1])


def weigh(digits: str, weights: Sequence[int]) -> int:
    """The sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))
