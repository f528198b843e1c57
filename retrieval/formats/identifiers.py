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
    """`wanted`, or `wanted~2`, `wanted~3` ... when it is taken; what is returned is then taken too."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}~{number}"
    taken.add(name)
    return name
