"""The parts of a running gateway, made once at start and handed to every route."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from retrieval.library import Library
from serve.accounting import Books
from serve.adapters.administration import Administration
from serve.admission import Admission
from serve.aliases import Aliases
from serve.answer_memory import AnswerMemory
from serve.answers import Answerer
from serve.comparisons.filling import ComparisonDesk
from serve.database import Database
from serve.engine.pool import Engines
from serve.instructions.trying import InstructionDesk
from serve.offering import Offering
from serve.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """One gateway."""

    settings: Settings
    library: Library
    database: Database
    engines: Engines
    offering: Offering
    administration: Administration
    books: Books
    answerer: Answerer
    memory: AnswerMemory
    admission: Admission
    instructions: InstructionDesk
    comparisons: ComparisonDesk
    page_key: str = field(default_factory=lambda: f"rrp_{secrets.token_urlsafe(32)}", repr=False)
    """What the gateway's own pages send where programs need a key; made anew at each start."""

    @property
    def aliases(self) -> Aliases:
        """The names clients may ask for, as they are now."""
        return self.offering.aliases


async def get_service(request: Request) -> Service:
    """The gateway that this request came to."""
    service: Service = request.app.state.service
    return service


async def get_base_url(request: Request) -> str:
    """The address that links in a reply start with: the public one if set, else the one asked for."""
    service = await get_service(request)
    return service.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")


ServiceDep = Annotated[Service, Depends(get_service)]
BaseUrlDep = Annotated[str, Depends(get_base_url)]
