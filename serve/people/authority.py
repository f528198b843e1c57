"""Who may do what. One function decides, for pages, API, search and streams alike: `may`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody is to the library. Staff roles include those before them."""

    STRANGER = "stranger"
    """Somebody without a key, where the library asks programs for one (READING_ROOM_API_NEEDS_KEY)."""
    PATRON = "patron"
    """Anonymous; `Actor.id` is a session's unguessable id, or empty."""
    CLIENT = "client"
    """A program with an API key."""
    CURATOR = "curator"
    APPROVER = "approver"
    ADMINISTRATOR = "administrator"


STAFF = (Role.CURATOR, Role.APPROVER, Role.ADMINISTRATOR)
EVERYBODY = (Role.PATRON, Role.CLIENT, *STAFF)
WHOEVER = (Role.STRANGER, *EVERYBODY)


class Action(StrEnum):
    """Everything that can be asked of the service; each route names one."""

    ASK = "ask"
    """Chat and search, collections and records that the asker may see."""
    GIVE_FEEDBACK = "give feedback"
    KEEP_CONVERSATION = "keep conversation"
    """Agree that one's own conversation is kept, end it, or have it deleted."""
    READ_PAGE = "read page"
    """The plain page of a record, which citations link to."""
    READ_STATUS = "read status"
    SIGN_IN = "sign in"
    MANAGE_OWN_SESSION = "manage own session"
    READ_INBOX = "read inbox"
    JUDGE_ANSWERS = "judge answers"
    EDIT_PAIRS = "edit pairs"
    APPROVE_PAIRS = "approve pairs"
    IMPORT_PAIRS = "import pairs"
    READ_DATASETS = "read datasets"
    BUILD_DATASETS = "build datasets"
    READ_EXAM = "read exam"
    READ_USAGE = "read usage"
    READ_ADAPTERS = "read adapters"
    MANAGE_ADAPTERS = "manage adapters"
    READ_COMPARISONS = "read comparisons"
    RUN_COMPARISONS = "run comparisons"
    """Begin, open and close blind comparisons of two versions."""
    COMPARE_ANSWERS = "compare answers"
    """Vote in them; patrons only where the library's setting and the comparison allow it."""
    READ_TRAINING = "read training"
    """Jobs and runs, how far they are and what came of them."""
    MANAGE_TRAINING = "manage training"
    """Begin, pause, resume and cancel them."""
    READ_SOURCES = "read sources"
    MANAGE_INSTRUCTIONS = "manage instructions"
    READ_SETTINGS = "read settings"
    READ_AUDIT = "read audit"
    ERASE = "erase"
    """Follow a patron's request for deletion through everything that came of a conversation."""
    MANAGE_PEOPLE = "manage people"
    MANAGE_KEYS = "manage keys"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `id` names a session, an API key or a staff account; `name` is what the audit log keeps.

    `scopes` are the actions that an API key was made for; `conversation` is the one that a program speaks
    for, by the unguessable id that makes it its own.
    """

    role: Role
    id: str = ""
    name: str = ""
    scopes: frozenset[Action] = frozenset()
    conversation: str = ""


_ALLOWED: dict[Action, tuple[Role, ...]] = {
    Action.ASK: EVERYBODY,
    Action.GIVE_FEEDBACK: EVERYBODY,
    Action.KEEP_CONVERSATION: EVERYBODY,
    Action.READ_PAGE: WHOEVER,
    Action.READ_STATUS: WHOEVER,
    Action.SIGN_IN: WHOEVER,
    Action.MANAGE_OWN_SESSION: STAFF,
    Action.READ_INBOX: STAFF,
    Action.JUDGE_ANSWERS: STAFF,
    Action.EDIT_PAIRS: STAFF,
    Action.APPROVE_PAIRS: STAFF[1:],
    Action.IMPORT_PAIRS: STAFF,
    Action.READ_DATASETS: STAFF,
    Action.BUILD_DATASETS: STAFF[1:],
    Action.READ_EXAM: STAFF[2:],
    Action.READ_USAGE: STAFF,
    Action.READ_ADAPTERS: STAFF,
    Action.MANAGE_ADAPTERS: STAFF[2:],
    Action.READ_COMPARISONS: STAFF,
    Action.RUN_COMPARISONS: STAFF[1:],
    Action.COMPARE_ANSWERS: EVERYBODY,
    Action.READ_TRAINING: STAFF,
    Action.MANAGE_TRAINING: STAFF[1:],
    Action.READ_SOURCES: STAFF,
    Action.MANAGE_INSTRUCTIONS: STAFF[1:],
    Action.READ_SETTINGS: STAFF[2:],
    Action.READ_AUDIT: STAFF[2:],
    Action.ERASE: STAFF[2:],
    Action.MANAGE_PEOPLE: STAFF[2:],
    Action.MANAGE_KEYS: STAFF[2:],
}
_OWNED = frozenset({Action.KEEP_CONVERSATION, Action.MANAGE_OWN_SESSION})
"""Actions on something that belongs to one actor: nobody else may, whatever their role."""


def may(actor: Actor, action: Action, owner: str | None = None) -> bool:
    """Whether `actor` may do `action`; `owner` is the id of whom the thing belongs to, where it has one."""
    if actor.role not in _ALLOWED[action]:
        return False
    if actor.role is Role.CLIENT and action not in actor.scopes:
        return False
    return action not in _OWNED or owner is None or (bool(owner) and owner in (actor.id, actor.conversation))
