"""The resolver as the environment of the engine describes it, made known to vLLM:

READING_ROOM_ENGINE_ADAPTERS      the shared folder of adapter versions; without it nothing is registered
READING_ROOM_ENGINE_BASE_SHA256   the digest of the base model served, 64 hex digits
READING_ROOM_ENGINE_COPIES        where the private copies go; else a folder in the temporary folder
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from vllm.lora.resolver import LoRAResolverRegistry

from reading_room_engine.late_import import when_imported
from reading_room_engine.resolver import FolderResolver
from reading_room_engine.versions import SharedVersions

RESOLVER = "reading-room"


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
