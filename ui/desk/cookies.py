"""The desk's cookies, and the token that every form of a session carries.

A cookie holds the session's token as the gateway gave it out; no script can read it, no other site's
request brings it along, and it goes to the desk's path alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

SESSION = "reading-room-desk"
DOOR = "reading-room-desk-door"
"""Before anybody has signed in: ties the sign-in form to the browser it was given to."""
FLOW = "reading-room-desk-flow"
"""A sign-in at the library's own provider, while it is under way."""
KEYS = "reading-room-desk-keys"
"""The letters chosen for one-key actions; kept for a year."""

KEYS_SECONDS = 365 * 24 * 3600


def get_token(request: Request) -> str:
    """The session's token, "" for somebody who is not signed in."""
    return request.cookies.get(SESSION, "")


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    seconds: int | None,
    samesite: Literal["strict", "lax"] = "strict",
) -> None:
    """Set one of the desk's cookies; without `seconds` it goes with the browser's session."""
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite=samesite,
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Take one of the desk's cookies away."""
    set_cookie(request, response, name, "", 0)


def make_secret() -> str:
    """Something nobody can guess."""
    return secrets.token_urlsafe(32)


def make_form_token(secret: str) -> str:
    """The form token that belongs to a session token or to a door cookie; tells nothing of either."""
    return hmac.new(secret.encode(), b"a form of the staff desk", hashlib.sha256).hexdigest()


def is_form_token(given: object, secret: str) -> bool:
    """Whether a form was made for this session."""
    if not secret or not isinstance(given, str):
        return False
    return hmac.compare_digest(given.encode(), make_form_token(secret).encode())
