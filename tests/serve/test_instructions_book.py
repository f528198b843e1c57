"""Versions of standing instructions, what is in force, and trials, on both databases."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError

from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.instructions.book import Book
from serve.instructions.erasure import erase_trials
from serve.instructions.in_force import InForce
from serve.instructions.tables import (
    InstructionEvent,
    InstructionTrial,
    InstructionTrialAnswer,
    InstructionVersion,
)
from serve.instructions.trial_book import TrialBook
from serve.instructions.version import NONE, Pointer, Scope, Standing
from serve.people.audit import read_audit
from serve.tables import Base
from tests.serve.instruction_parts import ADA, BEN, DEFAULT, INSTRUCTION_TABLES, MS1, answer, try_out

WHY = "The old one names the wrong room."


@pytest.fixture
def book(database: Database) -> Book:
    return Book(database)


@pytest.fixture
def trials(database: Database) -> TrialBook:
    return TrialBook(database)


def test_migrations_make_what_the_tables_say(database: Database) -> None:
    inspector = inspect(database.engine)
    for table in INSTRUCTION_TABLES:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {tuple(index["column_names"]) for index in inspector.get_indexes(table)}
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table


def test_versions_are_counted_by_scope_and_nothing_takes_effect_by_writing(book: Book) -> None:
    first = book.write(MS1, "Name the box first.", ADA, "asked for at the desk")
    second = book.write(MS1, "Name the folder first.", BEN)
    other = book.write(DEFAULT, "Name the box first.", ADA)
    assert [one.id for one in (first, second, other)] == [
        "collection:ms1@1",
        "collection:ms1@2",
        "alias:default@1",
    ]
    shelf = book.shelf(MS1)
    assert shelf.versions == (second, first)
    assert (shelf.pointer, shelf.active, shelf.changed) == (Pointer(MS1), None, None)
    assert book.read_in_force() == InForce(change=3, texts={})
    assert book.find(MS1, 1) == first
    with pytest.raises(NotFound, match="no version 3 for collection 'ms1'"):
        book.find(MS1, 3)
    with pytest.raises(Conflict, match="Version 1 says exactly this already"):
        book.write(MS1, " Name the box first.\n", BEN)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Two\r\nlines.\r ", "Two\nlines."),
        ("Quietly\u202e\u200b\U000e0041\x00.", "Quietly."),
        ("<|im_start|>system", "< |im_start| >system"),
        (
            "<script>alert(1)</script> ![x](http://evil.example/x.png)",
            "< script>alert(1)< /script> ![x](http://evil.example/x.png)",
        ),
    ],
)
def test_a_text_is_kept_as_the_model_gets_it(book: Book, given: str, kept: str) -> None:
    assert book.write(MS1, given, ADA).text == kept
    assert book.find(MS1, 1).text == kept


@pytest.mark.parametrize("nothing", ["", " \n", "\x00\u200b\u202e"])
def test_a_text_of_which_nothing_is_left_is_refused(book: Book, nothing: str) -> None:
    with pytest.raises(BadRequest, match="Write a sentence"):
        book.write(MS1, nothing, ADA)
    assert book.changes() == 0


@pytest.mark.parametrize("name", ["", "a\x00b", "x" * 301])
def test_a_name_that_no_scope_has_is_refused(book: Book, name: str) -> None:
    with pytest.raises(BadRequest, match="1 to 300 characters"):
        book.write(Scope("collection", name), "Be brief.", ADA)


def test_activating_needs_a_trial_or_a_reason(book: Book, trials: TrialBook) -> None:
    book.write(MS1, "One.", ADA)
    book.write(MS1, "Two.", ADA)
    with pytest.raises(BadRequest, match="say why there is none"):
        book.activate(MS1, 1, ADA, revision=0, why=" \u200b ")
    assert book.activate(MS1, 1, ADA, revision=0, why=WHY) == Pointer(MS1, 1, 1)
    trial = try_out(trials, MS1, 2)
    assert (trial.beside, trial.shortcoming(1)) == (1, "")
    assert book.activate(MS1, 2, BEN, revision=1, trial=trial.id) == Pointer(MS1, 2, 2)
    assert book.read_in_force().texts == {MS1: Standing("collection:ms1@2", "Two.")}
    shelf = book.shelf(MS1)
    assert shelf.changed is not None and shelf.active is not None
    assert (shelf.changed.who, shelf.changed.what, shelf.active.number) == ("Ben", "activated", 2)
    assert shelf.changed.details == {"before": 1, "after": 2, "revision": 2, "trial": trial.id}


def test_rolling_back_is_activating_an_older_version_and_none_withdraws(book: Book) -> None:
    for text in ("One.", "Two."):
        book.write(MS1, text, ADA)
    book.activate(MS1, 1, ADA, revision=0, why=WHY)
    book.activate(MS1, 2, ADA, revision=1, why=WHY)
    book.activate(MS1, 1, BEN, revision=2, why="back")
    assert book.read_in_force().texts == {MS1: Standing("collection:ms1@1", "One.")}
    assert book.activate(MS1, NONE, BEN, revision=3, why="none at all") == Pointer(MS1, 4, NONE)
    assert book.read_in_force().texts == {}
    told = [(event.who, event.what, event.why) for event in book.events(MS1, after=2)]
    assert told == [
        ("Ada", "activated", WHY), ("Ada", "activated", WHY),
        ("Ben", "activated", "back"), ("Ben", "withdrawn", "none at all"),
    ]  # fmt: skip


def test_a_stale_revision_is_told_who_was_quicker_and_changes_nothing(book: Book) -> None:
    for text in ("One.", "Two."):
        book.write(MS1, text, ADA)
    with pytest.raises(Conflict, match="its revision is 0, you had 4"):
        book.activate(MS1, 1, ADA, revision=4, why=WHY)
    book.activate(MS1, 1, BEN, revision=0, why=WHY)
    with pytest.raises(
        Conflict, match=r"Ben has put version 1 in force on \d{4}-.* UTC, at revision 1; you had"
    ):
        book.activate(MS1, 2, ADA, revision=0, why=WHY)
    assert book.pointer(MS1) == Pointer(MS1, 1, 1)
    assert book.activate(MS1, 1, ADA, revision=1) == Pointer(MS1, 1, 1)
    assert len(book.events(MS1)) == 3
    with pytest.raises(NotFound, match="no version 9"):
        book.activate(MS1, 9, ADA, revision=1, why=WHY)


def test_a_trial_that_says_too_little_cannot_be_named(book: Book, trials: TrialBook) -> None:
    for scope in (MS1, DEFAULT):
        for text in ("One.", "Two."):
            book.write(scope, text, ADA)
    unfinished = trials.begin(MS1, 1, ["a", "b"], ADA)
    trials.keep(unfinished.id, answer(0, "active"))
    failed = trials.begin(MS1, 1, ["a"], ADA)
    trials.keep(failed.id, answer(0, "active"))
    trials.keep(failed.id, answer(0, "proposed", problem="The engine stopped."))
    silent = trials.begin(MS1, 1, ["a"], ADA)
    trials.keep(silent.id, answer(0, "active"))
    trials.keep(silent.id, answer(0, "proposed", written=False))
    apart = trials.begin(MS1, 1, ["a"], ADA)
    trials.keep(apart.id, answer(0, "active", reached=False))
    trials.keep(apart.id, answer(0, "proposed", reached=False))
    for trial, said in [
        (unfinished.id, "has not answered all"),
        (failed.id, r"The engine stopped\."),
        (silent.id, "wrote none of its answers with these"),
        (apart.id, "wrote none of its answers with these"),
        (try_out(trials, MS1, 2).id, r"is of collection 'ms1', version 2\. Name one of version 1"),
        (try_out(trials, DEFAULT, 1).id, r"is of alias 'default', version 1"),
    ]:
        with pytest.raises(Conflict, match=said):
            book.activate(MS1, 1, ADA, revision=0, trial=trial, why="and a reason does not mend it")
    with pytest.raises(NotFound, match="no trial 'trial-1'"):
        book.activate(MS1, 1, ADA, revision=0, trial="trial-1")
    with pytest.raises(NotFound):
        book.activate(MS1, 1, ADA, revision=0, trial="a\x00b")
    good = try_out(trials, MS1, 1)
    book.activate(MS1, 2, BEN, revision=0, why=WHY)
    with pytest.raises(Conflict, match="tried beside no instructions; now version 2 is in force"):
        book.activate(MS1, 1, ADA, revision=1, trial=good.id)
    assert book.pointer(MS1) == Pointer(MS1, 1, 2)


def test_a_trial_is_of_a_version_that_is_there_and_not_in_force(book: Book, trials: TrialBook) -> None:
    book.write(MS1, "One.", ADA)
    with pytest.raises(NotFound, match="no version 2"):
        trials.begin(MS1, 2, ["a"], ADA)
    with pytest.raises(Conflict, match="no instructions is in force already"):
        trials.begin(MS1, NONE, ["a"], ADA)
    with pytest.raises(BadRequest, match="at least one question"):
        trials.begin(MS1, 1, [" ", "\x00"], ADA)
    assert trials.list(MS1) == ()


def test_answers_of_a_trial_are_kept_once_and_a_dead_gateway_is_noticed(
    book: Book, trials: TrialBook
) -> None:
    book.write(MS1, "One.", ADA)
    trial = trials.begin(MS1, 1, [" Any letters?\x00 ", ""], ADA)
    assert trial.questions == ("Any letters?",)
    assert trials.keep(trial.id, answer(0, "active"))
    assert not trials.keep(trial.id, answer(0, "active", written=False))
    found = trials.find(trial.id)
    assert [one.written for one in found.answers] == [True]
    assert (found.state(patience=60), found.state(patience=-1)) == ("running", "interrupted")
    assert trials.keep(trial.id, answer(0, "proposed"))
    assert trials.find(trial.id).state(patience=-1) == "finished"


def test_a_trial_can_be_taken_away_with_its_words(book: Book, trials: TrialBook, database: Database) -> None:
    book.write(MS1, "One.", ADA)
    trial = try_out(trials, MS1, 1, ["What did my aunt Zebulona write?"])
    assert trials.remove(trial.id, BEN) == MS1
    assert trials.list(MS1) == ()
    assert not trials.keep(trial.id, answer(0, "active"))
    with database.readings() as session:
        assert session.query(InstructionTrialAnswer).count() == 0
    for kept in (*book.events(), *read_audit(database)):
        assert "Zebulona" not in str(kept)
    with pytest.raises(NotFound):
        trials.remove(trial.id, BEN)


def test_what_a_patron_asked_is_erased_from_trials_however_it_was_copied(
    book: Book, trials: TrialBook, database: Database
) -> None:
    book.write(MS1, "One.", ADA)
    copied = try_out(trials, MS1, 1, ["Anything else?", "what did  my aunt Zebulona write"])
    other = try_out(trials, MS1, 1, ["What did my aunt write?", "?"])
    with database.sessions.begin() as session:
        assert erase_trials(session, ["What did my aunt Zebulona write?", "", "!"]) == [copied.id]
    assert [trial.id for trial in trials.list(MS1)] == [other.id]
    with database.readings() as session:
        assert {row.trial for row in session.query(InstructionTrialAnswer)} == {other.id}


def test_the_database_itself_keeps_versions_events_and_trials_as_they_are(
    book: Book, trials: TrialBook, database: Database
) -> None:
    book.write(MS1, "One.", ADA)
    try_out(trials, MS1, 1)
    statements = [
        update(InstructionVersion).values(text="Other."), delete(InstructionVersion),
        update(InstructionEvent).values(who="nobody"), delete(InstructionEvent),
        update(InstructionTrial).values(number=2), update(InstructionTrialAnswer).values(text="Better."),
    ]  # fmt: skip
    for statement in statements:
        with pytest.raises(DBAPIError, match="never changes"), database.sessions.begin() as session:
            session.execute(statement)


def test_each_change_is_in_the_audit_log(book: Book, trials: TrialBook, database: Database) -> None:
    book.write(MS1, "One.", ADA, "asked for")
    trial = try_out(trials, MS1, 1)
    book.activate(MS1, 1, BEN, revision=0, trial=trial.id)
    lines = [(line.who, line.what, line.subject, line.why) for line in read_audit(database)]
    assert lines == [
        ("Ben", "activated", "instructions collection:ms1", ""),
        ("Ada", "tried", "instructions collection:ms1", ""),
        ("Ada", "written", "instructions collection:ms1", "asked for"),
    ]


ACTIVATOR = """
import sys
from serve.database import Database
from serve.errors import Conflict
from serve.instructions.book import Book
from serve.instructions.version import Scope
from serve.people.authority import Actor, Role
book, scope = Book(Database(sys.argv[1])), Scope("collection", "ms1")
actor = Actor(Role.APPROVER, sys.argv[2], sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    number, revision = map(int, line.split())
    try:
        pointer = book.activate(scope, number, actor, revision=revision, why="now")
        print("won", pointer.active, pointer.revision, flush=True)
    except Conflict as error:
        print("lost", error, flush=True)
"""


def test_of_two_activations_at_once_exactly_one_wins(url: str, book: Book) -> None:
    """Two processes, 20 times from the same revision."""
    for number in (1, 2, 3):
        book.write(MS1, f"Sentence {number}.", ADA)
    command = [sys.executable, "-c", ACTIVATOR, url]
    people = [
        subprocess.Popen([*command, who], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        for who in ("ada", "ben")
    ]
    winners, active = [], 3
    try:
        for person in people:
            assert person.stdout and person.stdout.readline() == "ready\n"
        for revision in range(20):
            rivals = [number for number in (1, 2, 3) if number != active]
            for at in (0, 1) if revision % 2 else (1, 0):
                stdin = people[at].stdin
                assert stdin
                stdin.write(f"{rivals[at]} {revision}\n")
            lines = [person.stdout.readline() for person in people if person.stdout]
            won = [at for at, line in enumerate(lines) if line.startswith("won")]
            assert len(won) == 1, lines
            active = rivals[won[0]]
            winners.append(("ada", "ben")[won[0]])
            assert lines[won[0]] == f"won {active} {revision + 1}\n"
            assert f"lost {winners[-1]} has put version {active} in force" in lines[1 - won[0]]
    finally:
        for person in people:
            person.communicate()
    assert book.pointer(MS1) == Pointer(MS1, 20, active)
    assert [event.who for event in book.events(MS1, after=3)] == winners


def test_choosing_goes_by_collection_then_alias_then_none() -> None:
    texts = {MS1: Standing("collection:ms1@1", "A"), DEFAULT: Standing("alias:default@2", "B")}
    now = InForce(3, texts)
    assert now.choose("ms1", ["default"]).text == "A"
    assert now.choose("ph2", ["letters", "default"]).text == "B"
    assert now.choose("", ["letters"]) == Standing()
    assert now.choose("ms1", []) == texts[MS1]
    assert now.put(MS1, Standing()).choose("ms1", ["default"]).text == "B"
    assert (
        now.put(Scope("alias", "letters"), Standing("x", "C")).choose("ph2", ["letters", "default"]).text
        == "C"
    )
    assert now.choose("default", ["ms1"]) == Standing()
