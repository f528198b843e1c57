"""What one answer leaves in the books."""

from __future__ import annotations

import time
from typing import Any

import pytest

from serve.accounting import Books
from serve.aliases import Route
from serve.database import Database
from serve.errors import BadRequest, EngineError
from serve.metrics import Metrics
from serve.rollout.counts import ArmCounts, Tally, read
from serve.rollout.slowness import ENOUGH, Slowness
from serve.schemas import AnswerDetails, Source, Status
from tests.serve.test_feedback import database as database

TRIED = Route("terse--v2-0badcafe", "terse", "f00d", 25, "candidate", "c1")
USED = {"prompt_tokens": 300, "completion_tokens": 20}
UNTOLD: dict[str, Any] = {}
"""What a source says is of no account here."""


def make_books() -> Books:
    return Books(Metrics(), Tally(), Slowness())


def details(status: Status = "answered", unverified: tuple[str, ...] = (), cited: int = 1) -> AnswerDetails:
    return AnswerDetails(
        sources=[Source.model_construct(**UNTOLD)] * cited,
        answer_id="a", status=status, found=True, adapter=TRIED.version, model="reader",
        index_version="i", prompt_version="p", unverified=list(unverified),
    )  # fmt: skip


def counted(books: Books, database: Database) -> ArmCounts:
    books.tally.flush(database)
    (found,) = read(database, TRIED.rollout)
    return found


@pytest.mark.parametrize(
    ("status", "dropped", "unverified", "expected"),
    [
        ("answered", 0, (), {}),
        ("answered", 1, (), {"invalid_citations": 1}),
        ("answered", 0, ("Box 99",), {"invalid_citations": 1}),
        ("not_found", 0, (), {"refusals": 1}),
        ("passages_only", 0, (), {"errors": 1}),
    ],
)
def test_an_answer_is_counted_for_its_arm(
    database: Database, status: Status, dropped: int, unverified: tuple[str, ...], expected: dict[str, int]
) -> None:
    books = make_books()
    with books.open(TRIED, time.perf_counter()) as account:
        account.clock.tick()
        account.finish(details(status, unverified), USED, dropped)
    assert counted(books, database) == ArmCounts(25, "candidate", answers=1, **expected)


def test_an_answer_from_passages_that_cites_none_counts_as_wrongly_cited(database: Database) -> None:
    books = make_books()
    with books.open(TRIED, time.perf_counter()) as account:
        account.clock.tick()
        account.finish(details(cited=0), USED)
    assert counted(books, database) == ArmCounts(25, "candidate", answers=1, invalid_citations=1)


def test_what_no_model_wrote_says_nothing_of_a_version(database: Database) -> None:
    books = make_books()
    with books.open(TRIED, time.perf_counter()) as account:
        account.finish(details("not_found"), {"prompt_tokens": 0, "completion_tokens": 0})
    books.tally.flush(database)
    assert read(database, TRIED.rollout) == ()


def test_an_error_counts_unless_the_client_made_it(database: Database) -> None:
    books = make_books()
    for error in (BadRequest("too long"), EngineError("it broke off")):
        with books.open(TRIED, time.perf_counter()) as account:
            account.fail(error)
    assert counted(books, database) == ArmCounts(25, "candidate", answers=1, errors=1)


def test_a_reader_who_left_before_the_first_word_counts_as_slow(database: Database) -> None:
    books = make_books()
    for _ in range(ENOUGH):
        books.slowness.judge(TRIED.alias, 0.1)
    with books.open(TRIED, time.perf_counter() - 60):
        pass
    with books.open(TRIED, time.perf_counter() - 60) as account:
        account.clock.tick()  # who leaves in the middle has seen the first word
    assert counted(books, database) == ArmCounts(25, "candidate", answers=1, slow=1)


def test_a_version_asked_for_by_name_is_in_no_arm(database: Database) -> None:
    books = make_books()
    with books.open(Route(TRIED.version), time.perf_counter()) as account:
        account.finish(details(), USED, 3)
    books.tally.flush(database)
    assert read(database, TRIED.rollout) == ()
