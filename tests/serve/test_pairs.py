"""Pairs and their approval, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DatabaseError

from retrieval.library import Library
from serve.curation.checking import Checker
from serve.curation.evidence import take_record
from serve.curation.pair_views import count_states, describe_pair, find_next, list_pairs
from serve.curation.pairs import StoredPair, load_pair, read_approved, read_pairs, read_withdrawn, store_pairs
from serve.curation.steps import Edit, PairSteps
from serve.curation.tables import PairEvent, StoredPairRow
from serve.database import Database
from serve.errors import BadRequest, Conflict, Forbidden, NotFound
from serve.people.authority import Actor
from serve.tables import Base
from tests.serve.curation_parts import (
    ADA,
    BEN,
    EVE,
    FAY,
    LETTER,
    SEALED,
    SECOND,
)
from tests.serve.curation_parts import (
    checker as checker,
)
from tests.serve.curation_parts import (
    library as library,
)
from train.pairs.pair import Pair, digest

TABLES = (
    "inbox_group", "inbox_entry", "inbox_judgement", "retrieval_case", "pair", "pair_source", "pair_event",
)  # fmt: skip
REASON = "Nobody else works here in the summer."


def make_pair(library: Library, record: str = LETTER, **changes: object) -> Pair:
    answer = '"The mill has burned and the children are safe" [1].'
    pair = Pair(
        id="",
        question="What did Ellen Marsh write to Ada Hale in June 1905?",
        answer=answer,
        evidence=(take_record(library.current(), record, answer),),
        consent="staff",
        licence="CC0-1.0",
    )
    return replace(pair, **changes)  # type: ignore[arg-type]


def step(
    database: Database, checker: Checker, who: Actor, do: Callable[[PairSteps], StoredPairRow]
) -> StoredPair:
    """One action in one transaction, as a route does it."""
    with database.sessions.begin() as session:
        return load_pair(do(PairSteps(session, who, checker)))


def write(database: Database, checker: Checker, pair: Pair, who: Actor = ADA, key: str = "new") -> StoredPair:
    """A pair that was written and submitted."""
    made = step(database, checker, who, lambda steps: steps.write(pair, key))
    return step(database, checker, who, lambda steps: steps.submit(made.pair.id, made.revision))


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {
            tuple(index["column_names"]) for index in inspector.get_indexes(table) if not index["unique"]
        }
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_a_pair_goes_from_draft_to_approved_by_two_people_and_every_step_is_told(
    database: Database, library: Library, checker: Checker
) -> None:
    submitted = write(database, checker, make_pair(library))
    name = submitted.pair.id
    approved = step(database, checker, EVE, lambda steps: steps.approve(name, 2, note="Checked in the box."))
    assert (approved.state, approved.revision, approved.waived) == ("approved", 3, ())
    assert (approved.pair.contributor, approved.pair.approver, approved.pair.waiver) == (
        "Ada Byron",
        "Eve Arden",
        "",
    )
    with database.readings() as session:
        assert [stored.pair for stored in read_approved(session)] == [approved.pair]
        events = session.scalars(select(PairEvent).order_by(PairEvent.id)).all()
    assert [(event.who, event.what, event.revision) for event in events] == [
        ("Ada Byron", "written", 1), ("Ada Byron", "submitted", 2), ("Eve Arden", "approved", 3),
    ]  # fmt: skip
    assert events[-1].digest == digest(approved.pair)
    assert events[-1].why == "Checked in the box."


def test_who_wrote_changed_or_submitted_it_is_no_second_person_but_may_waive_with_a_reason(
    database: Database, library: Library, checker: Checker
) -> None:
    pair = write(database, checker, make_pair(library), EVE).pair
    for who in (EVE, replace(EVE, name="Somebody Else")):
        with pytest.raises(Conflict, match="You wrote, changed or submitted this pair yourself"):
            step(database, checker, who, lambda steps: steps.approve(pair.id, 2))
    changed = step(
        database, checker, FAY, lambda steps: steps.edit(pair.id, Edit(question="What did Ellen write?"), 2)
    )
    with pytest.raises(Conflict, match="let somebody else approve it"):
        step(database, checker, FAY, lambda steps: steps.approve(pair.id, changed.revision))
    with pytest.raises(BadRequest, match="a reason of at least 10 characters, found 2"):
        step(database, checker, FAY, lambda steps: steps.approve(pair.id, 3, waiver=" ok "))
    approved = step(database, checker, FAY, lambda steps: steps.approve(pair.id, 3, waiver=REASON))
    assert (approved.pair.approver, approved.pair.waiver) == ("Fay Weldon", REASON)
    with pytest.raises(Conflict, match="is approved now, last changed by Fay Weldon"):
        step(database, checker, EVE, lambda steps: steps.approve(pair.id, 4))


def test_a_curator_approves_nothing(database: Database, library: Library, checker: Checker) -> None:
    pair = write(database, checker, make_pair(library)).pair
    with pytest.raises(Conflict, match="Only an approver"):
        step(database, checker, BEN, lambda steps: steps.approve(pair.id, 2, waiver=REASON))


@pytest.mark.parametrize(
    "changes,code",
    [({"consent": "none"}, "rights"), ({"licence": ""}, "rights"), ({"record": SEALED}, "restricted")],
)
def test_a_check_stops_approval_unless_the_reason_is_recorded(
    database: Database, library: Library, checker: Checker, changes: dict[str, str], code: str
) -> None:
    pair = write(database, checker, make_pair(library, **changes)).pair
    with pytest.raises(Conflict) as refused:
        step(database, checker, EVE, lambda steps: steps.approve(pair.id, 2))
    with database.readings() as session:
        shown = describe_pair(session, EVE, checker, pair.id)
        assert read_approved(session) == []
    stops = [finding for finding in shown.findings if finding.severity == "stop"]
    assert code in {finding.code for finding in stops}
    assert all(finding.sentence in str(refused.value) for finding in stops)
    assert (shown.needs_waiver, shown.may_approve) == (True, str(refused.value))
    approved = step(database, checker, EVE, lambda steps: steps.approve(pair.id, 2, waiver=REASON))
    assert approved.waived == tuple(sorted({finding.code for finding in stops}))


def test_evidence_that_was_closed_since_is_seen(
    library: Library, checker: Checker, database: Database
) -> None:
    sealed = make_pair(library, SEALED)
    open_once = replace(sealed, evidence=(replace(sealed.evidence[0], public=True),))
    with database.readings() as session:
        assert "restricted" in {finding.code for finding in checker.find(session, open_once)}
        assert "restricted" not in {finding.code for finding in checker.find(session, make_pair(library))}


def test_the_same_question_again_is_seen_beside_the_approved_one(
    database: Database, library: Library, checker: Checker
) -> None:
    first = write(database, checker, make_pair(library)).pair
    second = write(database, checker, make_pair(library), BEN, "other").pair
    with database.readings() as session:
        assert "near-duplicate" not in {found.code for found in checker.find(session, second)}
    step(database, checker, EVE, lambda steps: steps.approve(first.id, 2))
    with database.readings() as session:
        found = next(found for found in checker.find(session, second) if found.code == "near-duplicate")
    assert found.others == (first.id,)


def test_of_two_approvers_at_once_exactly_one_wins_and_the_other_is_told_who(
    database: Database, library: Library, checker: Checker
) -> None:
    pair = write(database, checker, make_pair(library)).pair
    start = Barrier(4)

    def press(who: Actor) -> str:
        start.wait()
        try:
            step(database, checker, who, lambda steps: steps.approve(pair.id, 2))
        except Conflict as conflict:
            return str(conflict)
        return f"won {who.name}"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(press, (EVE, FAY, EVE, FAY)))
    [winner] = [text.removeprefix("won ") for text in told if text.startswith("won ")]
    assert len([text for text in told if "it is approved now" in text]) == 3
    loser = next(who for who in (EVE, FAY) if who.name != winner)
    assert f"last changed by {winner}" in told[(EVE, FAY).index(loser)]
    with database.readings() as session:
        assert session.scalars(select(PairEvent.what).where(PairEvent.what == "approved")).all() == [
            "approved"
        ]


def test_the_same_key_again_changes_nothing_more(
    database: Database, library: Library, checker: Checker
) -> None:
    made = step(database, checker, ADA, lambda steps: steps.write(make_pair(library), "k"))
    name = made.pair.id
    assert step(database, checker, ADA, lambda steps: steps.write(make_pair(library), "k")) == made
    step(database, checker, ADA, lambda steps: steps.submit(name, 1, "s"))
    assert step(database, checker, ADA, lambda steps: steps.submit(name, 1, "s")).revision == 2
    step(database, checker, EVE, lambda steps: steps.approve(name, 2, key="a"))
    assert step(database, checker, EVE, lambda steps: steps.approve(name, 2, key="a")).revision == 3
    with pytest.raises(Conflict, match="was used before: a pair was approved with it"):
        step(database, checker, EVE, lambda steps: steps.send_back(name, 3, "why", "a"))
    with pytest.raises(Conflict, match="last changed by Eve Arden"):
        step(database, checker, FAY, lambda steps: steps.approve(name, 2, key="a"))


def test_changing_an_approved_pair_makes_it_a_draft_that_must_be_approved_anew(
    database: Database, library: Library, checker: Checker
) -> None:
    name = write(database, checker, make_pair(library)).pair.id
    step(database, checker, EVE, lambda steps: steps.approve(name, 2))
    changed = step(database, checker, BEN, lambda steps: steps.edit(name, Edit(answer="It burned [1]."), 3))
    assert (changed.state, changed.pair.approver, changed.revision) == ("draft", "", 4)
    with database.readings() as session:
        assert read_approved(session) == []
    with pytest.raises(Conflict, match="only a submitted pair"):
        step(database, checker, EVE, lambda steps: steps.approve(name, 4))


def test_a_pair_is_sent_back_with_what_is_to_be_mended(
    database: Database, library: Library, checker: Checker
) -> None:
    name = write(database, checker, make_pair(library)).pair.id
    with pytest.raises(BadRequest, match="say what is to be mended"):
        step(database, checker, EVE, lambda steps: steps.send_back(name, 2, " "))
    back = step(database, checker, EVE, lambda steps: steps.send_back(name, 2, "Which June?"))
    assert (back.state, back.returned) == ("draft", "Which June?")
    again = step(database, checker, ADA, lambda steps: steps.submit(name, 3))
    assert (again.state, again.returned) == ("submitted", "")


def test_withdrawing_is_for_good_and_of_approved_pairs_an_approvers(
    database: Database, library: Library, checker: Checker
) -> None:
    name = write(database, checker, make_pair(library)).pair.id
    step(database, checker, EVE, lambda steps: steps.approve(name, 2))
    with pytest.raises(Forbidden, match="only an approver may withdraw it"):
        step(database, checker, ADA, lambda steps: steps.withdraw(name, 3, "wrong"))
    step(database, checker, EVE, lambda steps: steps.withdraw(name, 3, "The letter is a forgery."))
    with pytest.raises(Conflict, match="that is for good"):
        step(database, checker, ADA, lambda steps: steps.edit(name, Edit(answer="x"), 4))
    with database.readings() as session:
        assert read_withdrawn(session) == {name: "The letter is a forgery."}
        assert read_approved(session) == []
        assert count_states(session) == {"draft": 0, "submitted": 0, "approved": 0, "withdrawn": 1}


def test_own_words_need_no_patrons_agreement_and_must_be_ones_own(
    database: Database, library: Library, checker: Checker
) -> None:
    made = step(database, checker, ADA, lambda steps: steps.write(make_pair(library, consent="none"), "k"))
    name, asked = made.pair.id, made.pair.question
    with pytest.raises(BadRequest, match="still as it was"):
        step(
            database,
            checker,
            ADA,
            lambda steps: steps.edit(name, Edit(question=asked.upper(), own_words=True), 1),
        )
    own = Edit(question="Which news did Ellen send?", own_words=True)
    assert step(database, checker, ADA, lambda steps: steps.edit(name, own, 1)).pair.consent == "staff"


def test_the_database_refuses_to_change_what_happened(
    database: Database, library: Library, checker: Checker
) -> None:
    write(database, checker, make_pair(library))
    for statement in ("UPDATE pair_event SET who = 'x'", "DELETE FROM pair_event"):
        with (
            pytest.raises(DatabaseError, match="only ever appended to"),
            database.sessions.begin() as session,
        ):
            session.execute(text(statement))


def test_pairs_from_elsewhere_come_in_as_drafts_once_and_all_or_none(
    database: Database, library: Library, checker: Checker
) -> None:
    forged = make_pair(library, id="import-1", origin="import", approver="Eve Arden", waiver="trust me")
    drafted = make_pair(library, id="draft-1", origin="draft", question="Who wrote?", contributor="")
    with pytest.raises(BadRequest, match="1 to 80 printable"), database.sessions.begin() as session:
        store_pairs(session, ADA, [forged, replace(forged, id="x" * 81)])
    for expected in ({"import-1", "draft-1"}, set()):
        with database.sessions.begin() as session:
            assert store_pairs(session, ADA, [forged, drafted, forged], why="faq.csv") == expected
    with database.readings() as session:
        stored = {each.pair.id: each for each in read_pairs(session)}
    assert {(each.state, each.pair.approver, each.pair.waiver) for each in stored.values()} == {
        ("draft", "", "")
    }
    assert stored["draft-1"].pair.is_synthetic
    with pytest.raises(Conflict, match="only a submitted pair"):
        step(database, checker, EVE, lambda steps: steps.approve("draft-1", 1, waiver=REASON))
    step(database, checker, EVE, lambda steps: steps.submit("draft-1", 1))  # who confirms it has seen it
    with pytest.raises(Conflict, match="submitted this pair yourself"):
        step(database, checker, EVE, lambda steps: steps.approve("draft-1", 2))


def test_pairs_are_found_by_words_and_the_next_one_is_nobodys_own(
    database: Database, library: Library, checker: Checker
) -> None:
    own = write(database, checker, make_pair(library), EVE, "a").pair.id
    other = write(database, checker, make_pair(library, question="100 % of the_mill?"), ADA, "b").pair.id
    with database.readings() as session:
        assert find_next(session, EVE, []) == other
        assert find_next(session, EVE, [other]) == ""
        assert find_next(session, FAY, []) == own
        found, total = list_pairs(session, state="submitted", words="% THE_mill", limit=10, offset=0)
        assert ([each.id for each in found], total) == ([other], 1)
        assert list_pairs(session, state="approved", words="", limit=10, offset=0) == ([], 0)


@pytest.mark.parametrize("name", ["pair-forged", "x" * 400, "nul\x00", "' OR 1=1 --"])
def test_a_forged_id_is_not_found(database: Database, checker: Checker, name: str) -> None:
    with pytest.raises(NotFound):
        step(database, checker, EVE, lambda steps: steps.approve(name, 1))


def test_evidence_is_the_passage_that_shows_the_answer(library: Library) -> None:
    evidence = take_record(library.current(), SECOND, "beds in Hale Street")
    assert evidence.text == "Ada answers that beds are made up for all of them in Hale Street."
    assert evidence.heading == "Ada Hale ALS to Ellen Marsh, 1905 June 9 (Box 4, Folder 13)"
    assert evidence.breadcrumb == ("Marsh family papers", "Correspondence")
