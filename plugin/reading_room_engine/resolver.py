"""Adapters by exact name: the resolver that vLLM asks when a request names a model it does not know."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

from vllm.lora.request import LoRARequest
from vllm.lora.resolver import LoRAResolver

from reading_room_engine.copies import make_copies_folder
from reading_room_engine.versions import SharedVersions, VersionRefused

log = logging.getLogger("vllm.reading_room_engine")
"""Below vLLM's own logger, so that its lines go where vLLM's go."""


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
