"""Who is staff, as far as a request shows it: by the one key that the settings have."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import Depends, Request

from retrieval.audience import PUBLIC, STAFF, Audience
from serve.errors import BadRequest, Forbidden
from serve.service import ServiceDep
from serve.settings import Settings

_MOST_NAME = 100


def has_staff_key(request: Request, settings: Settings) -> bool:
    """Whether the request carries the staff key; never so where none is set."""
    key = settings.staff_key.get_secret_value()
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not key or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("latin-1"), key.encode())


async def get_staff(request: Request, service: ServiceDep) -> str:
    """Who asks: "staff", or whom X-Reading-Room-Staff names. Raises Forbidden without the staff key."""
    if not service.settings.staff_key.get_secret_value():
        raise Forbidden(
            "Adapters are managed over HTTP only where READING_ROOM_STAFF_KEY is set. Set it to a long "
            "random text and restart, or use the command on the server: reading-room adapters."
        )
    if not has_staff_key(request, service.settings):
        raise Forbidden("This needs the staff key: send `Authorization: Bearer` with READING_ROOM_STAFF_KEY.")
    who = request.headers.get("x-reading-room-staff", "staff").strip()
    if not 1 <= len(who) <= _MOST_NAME or not who.isprintable():
        raise BadRequest(
            f"X-Reading-Room-Staff: expected 1 to {_MOST_NAME} printable characters, found {len(who)}.",
            param="X-Reading-Room-Staff",
        )
    return who


async def get_audience(request: Request, service: ServiceDep) -> Audience:
    """Staff where the request carries the staff key, else the public: what it may see follows from that."""
    return STAFF if has_staff_key(request, service.settings) else PUBLIC


StaffDep = Annotated[str, Depends(get_staff)]
AudienceDep = Annotated[Audience, Depends(get_audience)]
