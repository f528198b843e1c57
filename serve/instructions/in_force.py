"""Which instructions an answer gets: those of its collection before those of its alias, else none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from serve.instructions.version import NO_INSTRUCTIONS, Scope, Standing


@dataclass(frozen=True, slots=True)
class InForce:
    """All that is in force at one moment. `change` is the newest event then, -1 before the first look."""

    change: int = -1
    texts: Mapping[Scope, Standing] = field(default_factory=dict)

    def choose(self, collection: str, aliases: Sequence[str]) -> Standing:
        """What holds for a question: `collection` is the only one it is about ("" where there are several),
        `aliases` the names it was sent to, the most telling one first."""
        scopes = [Scope("collection", collection), *(Scope("alias", alias) for alias in aliases)]
        return next((self.texts[scope] for scope in scopes if scope in self.texts), NO_INSTRUCTIONS)

    def put(self, scope: Scope, standing: Standing) -> InForce:
        """The same with another text for one scope, as it would be if that were activated."""
        texts = {other: text for other, text in self.texts.items() if other != scope}
        return replace(self, texts={**texts, scope: standing} if standing.text else texts)
