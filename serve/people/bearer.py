"""The tokens of sign-ins, API keys and pages: made at random, kept as their SHA-256 alone, told apart by
how they begin."""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal

from starlette.datastructures import Headers

Kind = Literal["rrs", "rrk", "rrp"]
"""A sign-in of staff, an API key, and the gateway's own pages."""

_BYTES = 32


def make_token(kind: Kind) -> str:
    """256 random bits, with the kind in front, so that a leaked one is known for what it is."""
    return f"{kind}_{secrets.token_urlsafe(_BYTES)}"


def digest(token: str) -> str:
    """What is kept of a token. Unsalted: there are no two alike, and none can be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def read_bearer(headers: Headers) -> str:
    """The token of the Authorization header; "" where there is none. A token is taken from nowhere else."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def is_of_kind(token: str, kind: Kind) -> bool:
    """Whether a token says that it is of this kind."""
    return token.startswith(f"{kind}_")
