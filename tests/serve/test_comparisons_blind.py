"""What a judge sees tells nothing of who wrote what."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from serve.comparisons.blind import SHARED, choose_shared, draw_sides, name_judge, weigh_question
from serve.comparisons.book import ComparisonBook
from serve.comparisons.comparison import ARMS, Comparison
from serve.comparisons.replies import describe_comparison, describe_turn
from serve.comparisons.voting import Polls
from serve.database import Database
from serve.people.authority import Actor, Role
from tests.serve.comparison_parts import ADA, BEN, NEW, OLD, PATRON, choose, open_one, vote_on_all

JUDGES = [f"judge {number}" for number in range(40)]
QUESTIONS = [f"q-{number}" for number in range(25)]
DRAWS = len(JUDGES) * len(QUESTIONS)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('d') / 'room.sqlite'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture
def opened(database: Database) -> Comparison:
    return open_one(ComparisonBook(database), 8, patrons=True)


def test_the_order_is_drawn_for_each_judge_and_question(opened: Comparison) -> None:
    drawn = {
        (judge, question): draw_sides(opened, judge, question) for judge in JUDGES for question in QUESTIONS
    }
    first = sum(sides[0].arm == "candidate" for sides in drawn.values())
    assert abs(first - DRAWS / 2) < 4 * (DRAWS / 4) ** 0.5, first
    for judge in JUDGES:
        mine = sum(drawn[judge, question][0].arm == "candidate" for question in QUESTIONS)
        assert 2 < mine < 23, (judge, mine)
    for question in QUESTIONS:
        of_question = sum(drawn[judge, question][0].arm == "candidate" for judge in JUDGES)
        assert 6 < of_question < 34, (question, of_question)


def test_the_names_of_sides_say_nothing_and_come_back(opened: Comparison) -> None:
    names: dict[str, list[str]] = {arm: [] for arm in ARMS}
    for judge in JUDGES:
        for question in QUESTIONS:
            sides = draw_sides(opened, judge, question)
            assert sides == draw_sides(opened, judge, question)
            assert [side.name for side in sides] == sorted(side.name for side in sides)
            for side in sides:
                names[side.arm].append(side.name)
    every = [*names["candidate"], *names["champion"]]
    assert len(set(every)) == 2 * DRAWS and all(len(name) == 16 for name in every)
    for arm in ARMS:  # neither the high half nor any last digit leans to one of the two
        high = sum(name[0] >= "8" for name in names[arm])
        assert abs(high - DRAWS / 2) < 4 * (DRAWS / 4) ** 0.5
        odd = sum(int(name[-1], 16) % 2 for name in names[arm])
        assert abs(odd - DRAWS / 2) < 4 * (DRAWS / 4) ** 0.5


def test_another_comparison_draws_another_order(database: Database) -> None:
    one, other = (open_one(ComparisonBook(database), 1) for _ in range(2))
    same = sum(draw_sides(one, judge, "q")[0].arm == draw_sides(other, judge, "q")[0].arm for judge in JUDGES)
    assert 6 < same < 34
    assert name_judge(one, BEN.id) != name_judge(other, BEN.id)


def test_every_judge_begins_with_the_same_few_in_an_order_of_their_own(
    database: Database, opened: Comparison
) -> None:
    polls = Polls(database)
    orders = []
    for actor in (ADA, BEN, PATRON):
        seen = []
        turn = polls.next(opened.id, actor, patrons=True)
        while turn.task:
            seen.append(turn.task.question)
            turn = vote_on_all(polls, opened, actor, ["candidate"])
        orders.append(seen)
    assert {frozenset(seen[:SHARED]) for seen in orders} == {choose_shared(opened, orders[0])}
    assert len({tuple(seen) for seen in orders}) == 3
    assert {len(seen) for seen in orders} == {8}
    weights = {
        judge: sorted(QUESTIONS, key=lambda one: weigh_question(opened, judge, one)) for judge in JUDGES
    }
    assert len({tuple(order) for order in weights.values()}) == len(JUDGES)


def test_those_with_fewest_votes_come_first_after_these(database: Database, opened: Comparison) -> None:
    polls = Polls(database)
    vote_on_all(polls, opened, ADA, ["candidate"] * 7)
    voted = {vote.question for vote in ComparisonBook(database).votes(opened)}
    vote_on_all(polls, opened, BEN, ["candidate"] * SHARED)
    sixth = polls.next(opened.id, BEN, patrons=False).task
    assert sixth and sixth.question not in voted


def test_a_task_names_no_version_and_shows_no_more_of_one_side_than_of_the_other(
    database: Database, opened: Comparison
) -> None:
    polls = Polls(database)
    turn = polls.next(opened.id, BEN, patrons=False)
    while turn.task:
        reply = describe_turn(turn).model_dump(mode="json")
        assert set(reply) == {"id", "done", "left", "task", "last"}
        assert set(reply["task"]) == {"question", "text", "sides", "passages"}
        assert [set(side) for side in reply["task"]["sides"]] == [{"name", "text"}] * 2
        assert len({passage["cited"] for passage in reply["task"]["passages"]}) == 1
        told = json.dumps(reply)
        for secret in (NEW, OLD, "letters--", "candidate", "champion", opened.secret, opened.title):
            assert secret not in told
        turn = vote_on_all(polls, opened, BEN, ["champion"])


def test_nothing_that_staff_see_before_the_end_depends_on_what_was_chosen(database: Database) -> None:
    """The same votes for the one and for the other leave replies that cannot be told apart."""
    book, polls = ComparisonBook(database), Polls(database)
    told = []
    for arm in ARMS:
        opened = open_one(book, 3)
        turn = polls.next(opened.id, BEN, patrons=False)
        while turn.task:
            turn = polls.vote(opened.id, BEN, turn.task.question, choose(turn, arm), patrons=False)
        opened = book.find(opened.id)
        reply = describe_comparison(opened, book.progress(opened), book.votes(opened), filling=False)
        assert not {"rate", "verdict", "for_candidate", "data"} & set(reply.model_dump())
        told.append(reply.model_copy(update={"id": "", "created": ""}))
    assert told[0] == told[1]
    assert told[0].votes == 3


def test_a_judge_cannot_be_known_by_the_name_that_is_kept(database: Database, opened: Comparison) -> None:
    for actor in (BEN, PATRON, Actor(Role.CLIENT, "key-1", "Catalogue", conversation="a visit")):
        vote_on_all(Polls(database), opened, actor, ["candidate"])
    for vote in ComparisonBook(database).votes(opened):
        assert len(vote.judge) == 64 and int(vote.judge, 16)
        assert not any(known in vote.judge for known in ("person-2", PATRON.id, "visit", "key-1"))
