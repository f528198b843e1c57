"""A patron's conversation: what was asked and answered so far, kept on the server for one page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Literal

from serve.schemas import AnswerDetails, ChatMessage, Reading

MOST_TURNS_SENT = 8
"""Earlier turns that go along with a follow-up question; the gateway cuts further to its budget."""


MOST_TURNS = 30
"""Turns that a page shows; the oldest leave first, so that one patron cannot fill the memory."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer. `details` is there once the answer is complete.

    `readings` are all that was ever read from the question, `without` the ids of those that the patron
    took away.
    """

    number: int
    question: str
    text: str = ""
    details: AnswerDetails | None = None
    problem: str = ""
    readings: tuple[Reading, ...] = ()
    without: frozenset[str] = frozenset()
    state: Literal["writing", "complete", "stopped", "failed"] = "writing"


@dataclass(frozen=True, slots=True)
class Conversation:
    """The turns so far, the one being written last.

    `id` is made up at the first question, so that one adapter version answers all of them; it tells
    nothing about the patron. Whoever holds it may have what is kept of the conversation deleted.
    """

    turns: tuple[Turn, ...] = ()
    id: str = ""

    @property
    def current(self) -> Turn | None:
        """The newest turn."""
        return self.turns[-1] if self.turns else None

    def ask(self, question: str) -> Conversation:
        """Begin a turn; one that was still being written is closed as stopped."""
        number = self.current.number + 1 if self.current else 1
        kept = self.stop().turns[-(MOST_TURNS - 1) :]
        return Conversation((*kept, Turn(number=number, question=question)), self.id or secrets.token_hex(16))

    def ask_again(self, without: frozenset[str]) -> Conversation:
        """Begin the newest turn anew, its question read without these readings."""
        current = self.turns[-1]
        again = Turn(
            number=current.number, question=current.question, readings=current.readings, without=without
        )
        return self.put(again)

    def put(self, turn: Turn) -> Conversation:
        """The same conversation with its newest turn replaced."""
        return replace(self, turns=(*self.turns[:-1], turn))

    def stop(self) -> Conversation:
        """Close a turn that is still being written, as it stands."""
        current = self.current
        if current is None or current.state != "writing":
            return self
        return self.put(replace(current, state="stopped"))

    def messages(self) -> list[ChatMessage]:
        """What is sent to the gateway: complete earlier turns, newest ones only, then the question."""
        current = self.current
        if current is None:
            return []
        earlier = [turn for turn in self.turns[:-1] if turn.state == "complete" and turn.text.strip()]
        messages: list[ChatMessage] = []
        for turn in earlier[-MOST_TURNS_SENT:]:
            messages.append(ChatMessage(role="user", content=turn.question))
            messages.append(ChatMessage(role="assistant", content=turn.text))
        return [*messages, ChatMessage(role="user", content=current.question)]
