"""The routes of feedback and kept conversations over a real database, without engine and index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr

from serve.accounting import Books
from serve.answer_memory import Answer, AnswerMemory
from serve.body_limit import BodyLimit
from serve.conversations.keeping import keep_turn
from serve.conversations.key import name_key
from serve.database import Database
from serve.error_replies import install_error_replies
from serve.metrics import Metrics
from serve.rollout.counts import Tally
from serve.rollout.slowness import Slowness
from serve.routes import conversations, feedback
from serve.schemas import AnswerDetails
from serve.settings import Settings

KEY = "a long random text"
STAFF = {"Authorization": f"Bearer {KEY}", "X-Reading-Room-Staff": "Ada"}
PATRON = "0123456789abcdef0123456789abcdef"


@dataclass
class Parts:
    """As much of a Service as these routes ask for."""

    settings: Settings
    database: Database
    memory: AnswerMemory = field(default_factory=lambda: AnswerMemory(2))
    books: Books = field(default_factory=lambda: Books(Metrics(), Tally(), Slowness()))
    page_key: str = "page"


@dataclass(frozen=True, slots=True)
class Scene:
    """A client of the routes, and what is behind them."""

    http: TestClient
    parts: Parts

    @property
    def database(self) -> Database:
        return self.parts.database

    def answer(self, number: int, words: str = "Box 4 [1].", conversation: str = PATRON) -> Answer:
        """An answer is given in a conversation, as the chat's route gives one."""
        details = AnswerDetails(
            answer_id=f"answer-{number}", status="answered", found=True, adapter="letters--v1-00000000",
            model="base", index_version="i1", prompt_version="1",
        )  # fmt: skip
        answer = Answer(f"Question {number}: {words}", words, details, conversation=name_key(conversation))
        self.parts.memory.remember(answer)
        keep_turn(self.database, answer, days=self.parts.settings.conversation_days)
        return answer

    def agree(
        self, agreed: bool = True, conversation: str = PATRON, headers: dict[str, str] | None = None
    ) -> Any:
        return self.http.post(
            f"/v1/conversations/{conversation}/agreement", json={"agreed": agreed}, headers=headers
        )

    def give(self, key: str, **changes: object) -> Any:
        """Send feedback."""
        said = {"answer_id": "answer-1", "idempotency_key": key, "thumb": "down", "comment": "No.", **changes}
        return self.http.post("/v1/feedback", json=said)


@contextmanager
def open_scene(url: str, **settings: Any) -> Iterator[Scene]:
    database = Database(url)
    database.migrate()
    parts = Parts(Settings(data=Path("unused"), staff_key=SecretStr(KEY), **settings), database)
    app = FastAPI()
    app.state.service = parts
    install_error_replies(app)
    app.include_router(conversations.router)
    app.include_router(feedback.router)
    app.add_middleware(BodyLimit, most_bytes=parts.settings.request_bytes)
    with TestClient(app, raise_server_exceptions=False) as http:
        yield Scene(http, parts)
    database.close()
