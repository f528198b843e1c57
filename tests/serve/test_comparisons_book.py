"""Comparisons in both databases: begun, answered, voted in, closed; what is kept, refused and erased."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError

from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import Answers, Comparison, Progress
from serve.comparisons.erasure import erase_questions
from serve.comparisons.filling import fill
from serve.comparisons.outcome import rate_all, read_outcome
from serve.comparisons.tables import ComparisonAnswers, ComparisonQuestion, ComparisonVote
from serve.comparisons.voting import MOST_OF_PATRONS, Polls
from serve.database import Database
from serve.errors import BadRequest, Conflict, EngineDown, NotFound, ServeError
from serve.people.audit import read_audit
from serve.people.authority import Actor, Role
from serve.tables import Base
from tests.serve.comparison_parts import (
    ADA,
    BEN,
    COMPARISON_TABLES,
    NEW,
    OLD,
    PATRON,
    begin,
    choose,
    open_one,
    vote_on_all,
    write,
)


@pytest.fixture
def book(database: Database) -> ComparisonBook:
    return ComparisonBook(database)


@pytest.fixture
def polls(database: Database) -> Polls:
    return Polls(database)


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in COMPARISON_TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {tuple(index["column_names"]) for index in inspector.get_indexes(table)}
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_a_comparison_is_begun_filled_and_opened(book: ComparisonBook) -> None:
    begun = begin(book, 2, title="Short\x00 or long\u202e", why="asked for")
    assert (begun.state, begun.title, begun.contributors) == (
        "preparing",
        "Short or long",
        frozenset({"ada"}),
    )
    opened = asyncio.run(fill(book, begun.id, write, pause=0))
    assert (opened.state, opened.problem, opened.revision) == ("open", "", 2)
    assert book.progress(opened) == Progress(2, 2, 0)
    assert [(one.position, one.text) for one in book.questions(opened)] == [
        (0, "What of box 0?"), (1, "What of box 1?"),
    ]  # fmt: skip
    assert book.list() == (opened,)
    (entry,) = read_audit(book.database)
    assert (entry.who, entry.what, entry.why) == ("Ada", "began", "asked for")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"questions": []}, "at least one question"),
        ({"questions": [" ", "\x00\u200b"]}, "at least one question"),
        ({"champion": NEW}, "Expected two versions"),
    ],
)
def test_what_cannot_be_compared(book: ComparisonBook, given: dict[str, Any], named: str) -> None:
    with pytest.raises(BadRequest, match=named):
        begin(book, **given)
    assert book.list() == ()


def test_a_question_that_stands_there_twice_is_asked_once(book: ComparisonBook) -> None:
    begun = begin(book, questions=["Any maps?", " Any maps? ", "Any letters?"])
    assert book.progress(begun).questions == 2


def test_what_got_no_answers_is_asked_again(book: ComparisonBook) -> None:
    asked: list[str] = []

    async def fail_on_one(comparison: Comparison, question: str) -> Answers:
        asked.append(question)
        if question.endswith("1?"):
            raise EngineDown("The engine is away.")
        if question.endswith("2?"):
            raise ServeError("It is too long.")
        return await write(comparison, question)

    begun = begin(book, 3)
    left = asyncio.run(fill(book, begun.id, fail_on_one, pause=0))
    assert left.state == "preparing"
    assert left.problem.startswith("2 of 3 got no answers: ")
    assert sorted(asked) == ["What of box 0?", *["What of box 1?"] * 3, "What of box 2?"]
    assert asyncio.run(fill(book, begun.id, write, pause=0)).state == "open"
    assert book.progress(left) == Progress(3, 3, 0)


def test_it_can_be_opened_without_what_got_no_answers(book: ComparisonBook) -> None:
    async def answer_the_first(comparison: Comparison, question: str) -> Answers:
        if not question.endswith("0?"):
            raise ServeError("It is too long.")
        return await write(comparison, question)

    begun = begin(book, 3)
    with pytest.raises(Conflict, match="None of the questions has answers"):
        book.open_without(begun.id, ADA, revision=1)
    left = asyncio.run(fill(book, begun.id, answer_the_first, pause=0))
    with pytest.raises(Conflict, match="you had revision 1"):
        book.open_without(begun.id, ADA, revision=1)
    opened = book.open_without(begun.id, ADA, revision=left.revision)
    assert (opened.state, opened.problem, book.progress(opened)) == ("open", "", Progress(1, 1, 0))


def test_answers_are_kept_once_and_never_changed(book: ComparisonBook) -> None:
    opened = open_one(book, 1)
    (question,) = book.questions(opened)
    assert book.keep(question.id, Answers("other", "words")) is False
    assert book.keep("q-nothing", Answers("other", "words")) is False
    assert book.questions(opened) == (question,)
    for table, column in (
        (ComparisonQuestion, "text"), (ComparisonAnswers, "candidate"), (ComparisonVote, "choice"),
    ):  # fmt: skip
        if table is ComparisonVote:
            vote_on_all(Polls(book.database), opened, BEN, ["candidate"])
        with pytest.raises(DBAPIError, match="never changes"), book.database.sessions.begin() as session:
            session.execute(update(table).values({column: "tie"}))


def test_answers_in_the_same_words_are_shown_to_nobody(book: ComparisonBook, polls: Polls) -> None:
    async def agree_on_one(comparison: Comparison, question: str) -> Answers:
        if question.endswith("0?"):
            return Answers("Box 4.", " Box  4.\n")
        return await write(comparison, question)

    begun = begin(book, 2)
    opened = asyncio.run(fill(book, begun.id, agree_on_one, pause=0))
    assert book.progress(opened).same == 1
    turn = polls.next(opened.id, BEN, patrons=False)
    assert turn.left == 1 and turn.task and turn.task.text == "What of box 1?"
    same = next(one.id for one in book.questions(opened) if one.text == "What of box 0?")
    with pytest.raises(Conflict, match="takes no vote"):
        polls.vote(opened.id, BEN, same, "tie", patrons=False)


def test_votes_are_counted_and_taken_back(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 2)
    first = polls.next(opened.id, BEN, patrons=False)
    assert first.task and (first.done, first.left, first.last) == (0, 2, "")
    side = choose(first, "champion")
    second = polls.vote(opened.id, BEN, first.task.question, side, patrons=False)
    assert second.task and second.task.question != first.task.question
    assert (second.done, second.left, second.last) == (1, 1, first.task.question)
    again = polls.vote(opened.id, BEN, first.task.question, side, patrons=False)
    assert again == second
    with pytest.raises(Conflict, match="chosen otherwise"):
        polls.vote(opened.id, BEN, first.task.question, "tie", patrons=False)
    (vote,) = book.votes(opened)
    assert (vote.choice, vote.name, vote.body, vote.contributed) == ("champion", "Ben", "staff", False)
    assert vote.shown_first == first.task.sides[0].arm
    back = polls.take_back(opened.id, BEN, first.task.question, patrons=False)
    assert (back.done, back.left, back.last) == (0, 2, "") and book.votes(opened) == ()
    with pytest.raises(NotFound, match="no vote of yours"):
        polls.take_back(opened.id, BEN, first.task.question, patrons=False)


def test_a_side_of_another_judge_or_question_is_refused(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 2)
    mine, theirs = polls.next(opened.id, BEN, patrons=False), polls.next(opened.id, ADA, patrons=False)
    assert mine.task and theirs.task
    stolen = [side.name for side in theirs.task.sides]
    for given in (*stolen, "candidate", "champion", "", "é", "0" * 16):
        with pytest.raises(BadRequest, match="expected the name of one of the two sides"):
            polls.vote(opened.id, BEN, mine.task.question, given, patrons=False)
    with pytest.raises(BadRequest):
        polls.vote(opened.id, BEN, "q-nothing", mine.task.sides[0].name, patrons=False)


def test_contributors_are_known_by_their_names(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 1, contributors=["ada"])
    vote_on_all(polls, opened, Actor(Role.APPROVER, "person-1", "  ADA "), ["candidate"])
    vote_on_all(polls, opened, BEN, ["candidate"])
    assert sorted((vote.name.strip(), vote.contributed) for vote in book.votes(opened)) == [
        ("ADA", True), ("Ben", False),
    ]  # fmt: skip


def test_patrons_vote_where_they_may(book: ComparisonBook, polls: Polls) -> None:
    closed_to_them, for_them = open_one(book, 1), open_one(book, 1, patrons=True)
    assert [turn.comparison.id for turn in polls.list_open(PATRON, patrons=True)] == [for_them.id]
    assert polls.list_open(PATRON, patrons=False) == ()
    assert len(polls.list_open(BEN, patrons=False)) == 2
    for comparison, setting in ((closed_to_them, True), (for_them, False)):
        with pytest.raises(NotFound):
            polls.next(comparison.id, PATRON, patrons=setting)
    with pytest.raises(BadRequest, match="unguessable id"):
        polls.next(for_them.id, Actor(Role.PATRON), patrons=True)
    with pytest.raises(BadRequest, match="unguessable id"):
        polls.next(for_them.id, Actor(Role.CLIENT, "key-1", "Catalogue"), patrons=True)
    vote_on_all(polls, for_them, PATRON, ["champion"])
    (vote,) = book.votes(for_them)
    assert (vote.body, vote.name) == ("patrons", "") and PATRON.id not in vote.judge


def test_many_patrons_weigh_no_more_than_some(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 1, patrons=True)
    for number in range(MOST_OF_PATRONS):
        vote_on_all(polls, opened, Actor(Role.PATRON, f"visit {number}"), ["champion"])
    late = polls.next(opened.id, Actor(Role.PATRON, "one more"), patrons=True)
    assert late.task is None and late.left == 0
    vote_on_all(polls, opened, BEN, ["candidate"])
    assert len(book.votes(opened)) == MOST_OF_PATRONS + 1


def test_how_it_stands_is_shown_to_nobody_before_it_is_closed(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 3)
    vote_on_all(polls, opened, BEN, ["candidate", "champion", "candidate"])
    with pytest.raises(Conflict, match="shown when it is closed"):
        read_outcome(book, opened.id)
    assert rate_all(book) == ()
    closed = book.close(opened.id, ADA, revision=2, why="enough")
    assert (closed.state, closed.closed_by, closed.closed_why) == ("closed", "Ada", "enough")
    outcome = read_outcome(book, opened.id)
    assert outcome.counts == {"candidate": 2, "champion": 1, "tie": 0, "neither": 0}
    assert outcome.verdict.kind == "not_enough" and outcome.verdict.more == 17
    assert [rating.version for rating in rate_all(book)] == [NEW, OLD]
    for revision in (2, 3):
        with pytest.raises(Conflict):
            book.close(opened.id, ADA, revision=revision)
    acts: tuple[Callable[[], object], ...] = (
        lambda: polls.next(opened.id, BEN, patrons=False),
        lambda: polls.vote(opened.id, BEN, outcome.questions[0][0].id, "tie", patrons=False),
        lambda: polls.take_back(opened.id, BEN, outcome.questions[0][0].id, patrons=False),
    )
    for act in acts:
        with pytest.raises(Conflict, match="takes no votes"):
            act()


def test_one_judge_votes_once_however_often_it_is_sent_at_once(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 4)
    turn = polls.next(opened.id, BEN, patrons=False)
    assert turn.task
    question, side = turn.task.question, choose(turn, "candidate")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: polls.vote(opened.id, BEN, question, side, patrons=False), range(8)))
    assert len(book.votes(opened)) == 1


def test_no_vote_comes_in_after_the_closing(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 8, patrons=True)

    def vote(number: int) -> None:
        try:
            vote_on_all(polls, opened, Actor(Role.PATRON, f"visit {number}"), ["champion"] * 3)
        except (Conflict, AssertionError):
            return

    with ThreadPoolExecutor(4) as pool:
        voting = [pool.submit(vote, number) for number in range(8)]
        closed = book.close(opened.id, ADA, revision=2)
        for one in voting:
            one.result()
    assert closed.closed is not None
    assert all(vote.at <= closed.closed for vote in book.votes(opened))


def test_an_erased_question_goes_with_its_answers_and_votes(book: ComparisonBook, polls: Polls) -> None:
    opened = open_one(book, 2)
    vote_on_all(polls, opened, BEN, ["candidate", "candidate"])
    with book.database.sessions.begin() as session:
        assert erase_questions(session, ["", "?!", "What of box 7?"]) == []
        (gone,) = erase_questions(session, ["what of BOX 0"])
    assert [one.text for one in book.questions(opened)] == ["What of box 1?"]
    assert [vote.question for vote in book.votes(opened)] != [gone] and len(book.votes(opened)) == 1
    with book.database.sessions.begin() as session:
        session.execute(delete(ComparisonQuestion))
    assert book.votes(opened) == ()


@pytest.mark.parametrize("name", ["", "nothing", "\x00", "cmp-\x00", "../x", "é" * 500])
def test_what_is_not_there(book: ComparisonBook, polls: Polls, name: str) -> None:
    for act in (
        lambda: book.find(name),
        lambda: polls.next(name, BEN, patrons=True),
        lambda: book.close(name, ADA, revision=1),
        lambda: asyncio.run(fill(book, name, write)),
    ):
        with pytest.raises(NotFound):
            act()
