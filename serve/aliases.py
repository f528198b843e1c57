"""Names a client may ask for: the base, an adapter version, or an alias that points to versions by weight.

Everything is decided from memory. Only names known here ever reach an engine: vLLM keeps state for
each unknown name it is asked for, and answers with the base model when its validation is off (see
vllm/entrypoints/openai/models).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from serve.adapters.alias import BASE, DEFAULT, Alias
from serve.adapters.registry import SERVABLE, Snapshot, State
from serve.errors import UnknownModel
from serve.rollout.counts import Arm
from serve.schemas import ChatRequest


@dataclass(frozen=True, slots=True)
class Route:
    """Who answers one request: a version (or the base), and the alias and rollout arm that led there.

    `alias` is "" where the version was asked for by its own name; `rollout` where none is under way.
    `conversation` tells conversations of a rollout apart, and nothing else about them.
    """

    version: str
    alias: str = ""
    rollout: str = ""
    share: int = 0
    arm: Arm = "stable"
    conversation: str = ""


@dataclass(frozen=True, slots=True)
class Aliases:
    """What each name stands for. `base` is the name the engines give the base model.

    `states` has every version ever known; `default` is where the alias of that name points while
    nobody has promoted anything to it: a version, an alias or the base.
    """

    base: str
    states: Mapping[str, State] = field(default_factory=dict)
    table: Mapping[str, Alias] = field(default_factory=dict)
    collections: Mapping[str, str] = field(default_factory=dict)
    default: str = ""

    @classmethod
    def from_snapshot(cls, base: str, snapshot: Snapshot, default: str = "") -> Aliases:
        """The names as the registry has them. A `default` that may not answer is passed over for the base."""
        aliases = cls(
            base,
            {version.name: version.state for version in snapshot.versions},
            {alias.name: alias for alias in snapshot.aliases},
            dict(snapshot.collections),
        )
        return replace(aliases, default=default) if aliases.knows(default) else aliases

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that may be asked for by name."""
        return tuple(name for name, state in sorted(self.states.items()) if state in SERVABLE)

    @property
    def names(self) -> tuple[str, ...]:
        """The aliases, `default` among them."""
        return tuple(sorted({DEFAULT, *self.table}))

    def knows(self, name: str) -> bool:
        """Whether `name` may be asked for; not so the alias `default`, which must not point to itself."""
        return name in self.table or name in (self.base, BASE) or self.states.get(name) in SERVABLE

    def stable(self, name: str) -> str:
        """The version (or the base) that an alias points to beside any rollout."""
        if alias := self.table.get(name):
            return self._served(alias.stable)
        return self.resolve(name).version

    def resolve(self, name: str, conversation: str = "") -> Route:
        """Who answers a request for `name` in that conversation: the same one while weights stand.

        Raises UnknownModel, listing what there is.
        """
        if alias := self.table.get(name):
            return self._follow(alias, conversation)
        if name == DEFAULT:
            return self.resolve(self.default, conversation) if self.default else Route(self.base, name)
        if name in (self.base, BASE):
            return Route(self.base)
        if (state := self.states.get(name)) in SERVABLE:
            return Route(name)
        if state is not None:
            raise UnknownModel(f"The version {name} is {state}. {self._choices()}", param="model")
        raise UnknownModel(f"There is no model {name[:80]!r} here. {self._choices()}", param="model")

    def resolve_for(self, collection: str, conversation: str) -> Route:
        """Who answers a question about a collection where the client named nobody."""
        return self.resolve(self.collections.get(collection, DEFAULT), conversation)

    def _follow(self, alias: Alias, conversation: str) -> Route:
        rollout = alias.rollout
        if rollout is None:
            return Route(self._served(alias.stable), alias.name)
        drawn = draw(rollout.id, conversation)
        tried = to_percent(drawn) < rollout.share
        version = rollout.candidate if tried else alias.stable
        arm: Arm = "candidate" if tried else "stable"
        return Route(self._served(version), alias.name, rollout.id, rollout.share, arm, drawn.hex())

    def _served(self, version: str) -> str:
        return self.base if version == BASE else version

    def _choices(self) -> str:
        return f"Use one of: {', '.join(sorted({self.base, *self.versions, *self.names}))}."


def draw(rollout: str, conversation: str) -> bytes:
    """16 bytes that a rollout's id and a conversation always give, evenly spread."""
    return hashlib.sha256(f"{rollout}\n{conversation}".encode("utf-8", "replace")).digest()[:16]


def to_percent(drawn: bytes) -> float:
    """A draw as a number from 0 to 100, whatever the share: who is in at 5 % stays in at 25 %."""
    return int.from_bytes(drawn[:8], "big") / 2**64 * 100


def name_conversation(request: ChatRequest) -> str:
    """What tells this conversation from others: its id if the client gives one, else how it began.

    API clients send the whole conversation each time, so its first question is the same in all of
    its turns. Used in memory only.
    """
    if request.reading_room.conversation:
        return request.reading_room.conversation
    began = next((message.text for message in request.messages if message.role == "user"), "")
    return f"{request.user or ''}\n{began}"
