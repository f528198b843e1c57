"""Identifiers that fit into an address as they are, and stay the same when a file is read again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

_UNSAFE = re.compile(r"[^A-Za-z0-9._~-]+")
_LONGEST = 80


def slug(text: str) -> str:
    """`text` with everything but [A-Za-z0-9._~-] made into single hyphens; "" when nothing is left."""
    return _UNSAFE.sub("-", text.strip()).strip("-.")[:_LONGEST].rstrip("-.")


def path_hash(path: Sequence[str]) -> str:
    """Ten hexadecimal digits that stand for a component without an id: its titles from the top."""
    return hashlib.sha1("\x1f".join(path).encode(), usedforsecurity=False).hexdigest()[:10]


def make_unique(wanted: str, taken: set[str]) -> str:
    """`wanted`, or `wanted~2`, `wanted~3` ... when it is taken; what is returned is then taken too.

    The first free number is found by doubling and halving: a file may give one id to 10,000 components.
    """
    name = wanted
    if name in taken:
        free = 2
        while f"{wanted}~{free}" in taken:
            free *= 2
        used = free // 2
        while free - used > 1:
            middle = (used + free) // 2
            used, free = (middle, free) if f"{wanted}~{middle}" in taken else (used, middle)
        name = f"{wanted}~{free}"
    taken.add(name)
    return name
