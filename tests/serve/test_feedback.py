"""Feedback is kept before it is acknowledged, and kept once, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select

from serve.answer_memory import Answer, AnswerMemory
from serve.database import Database
from serve.errors import NotFound
from serve.feedback import keep_feedback
from serve.schemas import AnswerDetails, FeedbackRequest
from serve.tables import Base, Feedback
from tests.databases import run_postgres

DETAILS = AnswerDetails(
    answer_id="a1", status="answered", found=True, adapter="terse--v1-00000000", model="reader",
    index_version="i1", prompt_version="1",
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        database = Database(f"sqlite:///{folder / 'room.sqlite'}")
        database.migrate()
        yield database
        database.close()
        return
    folder.parent.chmod(0o755)
    folder.parent.parent.chmod(0o755)
    with run_postgres(folder) as url:
        if url is None:
            pytest.skip("PostgreSQL (initdb, pg_ctl) is not installed")
        database = Database(url)
        database.migrate()
        yield database
        database.close()


@pytest.fixture
def memory() -> AnswerMemory:
    memory = AnswerMemory(hours=1)
    memory.remember(Answer("Any letters?", 'Yes: "A letter" [1].', DETAILS))
    return memory


def make_request(**changes: object) -> FeedbackRequest:
    fields = {
        "answer_id": "a1",
        "idempotency_key": "k1",
        "thumb": "down",
        "reasons": ["wrong_fact"],
        "comment": "No\x00!",
    }
    return FeedbackRequest.model_validate(fields | changes)


def count(database: Database) -> int:
    with database.sessions() as session:
        return session.scalar(select(func.count()).select_from(Feedback)) or 0


def test_feedback_carries_the_answer_it_is_about(database: Database, memory: AnswerMemory) -> None:
    reply, _ = keep_feedback(database, memory, make_request(), days=30)
    with database.sessions() as session:
        row = session.scalars(select(Feedback)).one()
    assert (row.id, row.thumb, row.reasons, row.comment) == (reply.id, "down", ["wrong_fact"], "No!")
    assert (row.question, row.answer, row.remembered) == ("Any letters?", 'Yes: "A letter" [1].', True)
    assert row.details["adapter"] == "terse--v1-00000000"
    kept = datetime.fromisoformat(reply.kept_until) - datetime.fromisoformat(reply.created)
    assert kept == timedelta(days=30)


def test_the_same_key_is_kept_once_even_at_the_same_moment(database: Database, memory: AnswerMemory) -> None:
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda _: keep_feedback(database, memory, make_request(), days=30)[0], range(16))
        )
    assert len({reply.id for reply in replies}) == 1
    assert count(database) == 1


def test_an_unknown_answer_needs_question_and_answer(database: Database, memory: AnswerMemory) -> None:
    with pytest.raises(NotFound, match="Send the feedback again with `question` and `answer`"):
        keep_feedback(database, memory, make_request(answer_id="gone"), days=30)
    assert count(database) == 0
    keep_feedback(database, memory, make_request(answer_id="gone", question="Q", answer="A"), days=30)
    with database.sessions() as session:
        row = session.scalars(select(Feedback)).one()
    assert (row.question, row.answer, row.remembered, row.details) == ("Q", "A", False, {})


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    made = {column["name"]: column["nullable"] for column in inspect(database.engine).get_columns("feedback")}
    assert made == {column.name: column.nullable for column in Base.metadata.tables["feedback"].columns}
    database.migrate()


WRITER = """
import sys
from serve.answer_memory import AnswerMemory
from serve.database import Database
from serve.feedback import keep_feedback
from serve.schemas import FeedbackRequest
database = Database(sys.argv[1])
for number in range(10_000):
    request = FeedbackRequest(answer_id=str(number), idempotency_key=str(number), thumb="up", question="q", answer="a")
    keep_feedback(database, AnswerMemory(1), request, days=1)
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'room.sqlite'}"
    database = Database(url)
    database.migrate()
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    acknowledged = [writer.stdout.readline().strip() for _ in range(25)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.stdout.read().split()
    writer.wait()
    writer.stdout.close()
    with database.sessions() as session:
        kept = set(session.scalars(select(Feedback.idempotency_key)))
    database.close()
    assert set(acknowledged) <= kept
    assert len(kept) <= len(acknowledged) + 1
