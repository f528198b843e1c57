"""The engines that answer: which are up, which names each serves, and which one takes the next answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from serve.engine.client import EngineClient
from serve.errors import EngineDown, ServeError

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Engines:
    """All engines of the service. `look` is repeated in the background; `pick` reads memory only.

    `base` is the name of the base model they serve, and `context` the tokens it takes, 0 while unknown.
    """

    clients: Sequence[EngineClient]
    served: dict[EngineClient, frozenset[str]] = field(default_factory=dict)
    base: str = ""
    context: int = 0
    look_seconds: float = 2.0

    async def look(self) -> None:
        """Ask each engine for the names it serves; one that does not answer is left out until it does."""
        await asyncio.gather(*(self._look_at(client) for client in self.clients))

    @property
    def names(self) -> frozenset[str]:
        """Every name that some engine serves now."""
        return frozenset().union(*self.served.values())

    def pick(self, version: str) -> EngineClient:
        """The engine with least work in flight that serves `version`. Raises EngineDown."""
        able = [client for client, names in self.served.items() if version in names]
        if not able:
            raise EngineDown("The answering model is not available at the moment. Try again in a minute.")
        return min(able, key=lambda client: client.in_flight)

    async def _look_at(self, client: EngineClient) -> None:
        try:
            models = await client.models()
        except ServeError as error:
            if self.served.pop(client, None) is not None:
                log.warning("engine %s left out: %s", client.url, error)
            return
        self.served[client] = frozenset(model.name for model in models)
        self.base = models[0].name if models else self.base
        self.context = min((model.context for model in models if model.context), default=self.context)
