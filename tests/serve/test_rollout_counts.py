"""Counts of a rollout: added in memory, then to the database, by several gateways, nothing lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from serve.database import Database
from serve.rollout import counts
from serve.rollout.counts import KINDS, ArmCounts, Outcome, Tally, read
from tests.serve.test_feedback import database as database


def write(database: Database, *outcomes: Outcome) -> tuple[ArmCounts, ...]:
    """Count outcomes, flush, and give what is in the database of the first one's rollout."""
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    tally.flush(database)
    return read(database, outcomes[0].rollout)


def test_each_kind_is_counted_in_its_own_column(database: Database) -> None:
    assert write(
        database,
        Outcome("r", 5, "stable"),
        Outcome("r", 5, "stable", slow=True, refusal=True),
        Outcome("r", 5, "candidate", error=True),
        Outcome("r", 5, "candidate", invalid_citation=True),
        Outcome("r", 25, "candidate", thumbs_down=True, answer=False),
        Outcome("other", 25, "candidate"),
    ) == (
        ArmCounts(5, "stable", answers=2, slow=1, refusals=1),
        ArmCounts(5, "candidate", answers=2, errors=1, invalid_citations=1),
        ArmCounts(25, "candidate", thumbs_down=1),
    )
    assert read(database, "other") == (ArmCounts(25, "candidate", answers=1),)
    assert read(database, "never") == ()


def test_a_later_flush_adds_and_an_empty_one_changes_nothing(database: Database) -> None:
    tally = Tally()
    for expected in (1, 2, 3):
        tally.add(Outcome("r", 50, "candidate", thumbs_down=True))
        tally.flush(database)
        tally.flush(database)
        assert read(database, "r") == (ArmCounts(50, "candidate", answers=expected, thumbs_down=expected),)


def test_a_conversation_is_counted_once_for_each_kind_in_the_whole_rollout(database: Database) -> None:
    found = write(
        database,
        Outcome("r", 5, "stable", slow=True, conversation="one"),
        Outcome("r", 5, "stable", slow=True, error=True, conversation="one"),
        Outcome("r", 5, "stable", slow=True, conversation="two"),
        Outcome("r", 25, "candidate", slow=True, conversation="one"),
        Outcome("r", 25, "candidate", slow=True, conversation=""),
        Outcome("r", 25, "candidate", slow=True, conversation=""),
        Outcome("r2", 5, "candidate", slow=True, conversation="one"),
    )
    assert found == (
        ArmCounts(5, "stable", answers=3, slow=2, errors=1),
        ArmCounts(25, "candidate", answers=3, slow=2),
    )
    assert read(database, "r2") == (ArmCounts(5, "candidate", answers=1, slow=1),)


def test_what_is_remembered_of_conversations_is_bounded(database: Database) -> None:
    tally = Tally()
    tally.add(Outcome("r", 5, "stable", error=True, conversation="first"))
    for number in range(counts.MOST_CONVERSATIONS - 1):
        tally.add(Outcome("r", 5, "stable", error=True, conversation=str(number)))
    tally.add(Outcome("r", 5, "stable", error=True, conversation="first"))
    tally.flush(database)
    assert read(database, "r")[0].errors == counts.MOST_CONVERSATIONS
    tally.add(Outcome("r", 5, "stable", error=True, conversation="one more"))
    tally.add(Outcome("r", 5, "stable", error=True, conversation="first"))
    tally.flush(database)
    assert read(database, "r")[0].errors == counts.MOST_CONVERSATIONS + 2


def test_a_failed_flush_loses_nothing(database: Database) -> None:
    tally = Tally()
    tally.add(Outcome("r", 5, "candidate", error=True, conversation="one"))
    with database.sessions.begin() as session:
        session.execute(text("ALTER TABLE rollout_count RENAME TO elsewhere"))
    for _ in range(3):
        with pytest.raises(SQLAlchemyError):
            tally.flush(database)
    tally.add(Outcome("r", 5, "candidate", error=True, conversation="one"))
    tally.add(Outcome("r", 5, "candidate", slow=True, conversation="two"))
    with database.sessions.begin() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO rollout_count"))
    tally.flush(database)
    assert read(database, "r") == (ArmCounts(5, "candidate", answers=3, errors=1, slow=1),)


def test_several_gateways_count_into_the_same_rows(database: Database) -> None:
    """Four gateways, each counting in two threads while it flushes: every answer is there, once."""

    def run_gateway(_number: int) -> None:
        own = Database(database.engine.url.render_as_string(hide_password=False))
        tally = Tally()

        def answer(number: int) -> None:
            for share in (5, 25):
                tally.add(Outcome("r", share, "candidate", refusal=number % 2 == 0))
                tally.add(Outcome("r", share, "stable"))
            if number % 10 == 0:
                tally.flush(own)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(answer, range(100)))
        tally.flush(own)
        own.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run_gateway, range(4)))
    assert read(database, "r") == (
        ArmCounts(5, "stable", answers=400),
        ArmCounts(5, "candidate", answers=400, refusals=200),
        ArmCounts(25, "stable", answers=400),
        ArmCounts(25, "candidate", answers=400, refusals=200),
    )


def test_the_names_of_kinds_agree() -> None:
    """An outcome's flags, in their order, are the kinds that the columns are named by."""
    flags = [
        field.name
        for field in fields(Outcome)
        if field.name not in ("rollout", "share", "arm", "answer", "conversation")
    ]
    for flag, kind in zip(flags, KINDS, strict=True):
        assert Outcome("r", 5, "stable", conversation="", **{flag: True}).list_kinds() == (kind,)
    assert [field.name for field in fields(ArmCounts)][3:] == list(KINDS)
