"""A patron's words go out of everything that came of them, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, select

from retrieval.library import Library
from serve.curation.checking import Checker
from serve.curation.erasure import erase_expired, erase_pairs
from serve.curation.inbox_views import describe_group
from serve.curation.pairs import read_pairs, read_withdrawn
from serve.curation.tables import InboxEntry, InboxGroup, RetrievalCase
from serve.database import Database
from serve.errors import NotFound
from serve.tables import Feedback
from tests.serve.curation_parts import (
    ADA,
    ANSWER,
    KEY,
    QUESTION,
    SECOND,
    ask,
    judge,
    put_in,
)
from tests.serve.curation_parts import (
    checker as checker,
)
from tests.serve.curation_parts import (
    library as library,
)


def test_an_erasure_takes_every_word_and_leaves_a_tombstone(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION], conversation=KEY)
    [other] = put_in(database, library, ["Where is the mill?"], conversation="f" * 32)
    made = judge(database, library, checker, group, ask("good"))
    judge(database, library, checker, other, ask("good", key="key-2"))
    assert made.pair is not None
    with database.sessions.begin() as session:
        feedback = session.scalars(select(Feedback.id).where(Feedback.conversation == KEY)).all()
        assert erase_pairs(session, KEY, feedback) == [made.pair.id]
        session.execute(delete(Feedback).where(Feedback.id.in_(feedback)))
    with database.sessions.begin() as session:
        assert erase_pairs(session, KEY, feedback) == []
        assert read_withdrawn(session) == {
            made.pair.id: "Deleted at the request of the patron whose words were in it."
        }
        erased, kept = sorted(read_pairs(session), key=lambda stored: stored.state, reverse=True)
    assert (erased.pair.question, erased.pair.answer, erased.pair.evidence) == ("", "", ())
    assert (kept.state, kept.pair.question) == ("submitted", "Where is the mill?")
    with pytest.raises(NotFound), database.readings() as session:
        describe_group(session, ADA, group)


def test_a_correction_that_a_fix_may_be_taken_from_is_erased_with_its_patrons_conversation(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION], conversation=KEY, reasons=["wrong_fact"])
    put_in(database, library, [QUESTION], conversation="e" * 32, corrected_answer="It was in July.")
    made = judge(database, library, checker, group, ask("fix", answer=ANSWER))
    assert made.pair is not None
    with database.sessions.begin() as session:
        assert erase_pairs(session, "d" * 32) == []
        assert erase_pairs(session, "e" * 32) == [made.pair.id]


def test_what_no_patron_agreed_to_goes_with_the_feedback(
    database: Database, library: Library, checker: Checker
) -> None:
    groups = put_in(database, library, [QUESTION, "Where is the mill?"], consent=None)
    judge(database, library, checker, groups[0], ask("good"))
    judge(database, library, checker, groups[1], ask("wrong_source", key="key-2", right=SECOND))
    with database.sessions.begin() as session:
        assert erase_expired(session) == []
        session.execute(delete(Feedback))
        assert session.scalar(select(func.count()).select_from(InboxEntry)) == 0
        assert session.scalar(select(func.count()).select_from(RetrievalCase)) == 0
        assert len(erase_expired(session)) == 1
    put_in(database, library, ["Who was Isaac Bailey?"])
    with database.readings() as session:
        assert session.scalar(select(func.count()).select_from(InboxGroup)) == 1
        assert [stored.pair.question for stored in read_pairs(session)] == [""]
