"""The inbox: grouped, ranked and claimed, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import update

from retrieval.library import Library
from serve.curation.checking import Checker
from serve.curation.claims import LEASE, claim, claim_worst, release
from serve.curation.collecting import collect
from serve.curation.erasure import erase_pairs
from serve.curation.inbox_views import describe_group, list_groups
from serve.curation.pairs import read_pairs
from serve.curation.tables import InboxGroup
from serve.database import Database
from serve.errors import Conflict
from serve.people.authority import Actor
from serve.schemas import AnswerDetails
from tests.retrieval.shelf import MARSH
from tests.serve.curation_parts import (
    ADA,
    ANSWER,
    BEN,
    EVE,
    KEY,
    LETTER,
    QUESTION,
    ask,
    find_group_of,
    give_feedback,
    judge,
    keep_turn,
    make_details,
    put_in,
    read_group,
)
from tests.serve.curation_parts import (
    checker as checker,
)
from tests.serve.curation_parts import (
    library as library,
)

REWORDED = "letter from ellen marsh to ada hale june 1905"


def test_the_same_question_in_other_words_joins_its_group_and_another_year_does_not(
    database: Database, library: Library
) -> None:
    groups = put_in(
        database, library, [QUESTION, REWORDED, QUESTION.upper(), QUESTION.replace("1905", "1906")]
    )
    assert groups[0] == groups[1] == groups[2] != groups[3]
    later = put_in(database, library, [REWORDED])
    assert later == [groups[0]]
    assert collect(database, library) == 0


FOLLOW_UP = "Who was it written to?"


def test_a_follow_up_is_another_question_in_another_conversation_and_keeps_its_turns(
    database: Database, library: Library, checker: Checker
) -> None:
    def understood(name: str) -> AnswerDetails:
        reading = {"id": f"sender:{name}", "kind": "sender", "label": f"from {name}"}
        searched = {"passages": 9, "collections": [MARSH], "index_version": "i", "readings": [reading]}
        return make_details(searched=searched)

    with database.sessions.begin() as session:
        turn = keep_turn(session, "Any letter of Ellen Marsh?", "Yes: one [1].", "answered")
        entries = [
            give_feedback(session, FOLLOW_UP, details=understood("Ellen Marsh"), conversation=KEY),
            give_feedback(session, FOLLOW_UP, details=understood("Otto Vance")),
            give_feedback(session, FOLLOW_UP, details=understood("Ellen Marsh")),
            give_feedback(session, "Was it written to Ellen Marsh?", details=understood("Ellen Marsh")),
        ]
    collect(database, library)
    groups = [find_group_of(database, entry) for entry in entries]
    assert groups[0] == groups[2]
    assert len(set(groups)) == 3
    with database.readings() as session:
        shown = describe_group(session, ADA, groups[0])
    told = {entry.id: (entry.readings, [turn.content for turn in entry.earlier]) for entry in shown.entries}
    assert told[entries[0]] == (["from Ellen Marsh"], ["Any letter of Ellen Marsh?", "Yes: one [1]."])
    judge(database, library, checker, groups[0], ask("good", entry=entries[0]))
    with database.sessions.begin() as session:
        [stored] = read_pairs(session)
        assert [(each.role, each.content) for each in stored.pair.history] == [
            ("user", "Any letter of Ellen Marsh?"), ("assistant", "Yes: one [1]."),
        ]  # fmt: skip
        assert erase_pairs(session, None, turns=[turn]) == [stored.pair.id]


def test_worst_comes_first(database: Database, library: Library) -> None:
    liked, down, grave, lost = (
        "Who was Isaac Bailey?", "Where is the mill?", "Is the band still there?", "letters about whaling",
    )  # fmt: skip
    with database.sessions.begin() as session:
        for _ in range(5):
            give_feedback(session, liked, thumb="up")
        give_feedback(session, down)
        give_feedback(session, grave, reasons=["wrong_fact"])
        give_feedback(session, lost, status="not_found", answer="I did not find that.")
        keep_turn(session, "diary of a schoolteacher", "I did not find that.", "not_found")
        keep_turn(session, "who was the schoolteacher", "She was Ellen.", "answered")
    collect(database, library)
    with database.readings() as session:
        found = list_groups(session, ADA, "open", limit=10, offset=0)
    # 1 x (1 + 1), 1.5, 1, 0.5 x (1 + 1) of an older one, 0
    assert [(group.question, group.score) for group in found] == [
        (lost, 2.0), (grave, 1.5), ("diary of a schoolteacher", 1.0), (down, 1.0), (liked, 0.0),
    ]  # fmt: skip
    assert [(group.asked, group.thumbs_up) for group in found][-1] == (5, 5)


def test_one_voice_counts_once_however_often_it_is_sent(database: Database, library: Library) -> None:
    details = make_details()
    with database.sessions.begin() as session:
        for _ in range(6):
            give_feedback(session, details=details)
            give_feedback(session, "Where is the mill?", conversation=KEY)
            give_feedback(session, "Is it true?", remembered=False, details=make_details())
    collect(database, library)
    with database.readings() as session:
        found = list_groups(session, ADA, "open", limit=10, offset=0)
    assert [(group.asked, group.score) for group in found] == [(1, 1.0), (1, 1.0), (1, 0.2)]


def test_a_group_shows_what_was_asked_and_said_and_what_stands_behind_it(
    database: Database, library: Library
) -> None:
    [group, _] = put_in(
        database, library, [QUESTION, REWORDED],
        reasons=["wrong_fact", "other"], comment="It <b>was</b> in July", corrected_answer="In July",
    )  # fmt: skip
    with database.readings() as session:
        shown = describe_group(session, ADA, group)
    assert sorted(asked.question for asked in shown.questions) == sorted([QUESTION, REWORDED])
    entry = next(entry for entry in shown.entries if entry.question == QUESTION)
    assert (entry.answer, entry.comment, entry.suggested) == (ANSWER, "It <b>was</b> in July", "In July")
    assert entry.reasons == ["wrong_fact", "other"]
    assert (entry.adapter, entry.index_version, entry.prompt_version) == (
        "letters--v1-00000000",
        "index-1",
        "1",
    )
    assert [(source.number, source.record_id) for source in entry.sources] == [(2, LETTER)]
    assert entry.sources[0].container == "Box 4, Folder 12"
    assert (shown.score, shown.asked, shown.thumbs_down, shown.claim) == (3.0, 2, 2, None)


def test_a_claim_shows_who_is_at_it_keeps_others_from_judging_and_ends(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    with database.sessions.begin() as session:
        claim(session, ADA, group)
        claim(session, ADA, group)
    with (
        pytest.raises(Conflict, match="Ada Byron is at this question until"),
        database.sessions.begin() as session,
    ):
        claim(session, BEN, group)
    with pytest.raises(Conflict, match="Ada Byron is at this question"):
        judge(database, library, checker, group, ask("ignore"), BEN)
    with database.sessions.begin() as session:
        release(session, BEN, group)
        assert claim_worst(session, BEN) is None
    with database.sessions.begin() as session:
        session.execute(update(InboxGroup).values(claimed_until=datetime.now(UTC) - timedelta(seconds=1)))
    with database.sessions.begin() as session:
        assert claim(session, BEN, group).claimed_name == "Ben Okri"
    assert LEASE == timedelta(minutes=5)


def test_two_who_take_the_next_at_once_get_two(database: Database, library: Library) -> None:
    groups = put_in(database, library, [QUESTION, "Where is the mill?", "Who was Isaac Bailey?"])
    start = Barrier(3)

    def take(actor: Actor) -> str:
        start.wait()
        with database.sessions.begin() as session:
            group = claim_worst(session, actor)
            return group.id if group else ""

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(take, (ADA, BEN, EVE))) == sorted(groups)
    with database.sessions.begin() as session:
        own = claim_worst(session, ADA)
        assert own is not None
        assert claim_worst(session, ADA, [own.id]) is None


def test_more_of_the_same_is_counted_and_another_bad_answer_opens_a_judged_group_again(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    judge(database, library, checker, group, ask("ignore"))
    assert put_in(database, library, [QUESTION, REWORDED]) == [group, group]
    assert put_in(database, library, [QUESTION], thumb="up", status="not_found") == [group]
    assert (read_group(database, group).state, read_group(database, group).revision) == ("judged", 2)
    assert put_in(database, library, [REWORDED], status="not_found") == [group]
    after = read_group(database, group)
    assert (after.state, after.revision, after.verdict) == ("open", 3, "ignore")
    with database.readings() as session:
        shown = describe_group(session, ADA, group)
    assert (shown.reopened, shown.asked) == (True, 5)
    assert {entry.status: entry.judged for entry in shown.entries} == {"answered": True, "not_found": False}


def test_nobody_judges_a_bad_answer_that_came_in_unseen(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    put_in(database, library, [REWORDED])  # the same answer again: nothing new to see
    put_in(database, library, [REWORDED], status="not_found")
    with pytest.raises(Conflict, match="Another answer to it may have come in"):
        judge(database, library, checker, group, ask("ignore"))
    judge(database, library, checker, group, ask("ignore", revision=2))


def test_only_what_has_not_been_judged_waits(database: Database, library: Library) -> None:
    with database.sessions.begin() as session:
        name = give_feedback(session)
    assert collect(database, library) == 1
    with database.sessions.begin() as session:
        turn = keep_turn(session, QUESTION, "I did not find that.", "not_found")
    assert collect(database, library) == 1
    assert find_group_of(database, name) == find_group_of(database, turn)
    assert json.loads(json.dumps(read_group(database, find_group_of(database, name)).known)) == []
