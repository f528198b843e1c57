"""Answers of the last hours, in memory only: what feedback is attached to, gone with the process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from serve.aliases import Route
from serve.schemas import AnswerDetails

MOST_ANSWERS = 5_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One finished answer: the question as asked, the text as shown, and everything behind it.

    `conversation` is the key (`serve.conversations.key`) of the one it belongs to, "" where none was named.
    """

    question: str
    text: str
    details: AnswerDetails
    route: Route = Route("")
    conversation: str = ""


class AnswerMemory:
    """The newest answers by id, for `hours`; never written to disk."""

    def __init__(self, hours: float) -> None:
        self._seconds = hours * 3600
        self._answers: OrderedDict[str, tuple[float, Answer]] = OrderedDict()
        self._disliked: set[str] = set()
        self._lock = threading.Lock()

    def remember(self, answer: Answer) -> None:
        """Keep an answer; the oldest go when there are too many."""
        with self._lock:
            self._answers[answer.details.answer_id] = (time.monotonic(), answer)
            self._forget_old()

    def recall(self, answer_id: str) -> Answer | None:
        """The answer of that id, if it is still held."""
        with self._lock:
            self._forget_old()
            held = self._answers.get(answer_id)
            return held[1] if held else None

    def recall_conversation(self, key: str) -> list[Answer]:
        """The answers of a conversation that are still held, oldest first."""
        with self._lock:
            self._forget_old()
            return [answer for _, answer in self._answers.values() if key and answer.conversation == key]

    def forget_conversation(self, key: str) -> int:
        """Let go of all answers of a conversation; returns how many there were."""
        with self._lock:
            gone = [name for name, (_, held) in self._answers.items() if key and held.conversation == key]
            for answer_id in gone:
                del self._answers[answer_id]
                self._disliked.discard(answer_id)
            return len(gone)

    def dislike(self, answer_id: str) -> Route | None:
        """Who wrote a held answer, the first time that it is disliked; None ever after."""
        answer = self.recall(answer_id)
        with self._lock:
            if answer is None or answer_id in self._disliked:
                return None
            self._disliked.add(answer_id)
            return answer.route

    def _forget_old(self) -> None:
        limit = time.monotonic() - self._seconds
        while self._answers:
            written, _ = next(iter(self._answers.values()))
            if written >= limit and len(self._answers) <= MOST_ANSWERS:
                return
            answer_id, _ = self._answers.popitem(last=False)
            self._disliked.discard(answer_id)
