"""Names a client may ask for: the base, an adapter version, or an alias that points to one.

Only names known here ever reach an engine: vLLM keeps state for each unknown name it is asked for,
and answers with the base model when its validation is off (see vllm/entrypoints/openai/models).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from serve.errors import UnknownModel

DEFAULT_ALIAS = "default"
_VERSION = re.compile(r"^(?P<name>[a-z0-9][a-z0-9-]{0,40}?)--v(?P<number>\d{1,6})-[0-9a-f]{8}$")


@dataclass(frozen=True, slots=True)
class Aliases:
    """What each name stands for: `base` and `versions` themselves, `pointers` a version or the base."""

    base: str
    versions: tuple[str, ...]
    pointers: dict[str, str]

    @classmethod
    def from_versions(cls, base: str, versions: Iterable[str], default: str = "") -> Aliases:
        """An alias per adapter name, to its newest version; `default` to the one named, else the base.

        Raises UnknownModel when `default` names nothing that is there.
        """
        known = tuple(sorted(set(versions) - {base}))
        newest: dict[str, tuple[int, str]] = {}
        for version in known:
            if found := _VERSION.match(version):
                newest[found["name"]] = max(
                    newest.get(found["name"], (-1, "")), (int(found["number"]), version)
                )
        pointers = {name: version for name, (_, version) in newest.items()}
        aliases = cls(base, known, pointers)
        return cls(base, known, {**pointers, DEFAULT_ALIAS: aliases.resolve(default) if default else base})

    def resolve(self, name: str) -> str:
        """The version (or the base) that `name` stands for. Raises UnknownModel, listing what there is."""
        if name in self.pointers:
            return self.pointers[name]
        if name == self.base or name in self.versions:
            return name
        choices = ", ".join(sorted({self.base, *self.versions, *self.pointers}))
        raise UnknownModel(f"There is no model {name[:80]!r} here. Use one of: {choices}.", param="model")
