"""What of the collections a request may see."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from retrieval.audience import PUBLIC, STAFF, Audience
from serve.people.access import ActorDep
from serve.people.authority import STAFF as STAFF_ROLES


async def get_audience(actor: ActorDep) -> Audience:
    """Staff where staff asks, else the public: what may be seen follows from that."""
    return STAFF if actor.role in STAFF_ROLES else PUBLIC


AudienceDep = Annotated[Audience, Depends(get_audience)]
