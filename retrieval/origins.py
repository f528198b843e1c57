"""Where records come from: one file of one source, and what is remembered of it between readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A file as it was when it was last read.

    `source` is the name of the source it belongs to, `name` its path inside. `modified` is in
    nanoseconds; with `size` it tells a file that need not be looked at, with `digest` (SHA-256 of the
    content and of how it is read) one that need not be read again. `rank` is the place of its format in
    the order of reading. `claims` are what it may share with other files (`retrieval.holdings`);
    `problems` what was wrong with it, a line each.
    """

    source: str
    name: str
    size: int = -1
    modified: int = -1
    digest: str = ""
    rank: int = 1
    claims: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    format: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other one."""
        return self.source, self.name

    def state(self) -> dict[str, Any]:
        """What is stored of it beside its key."""
        return {
            "size": self.size,
            "modified": self.modified,
            "digest": self.digest,
            "rank": self.rank,
            "claims": self.claims,
            "problems": self.problems,
            "format": self.format,
        }


def load_origin(source: str, name: str, state: dict[str, Any]) -> Origin:
    """The origin that `state` was taken of."""
    values = {**state, "claims": tuple(state["claims"]), "problems": tuple(state["problems"])}
    return Origin(source=source, name=name, **values)
