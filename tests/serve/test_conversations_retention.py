"""What has had its time goes, out of the files too, and leaves a proof that nobody can change."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from serve.answer_memory import Answer, AnswerMemory
from serve.conversations.keeping import agree, look
from serve.conversations.key import name_key
from serve.conversations.retention import (
    GATEWAY,
    RULES,
    Proof,
    check_proof,
    digest_hashes,
    purge,
    read_proofs,
)
from serve.conversations.tables import Purged
from serve.curation.erasure import erase_expired
from serve.database import Database
from serve.errors import NotFound
from serve.feedback import keep_feedback
from serve.schemas import AnswerDetails, FeedbackRequest
from serve.settings import Settings
from serve.tables import Base, Feedback
from ui.__main__ import make_parser

PATRON = "a-patrons-own-random-id-0001"
OTHERS_BUSINESS = {"staff_session", "api_key", "oidc_flow"}
"""Tables with a column `expires` that hold no patron's words."""


def give(database: Database, key: str, *, days: int, comment: str = "", conversation: str = PATRON) -> str:
    """Feedback kept for so many days; returns its id."""
    request = FeedbackRequest(
        answer_id=f"answer-{key}", idempotency_key=key, thumb="down", comment=comment, question="Q", answer="A",
        conversation=conversation,
    )  # fmt: skip
    return keep_feedback(database, AnswerMemory(1), request, days=days)[0].id


def make_answer(number: int, words: str = "Box 4") -> Answer:
    details = AnswerDetails(
        answer_id=f"answer-{number}", status="answered", found=True, adapter="base", model="base",
        index_version="1", prompt_version="1",
    )  # fmt: skip
    return Answer(f"Which box? {words}", words, details, conversation=name_key(PATRON))


def purge_now(database: Database, who: str, now: datetime | None = None) -> Proof | None:
    return purge(database, who, erase_expired, now)


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_what_is_over_goes_and_the_proof_says_what(database: Database) -> None:
    gone = [give(database, f"early {number}", days=number + 1) for number in range(3)]
    kept = give(database, "late", days=30)
    agree(database, name_key(PATRON), "keeping-1", [make_answer(1), make_answer(2)], days=2)

    proof = purge_now(database, "Ada", later(5))

    assert proof is not None
    assert proof.removed == {"feedback": 3, "turns": 2, "agreements": 1, "pairs": 0}
    assert (proof.who, proof.rows, proof.remaining_expired) == ("Ada", 6, 0)
    assert proof.oldest is not None and proof.newest is not None
    assert timedelta(0) < later(1) - proof.oldest < timedelta(minutes=5)
    assert timedelta(0) < later(3) - proof.newest < timedelta(minutes=5)
    with database.readings() as session:
        assert session.query(Feedback.id).all() == [(kept,)]
        hashes = [row.hash for row in session.query(Purged)]
    assert proof.digest == digest_hashes(hashes) and len(hashes) == 6
    assert check_proof(database, proof.id)
    assert not look(database, name_key(PATRON)).agreed
    for name in (*gone, PATRON):
        assert read_proofs(database, removed=name) == (1, (proof,)), name
    assert read_proofs(database, removed=kept) == (0, ())
    assert read_proofs(database, removed="feedback-made-up") == (0, ())


def test_a_gateway_says_that_there_was_nothing_once_a_day_and_a_person_each_time(database: Database) -> None:
    assert purge_now(database, GATEWAY) is not None
    assert purge_now(database, GATEWAY, later(0.5)) is None
    assert purge_now(database, "Ada", later(0.6)) is not None
    assert purge_now(database, GATEWAY, later(1.7)) is not None
    give(database, "k", days=1)
    assert purge_now(database, GATEWAY, later(1.8)) is not None
    total, proofs = read_proofs(database, limit=2, offset=1)
    assert (total, [proof.who for proof in proofs]) == (4, [GATEWAY, "Ada"])
    assert [proof.rows for proof in read_proofs(database)[1]] == [1, 0, 0, 0]


@pytest.mark.parametrize("table", ["purge", "purged", "erasure", "tombstone"])
def test_the_database_changes_no_proof_and_no_record(database: Database, table: str) -> None:
    give(database, "k", days=1)
    purge_now(database, "Ada", later(2))
    with database.sessions.begin() as session:
        session.execute(
            text(
                "INSERT INTO erasure VALUES ('e1', '2026-01-01 00:00:00', 'Ada', '[]', '[]', '[]', '[]', '[]')"
            )
        )
        session.execute(text("INSERT INTO tombstone VALUES ('h', 'e1')"))
    column = {"purge": "who", "purged": "hash", "erasure": "who", "tombstone": "hash"}[table]
    for change in (f"UPDATE {table} SET {column} = 'x'", f"DELETE FROM {table}"):
        with (
            pytest.raises(DatabaseError, match="only ever appended to"),
            database.sessions.begin() as session,
        ):
            session.execute(text(change))


def test_every_table_with_an_end_is_under_the_rule() -> None:
    """Whoever adds a table that holds words until a day has to say who removes them."""
    with_end = {name for name, table in Base.metadata.tables.items() if "expires" in table.columns}
    assert with_end - OTHERS_BUSINESS == {rule.table.__tablename__ for rule in RULES}


def read_files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


@pytest.mark.parametrize("seed", range(2))
def test_no_byte_of_what_was_purged_is_left_in_the_files(tmp_path: Path, seed: int) -> None:
    """Rows of all sizes, on pages that were split and joined while others came and went."""
    draw = random.Random(seed)
    database = Database(f"sqlite:///{tmp_path / 'room.sqlite'}")
    database.migrate()
    with database.readings() as reader:  # a connection that stays open, as a gateway has them
        reader.execute(text("SELECT 1"))
    for batch in range(4):
        with database.sessions.begin() as session:
            session.add_all(make_row(f"{batch}-{number}", draw) for number in range(60))
        for name in ("gone", "soon"):  # some go earlier, and leave room
            with database.sessions.begin() as session:
                session.execute(
                    text(f"UPDATE feedback SET thumb = 'up' WHERE comment LIKE '<{name}-{batch}-1%'")
                )
    turns = [make_answer(number, f"<gone-turn-{number}>" * 90) for number in range(20)]
    agree(database, name_key(PATRON), "keeping-1", turns, days=1)
    assert b"<gone-" in read_files(tmp_path)

    for days, left in ((0.5, {b"gone", b"kept"}), (2, {b"kept"})):
        proof = purge_now(database, "Ada", later(days))
        assert proof is not None and proof.remaining_expired == 0 and proof.removed["feedback"] > 20
        assert set(re.findall(rb"<(soon|gone|kept)-", read_files(tmp_path))) == left
    assert (tmp_path / "room.sqlite-wal").stat().st_size == 0
    with database.readings() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    database.close()


def make_row(name: str, draw: random.Random) -> Feedback:
    """Feedback with its fate in its words: soon, gone or kept."""
    fate, days = draw.choice((("soon", 0.25), ("gone", 1), ("kept", 30)))
    words = f"<{fate}-{name}>" * draw.choice((1, 5, 60, 600))
    return Feedback(
        id=f"feedback-{name}", idempotency_key=name, answer_id=name, created=later(0), expires=later(days),
        thumb="down", reasons=[], comment=words, corrected_answer="", question=words[:200], answer="A",
        details={"words": words[:3_000]}, remembered=True, conversation=None, consent=None,
    )  # fmt: skip


def test_the_command_purges_shows_and_finds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> str:
        settings = Settings(data=tmp_path)
        parsed = make_parser(settings).parse_args(["purge", *arguments])
        assert parsed.run(parsed) == 0
        return capsys.readouterr().out

    database = Database(f"sqlite:///{tmp_path / 'reading-room.sqlite'}")
    database.migrate()
    name = give(database, "k", days=1)
    with database.sessions.begin() as session:
        session.execute(text("UPDATE feedback SET expires = '2026-01-02 00:00:00'"))
    database.close()
    first = run()
    assert "by command: 1 feedback, 0 turns, 0 agreements, 0 pairs removed" in first
    assert "their time was over between 2026-01-02 and 2026-01-02" in first
    assert "over and still there: 0" in first and "agrees with the hashes kept" in first
    assert "0 feedback" in run()
    assert run("--removed", name) == first
    assert run("--list", "1").startswith("Purge 2,")
    with pytest.raises(NotFound, match="No purge removed that id"):
        run("--removed", "feedback-x")
