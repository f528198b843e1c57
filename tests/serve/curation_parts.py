"""What tests of the inbox and of pairs need: a library, staff, answers given and what patrons said of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from retrieval.embedding import Embedder, load_embedder
from retrieval.library import Library
from retrieval.records import Hit, Passage, Record
from retrieval.spans import WITHOUT_END, of_years
from retrieval.store.builder import build_index
from serve.conversations.tables import KeptTurn
from serve.curation.checking import Checker
from serve.curation.collecting import collect
from serve.curation.judging import Judged, Judging
from serve.curation.tables import InboxEntry, InboxGroup
from serve.database import Database
from serve.people.authority import Actor, Role
from serve.schemas import AnswerDetails, Source
from serve.sources import describe_source
from serve.tables import Feedback
from serve.wire.inbox import JudgementRequest
from tests.retrieval.shelf import MARSH, make_record, shelf_records
from tests.retrieval.test_update import quiet, readings

ADA = Actor(Role.CURATOR, "staff-ada", "Ada Byron")
BEN = Actor(Role.CURATOR, "staff-ben", "Ben Okri")
EVE = Actor(Role.APPROVER, "staff-eve", "Eve Arden")
FAY = Actor(Role.APPROVER, "staff-fay", "Fay Weldon")
KEY = "0123456789abcdef0123456789abcdef"
"""A conversation, as the database names it."""
LETTER, SECOND, SEALED = "ms1/a1", "ms1/a2", "ms1/sealed"
RECORDS: tuple[Record, ...] = (
    make_record(
        id=LETTER, parent_id="ms1/letters", title="Ellen Marsh ALS to Ada Hale", dates="1905 June 2",
        spans=of_years((1905, 1905)), breadcrumb=(MARSH, "Correspondence"), container="Box 4, Folder 12",
        text="Ellen writes that the mill has burned and the children are safe.", position=30,
    ),
    make_record(
        id=SECOND, parent_id="ms1/letters", title="Ada Hale ALS to Ellen Marsh", dates="1905 June 9",
        spans=of_years((1905, 1905)), breadcrumb=(MARSH, "Correspondence"), container="Box 4, Folder 13",
        text="Ada answers that beds are made up for all of them in Hale Street.", position=31,
    ),
    make_record(
        id=SEALED, parent_id="ms1/letters", title="Sealed diary of Ellen Marsh", dates="1906",
        spans=of_years((1906, 1906)), breadcrumb=(MARSH, "Correspondence"), text="The fire was laid by Otto.",
        position=32, withheld_until=WITHOUT_END,
    ),
)  # fmt: skip
QUESTION = "What did Ellen Marsh write to Ada Hale in June 1905?"
ANSWER = 'Ellen Marsh wrote that "the mill has burned and the children are safe" [2].'


def open_library(folder: Path, embedder: Embedder) -> Library:
    """A small index, in use."""
    build_index(folder, readings([*shelf_records(), *RECORDS]), embedder, quiet)
    library = Library(folder, embedder)
    library.refresh()
    return library


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return open_library(tmp_path_factory.mktemp("curation") / "index", load_embedder())


@pytest.fixture
def checker(library: Library) -> Checker:
    return make_checker(library)


def make_checker(library: Library) -> Checker:
    return Checker(library, lambda text: len(text.split()))


def make_source(number: int, record: Record, *, cited: bool) -> Source:
    """A source as an answer has it."""
    hit = Hit(
        record=record, passage=Passage(id=f"{record.id}#0", record_id=record.id, text=record.text), score=1
    )
    return describe_source(hit, number, cited=cited, base_url="http://here")


def make_details(status: str = "answered", **changes: Any) -> AnswerDetails:
    """What stands behind an answer that cites [2], the first letter; [1] was searched and not cited."""
    answered = status == "answered"
    fields: dict[str, Any] = {
        "answer_id": f"chatcmpl-{secrets.token_hex(12)}",
        "status": status,
        "found": status != "not_found",
        "adapter": "letters--v1-00000000",
        "alias": "default",
        "model": "reader",
        "index_version": "index-1",
        "prompt_version": "1",
        "sources": [make_source(2, RECORDS[0], cited=True)] if answered else [],
        "also_searched": [make_source(1, RECORDS[1], cited=False)],
    }
    return AnswerDetails.model_validate(fields | changes)


def give_feedback(session: Session, question: str = QUESTION, answer: str = ANSWER, **changes: Any) -> str:
    """Keep a feedback as the service does; returns its id."""
    details = changes.pop("details", None) or make_details(changes.pop("status", "answered"))
    now = datetime.now(UTC)
    fields: dict[str, Any] = {
        "id": f"feedback-{secrets.token_hex(12)}",
        "idempotency_key": secrets.token_hex(8),
        "answer_id": details.answer_id,
        "created": now,
        "expires": now + timedelta(days=30),
        "thumb": "down",
        "reasons": [],
        "comment": "",
        "corrected_answer": "",
        "question": question,
        "answer": answer,
        "details": details.model_dump(mode="json"),
        "remembered": True,
        "conversation": None,
        "consent": "feedback-1",
    }
    row = Feedback(**(fields | changes))
    session.add(row)
    session.flush()
    return row.id


def keep_turn(session: Session, question: str, answer: str, status: str, conversation: str = KEY) -> str:
    """Keep a turn as the service does where the patron agreed; returns its id."""
    details, now = make_details(status), datetime.now(UTC)
    row = KeptTurn(
        id=f"turn-{secrets.token_hex(12)}", conversation=conversation, answer_id=details.answer_id, created=now,
        expires=now + timedelta(days=30), question=question, answer=answer, consent="keeping-1",
        details=details.model_dump(mode="json"),
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row.id


def put_in(database: Database, library: Library, questions: Sequence[str], **changes: Any) -> list[str]:
    """Feedback on each question, grouped; returns the groups' ids in the order of the questions."""
    with database.sessions.begin() as session:
        ids = [give_feedback(session, question, **changes) for question in questions]
    while collect(database, library):
        pass
    return [find_group_of(database, name) for name in ids]


def find_group_of(database: Database, entry: str) -> str:
    with database.readings() as session:
        return session.scalars(select(InboxEntry.group).where(InboxEntry.id == entry)).one()


def read_group(database: Database, name: str) -> InboxGroup:
    with database.readings() as session:
        return session.scalars(select(InboxGroup).where(InboxGroup.id == name)).one()


def ask(verdict: str, revision: int = 1, key: str = "key-1", **more: Any) -> JudgementRequest:
    fields = {"verdict": verdict, "revision": revision, "idempotency_key": key}
    return JudgementRequest.model_validate(fields | more)


def judge(
    database: Database,
    library: Library,
    checker: Checker,
    group: str,
    request: JudgementRequest,
    who: Actor = ADA,
) -> Judged:
    with database.sessions.begin() as session:
        return Judging(session, who, library, checker).judge(group, request)
