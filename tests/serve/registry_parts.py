"""Versions, aliases and events as the tests of the registry make and read them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from serve.adapters.folder import AdapterFolder
from serve.adapters.registry import BASE, Alias, Registry, State

ADAPTER_TABLES = ("adapter_version", "adapter_alias", "collection_alias", "adapter_event", "rollout_count")

EVENT = {
    "at": datetime.now(UTC), "who": "a", "kind": "alias", "subject": "s", "what": "w", "why": "", "details": {},
}  # fmt: skip


def make(name: str) -> AdapterFolder:
    """A folder as the adapter folder's check hands it on; nothing here reads its files."""
    adapter, _, rest = name.rpartition("--v")
    return AdapterFolder(
        name=name,
        path=Path("adapters") / name,
        rank=8,
        targets=("q_proj", "v_proj"),
        base_sha256="b" * 64,
        problems=(),
        adapter=adapter,
        number=int(rest.partition("-")[0]),
        sha256=name[-8:] + "0" * 56,
        lineage={"run": "r1"},
    )


A, B, C, D = (f"letters--v{number}-0000000{number}" for number in range(1, 5))


def fill(registry: Registry, *names: str) -> None:
    for name in names:
        registry.register(make(name), who="ada")


def state_of(registry: Registry, name: str) -> str:
    return next(version.state for version in registry.snapshot().versions if version.name == name)


def alias_of(registry: Registry, name: str = "default") -> Alias:
    return next(alias for alias in registry.snapshot().aliases if alias.name == name)


def promote(registry: Registry, version: str, share: int = 100, *, alias: str = "default") -> Alias:
    return registry.promote(alias, version, share=share, revision=None, who="ada")


def bring_to(registry: Registry, state: State, number: int) -> str:
    """A new version in that state, with an alias of its own where it needs one."""
    name = f"letters--v{number}-{number:08x}"
    if state == "staged":
        registry.stage(make(name), who="ada")
        return name
    registry.register(make(name), who="ada")
    if state in ("canary", "stable"):
        promote(registry, name, 5 if state == "canary" else 100, alias=f"alias-{number}")
    if state == "purged":
        registry.mark(name, "retired", who="ada")
    if state in ("loaded", "retired", "purged", "failed"):
        registry.mark(name, state, who="ada")
    return name


def alias_of_or_base(registry: Registry) -> str:
    return next((alias.stable for alias in registry.snapshot().aliases), BASE)
