"""How the database names a conversation: by a digest of the id that its patron holds."""

from __future__ import annotations

import hashlib
import re

from serve.errors import BadRequest

STRONG = re.compile(r"[A-Za-z0-9._~-]{16,200}")
"""Ids that may be unguessable. Whoever holds one may have all of its conversation deleted."""
_DIGITS = 32


def name_key(conversation: str | None) -> str:
    """The 32 hex digits (128 bits of SHA-256) that name a conversation in the database.

    The id is never stored: it is what lets a patron agree and delete, and nobody who reads the database
    shall be able to. "" for no id, and for one too short to be kept secret: such a conversation stays
    unknown, for anybody could name it.
    """
    if not conversation or not STRONG.fullmatch(conversation):
        return ""
    return hashlib.sha256(f"conversation\n{conversation}".encode()).hexdigest()[:_DIGITS]


def demand_key(conversation: str) -> str:
    """Like `name_key`. Raises BadRequest for an id that others could guess."""
    key = name_key(conversation)
    if not key:
        raise BadRequest(
            "conversation: expected 16 to 200 letters, digits, dots, dashes or underscores that nobody can "
            f"guess, found {len(conversation)} characters. Make one at random, such as a UUID.",
            param="conversation",
        )
    return key


def digest_id(name: str) -> str:
    """SHA-256 (hex) of the id of something removed. The ids are random: nothing can be read from it."""
    return hashlib.sha256(f"removed\n{name}".encode("utf-8", "replace")).hexdigest()
