"""Where records come from: one file of one source, and what is remembered of it between readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A file as it was when it was last read.

    `source` is the name of the source it belongs to, `name` its path inside, `parts` the paths of files
    that are read together with it. `size` and `modified` (nanoseconds), of all of these, tell that it need
    not be looked at; `how` (how it is read) and `digest` (SHA-256 of the content) that it need not be read
    again. `rank` is the place of its format in the order of reading. `claims` are what it may share with
    other files (`retrieval.sources.holdings`); `problems` what was wrong with it, a line each.
    """

    source: str
    name: str
    size: int = -1
    modified: int = -1
    how: str = ""
    digest: str = ""
    rank: int = 1
    claims: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    format: str = ""
    parts: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other one."""
        return self.source, self.name

    def state(self) -> dict[str, Any]:
        """What is stored of it beside its key."""
        return {
            "size": self.size,
            "modified": self.modified,
            "how": self.how,
            "digest": self.digest,
            "rank": self.rank,
            "claims": self.claims,
            "problems": self.problems,
            "format": self.format,
            "parts": self.parts,
        }


def load_origin(source: str, name: str, state: dict[str, Any]) -> Origin:
    """The origin that `state` was taken of."""
    values = {**state, **{field: tuple(state[field]) for field in ("claims", "problems", "parts")}}
    return Origin(source=source, name=name, **values)
