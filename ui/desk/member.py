"""Who is signed in, as the pages need to know it, and the rooms that stand open to them."""

from __future__ import annotations

from dataclasses import dataclass

from serve.wire.people import SessionInfo
from ui.client import GatewayError
from ui.desk.client import Gateway


@dataclass(frozen=True, slots=True)
class Room:
    """A room in the list at the side. `action` is what one must be allowed to do to enter it."""

    path: str
    title: str
    action: str
    also: str = ""
    """Another action that opens it as well."""


ROOMS = (
    ("Answers", (
        Room("/inbox", "Inbox", "read inbox"),
        Room("/pairs", "Pairs", "edit pairs"),
        Room("/usage", "What patrons ask", "read usage"),
    )),
    ("From pairs to answers", (
        Room("/datasets", "Dataset versions", "read datasets"),
        Room("/training", "Training", "read training"),
        Room("/adapters", "Adapters", "read adapters"),
        Room("/comparisons", "Comparisons", "read comparisons"),
        Room("/instructions", "Instructions", "manage instructions"),
    )),
    ("The house", (
        Room("/sources", "Sources", "read sources"),
        Room("/people", "People and keys", "manage people", "manage keys"),
        Room("/audit", "Audit log", "read audit"),
        Room("/settings", "Settings", "read settings"),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff. `allowed` holds the actions that the gateway grants them."""

    id: str
    name: str
    role: str
    allowed: frozenset[str]

    def may(self, action: str) -> bool:
        """Whether to show what does this; the gateway decides again when it is done."""
        return action in self.allowed

    @property
    def rooms(self) -> list[tuple[str, list[Room]]]:
        """The rooms that are open, under their headings."""
        open_rooms = [(title, [room for room in rooms if self._enters(room)]) for title, rooms in ROOMS]
        return [(title, rooms) for title, rooms in open_rooms if rooms]

    def _enters(self, room: Room) -> bool:
        return self.may(room.action) or (bool(room.also) and self.may(room.also))


async def know_member(gateway: Gateway) -> Member | None:
    """Who is signed in by this token; None for nobody, or for a sign-in that has ended."""
    if not gateway.token:
        return None
    try:
        session = await gateway.get("/v1/session", SessionInfo)
    except GatewayError as problem:
        if problem.status in (401, 403):
            return None
        raise
    return Member(session.id, session.name, str(session.role), frozenset(map(str, session.actions)))
