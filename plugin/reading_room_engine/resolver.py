"""Adapters by exact name: the resolver that vLLM asks when a request names a model it does not know.

Set by the environment of the engine:

    READING_ROOM_ENGINE_ADAPTERS      the shared folder of adapter versions; without it nothing is registered
    READING_ROOM_ENGINE_BASE_SHA256   the digest of the base model served, 64 hex digits
    READING_ROOM_ENGINE_COPIES        where the private copies go; else a folder in the temporary folder
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from vllm.lora.request import LoRARequest
from vllm.lora.resolver import LoRAResolver, LoRAResolverRegistry

from reading_room_engine.copies import make_copies_folder
from reading_room_engine.late_import import when_imported
from reading_room_engine.versions import SharedVersions, VersionRefused

log = logging.getLogger("vllm.reading_room_engine")
"""Below vLLM's own logger, so that its lines go where vLLM's go."""

RESOLVER = "reading-room"


class FolderResolver(LoRAResolver):
    """Loads versions from the shared folder, through private copies below `copies`; never from a hub."""

    def __init__(self, versions: SharedVersions, copies: Path) -> None:
        self.versions = versions
        self._parent = copies
        self._copies: Path | None = None
        self._making = threading.Lock()
        self._given: dict[str, LoRARequest] = {}

    async def resolve_lora(self, base_model_name: str, lora_name: str) -> LoRARequest | None:
        """The version's copy as a request, or None (which vLLM answers with 404) and a line in the log.

        `base_model_name` says only where the base lies; which one it is, the manifest's digest tells.
        """
        try:
            path = await asyncio.to_thread(self._copy, lora_name)
        except VersionRefused as refusal:
            log.warning("adapter %r is not loaded: %s", lora_name[:80], refusal)
            return None
        request = LoRARequest(lora_name=lora_name, lora_int_id=1, lora_path=str(path))  # vLLM sets the id
        self._given[lora_name] = request
        return request

    async def offers(self, lora_name: str) -> bool:
        """Whether the shared folder has something of that name, checked or not."""
        return await asyncio.to_thread(self.versions.holds, lora_name)

    def last_given(self, lora_name: str) -> LoRARequest | None:
        """The request made last for that name, with the id that vLLM gave it; asked for again, None."""
        return self._given.pop(lora_name, None)

    def _copy(self, name: str) -> Path:
        try:
            with self._making:
                if self._copies is None:  # in the process that loads adapters, not in every worker
                    self._copies = make_copies_folder(self._parent)
        except OSError as error:
            raise VersionRefused(f"there is no folder for copies: {error}") from error
        return self.versions.copy(name, self._copies)


def register_resolver() -> None:
    """Register the resolver that the environment describes, and shut vLLM's other ways to an adapter.

    Does nothing without READING_ROOM_ENGINE_ADAPTERS. Raises ValueError where the base's digest is none:
    an engine that cannot tell which adapters fit it shall not start. May be called more than once.
    """
    resolver = read_resolver(os.environ)
    if resolver is None:
        return
    LoRAResolverRegistry.resolvers.pop(RESOLVER, None)
    LoRAResolverRegistry.register_resolver(RESOLVER, resolver)
    # In the server's process alone, and not before vLLM itself has imported what is guarded.
    when_imported("vllm.entrypoints.openai.models.serving", lambda _: _guard(resolver))


def _guard(resolver: FolderResolver) -> None:
    from reading_room_engine.endpoints import guard_endpoints

    guard_endpoints(resolver)


def read_resolver(environment: Mapping[str, str]) -> FolderResolver | None:
    """The resolver these variables describe; None where they name no folder. Raises ValueError."""
    folder = environment.get("READING_ROOM_ENGINE_ADAPTERS", "")
    if not folder:
        return None
    base = environment.get("READING_ROOM_ENGINE_BASE_SHA256", "")
    if not re.fullmatch("[0-9a-f]{64}", base):
        raise ValueError(f"READING_ROOM_ENGINE_BASE_SHA256: expected 64 hex digits, found {base!r}")
    default = Path(tempfile.gettempdir()) / f"reading-room-adapters-{os.getuid()}"
    copies = Path(environment.get("READING_ROOM_ENGINE_COPIES", "") or default)
    return FolderResolver(SharedVersions(Path(folder), base), copies.absolute())
