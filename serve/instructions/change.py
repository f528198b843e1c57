"""One change of the standing instructions: a transaction with its event.

Changes take turns, in this process and in others, on SQLite and PostgreSQL alike: so of two activations
from the same revision exactly one wins, and events become visible in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from retrieval.prompt import neutralise
from serve.database import BUSY_SECONDS, Database
from serve.errors import BadRequest
from serve.instructions.tables import InstructionEvent, InstructionScope
from serve.instructions.version import Pointer, Scope, load_pointer
from serve.people.audit import audit
from serve.people.authority import Actor
from serve.plain import make_plain


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction, and who asked for it."""

    session: Session
    scope: Scope
    actor: Actor
    why: str

    @property
    def who(self) -> str:
        """The name that is kept."""
        return make_plain(self.actor.name)[:200]

    def pointer(self) -> Pointer:
        """What is in force for the scope, as nobody else can change it meanwhile."""
        row = self.session.get(InstructionScope, (self.scope.kind, self.scope.name))
        return load_pointer(row) if row else Pointer(self.scope)

    def tell(self, what: str, details: dict[str, Any]) -> None:
        """Append the event, and a line to the audit log."""
        subject = f"instructions {self.scope.kind}:{self.scope.name}"
        audit(self.session, self.actor, what, subject, self.why, details)
        self.session.add(
            InstructionEvent(
                at=datetime.now(UTC),
                who=self.who,
                kind=self.scope.kind,
                scope=self.scope.name,
                what=what,
                why=self.why,
                details=details,
            )
        )


@contextmanager
def change(database: Database, scope: Scope, actor: Actor, why: str = "") -> Iterator[Change]:
    """Begin a change when no other is under way; committed at the end. Raises BadRequest for a bad name."""
    if not 1 <= len(scope.name) <= 300 or "\x00" in scope.name:
        raise BadRequest(f"The name of {scope.kind} has 1 to 300 characters.", param="name")
    with database.sessions.begin() as session:
        if session.get_bind().dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE has waited already
            session.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
            session.execute(text("LOCK TABLE instruction_event IN SHARE ROW EXCLUSIVE MODE"))
        yield Change(session, scope, actor, clean(why))


def clean(text: str) -> str:
    """A text as it is kept: lines ended as on Unix, nothing unseen, nothing like a control token."""
    return neutralise(text.replace("\r\n", "\n").replace("\r", "\n")).strip()
