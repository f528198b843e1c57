"""The one key that the settings may have for staff's own programs: whoever sends it is administrator."""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers

from serve.errors import BadRequest
from serve.people.authority import Actor, Role
from serve.people.bearer import read_bearer
from serve.settings import Settings

KEY_ID = "staff-key"
"""One id whatever name is sent along: who has the key can send any name, so it is one person's word."""
_HEADER = "X-Reading-Room-Staff"
_MOST_NAME = 100


def has_staff_key(headers: Headers, settings: Settings) -> bool:
    """Whether a request carries the staff key; never so where none is set."""
    key = settings.staff_key.get_secret_value()
    return bool(key) and hmac.compare_digest(read_bearer(headers).encode("latin-1"), key.encode())


def name_key_holder(headers: Headers) -> Actor:
    """An administrator called "staff", or as X-Reading-Room-Staff says. Raises BadRequest for a bad name."""
    who = headers.get(_HEADER, "staff").strip()
    if not 1 <= len(who) <= _MOST_NAME or not who.isprintable():
        raise BadRequest(
            f"{_HEADER}: expected 1 to {_MOST_NAME} printable characters, found {len(who)}.", param=_HEADER
        )
    return Actor(Role.ADMINISTRATOR, KEY_ID, who)
