"""Passwords: what one must be like, how it is kept (Argon2id), and how it is compared."""

from __future__ import annotations

import unicodedata
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from serve.errors import BadRequest

SHORTEST, LONGEST = 12, 1_000
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane."""
_AT_ONCE = BoundedSemaphore(2)
"""Each takes 19 MiB and a core: a flood of sign-ins must not take the machine."""
_NOBODYS = _HASHER.hash("the password of nobody")


def check_strength(password: str, name: str) -> None:
    """Raise BadRequest for a password that is too short, too long, or the person's own name.

    Length alone, without rules for kinds of characters: NIST SP 800-63B, section 5.1.1.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadRequest(
            f"A password has {SHORTEST} to {LONGEST:,} characters, this one has {len(password)}. "
            "A few words that you will remember are best.",
            param="password",
        )
    if password.casefold() == name.casefold() or len(set(password)) < 5:
        raise BadRequest(
            "This password would be guessed at once. A few words that you will remember are best.",
            param="password",
        )


def hash_password(password: str) -> str:
    """What is kept of a password: an Argon2id hash with its own salt."""
    with _AT_ONCE:
        return _HASHER.hash(_normalise(password))


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one that `kept` was made of. As much work where `kept` is ""."""
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept or _NOBODYS, _normalise(password)) and bool(kept)
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made with other costs than those of today."""
    return _HASHER.check_needs_rehash(kept)


def _normalise(password: str) -> bytes:
    """One form for what different keyboards send for the same letters (NIST SP 800-63B: NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
