"""What a curator's judgement makes of an answer, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select

from retrieval.evaluation.gold import read_gold
from retrieval.library import Library
from retrieval.prompt import REFUSAL
from serve.curation.cases import read_cases, write_cases
from serve.curation.checking import Checker
from serve.curation.inbox_views import describe_group
from serve.curation.judging import Judging
from serve.curation.likeness import fold_question
from serve.curation.pairs import read_pairs
from serve.curation.tables import InboxJudgement
from serve.database import Database
from serve.errors import BadRequest, Conflict
from serve.wire.inbox import JudgementRequest
from tests.serve.curation_parts import (
    ADA,
    ANSWER,
    BEN,
    KEY,
    LETTER,
    QUESTION,
    SEALED,
    SECOND,
    ask,
    judge,
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


def test_a_good_answer_becomes_a_pair_that_waits_for_approval(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION], thumb="up", conversation=KEY)
    judged = judge(database, library, checker, group, ask("good"))
    assert judged.pair is not None
    assert [finding.sentence for finding in judged.findings if finding.severity == "stop"] == []
    with database.readings() as session:
        [stored] = read_pairs(session)
    pair = stored.pair
    assert (stored.state, stored.revision, stored.conversation) == ("submitted", 2, KEY)
    assert (pair.question, pair.kind, pair.origin, pair.consent) == (QUESTION, "answer", "feedback", "patron")
    assert pair.answer == ANSWER.replace("[2]", "[1]")
    assert (pair.contributor, pair.approver) == ("Ada Byron", "")
    [evidence] = pair.evidence
    assert evidence.heading == "Ellen Marsh ALS to Ada Hale, 1905 June 2 (Box 4, Folder 12)"
    assert evidence.text == "Ellen writes that the mill has burned and the children are safe."
    assert (evidence.record_id, evidence.collection_id, evidence.public) == (LETTER, "ms1", True)
    after = read_group(database, group)
    assert (after.state, after.verdict, after.revision, after.judged_by) == ("judged", "good", 2, "Ada Byron")


def test_a_fix_numbers_the_chosen_passages_by_how_the_answer_cites_them(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    answer = 'Ada wrote of "beds" [1], Ellen of the fire [2]; see the series [3].'
    judged = judge(
        database,
        library,
        checker,
        group,
        ask("fix", answer=answer, evidence=["ms1/letters", 2, 1], question=""),
    )
    with database.readings() as session:
        [stored] = read_pairs(session)
    assert stored.pair.answer == answer
    assert [item.record_id for item in stored.pair.evidence] == [SECOND, LETTER, "ms1/letters"]
    assert judged.pair is not None


@pytest.mark.parametrize(
    "more,told",
    [
        ({"answer": "  "}, "write the answer"),
        ({"answer": "It burned [2].", "evidence": [1]}, r"cites \[2\], which is none of the passages chosen"),
        ({"answer": "It burned [9]."}, r"cites \[9\]"),
        ({"answer": "It burned [1].", "evidence": [1, 7]}, r"no source \[7\]. Its sources are \[2\], \[1\]"),
        ({"answer": "It burned [3].", "evidence": ["ms1/nowhere"]}, "no record 'ms1/nowhere' in the index"),
        ({"answer": "It burned [2].", "entry": "feedback-forged"}, "'feedback-forged' is not in this group"),
    ],
)
def test_a_fix_that_cannot_be_a_pair_says_why_and_leaves_nothing(
    database: Database, library: Library, checker: Checker, more: dict[str, Any], told: str
) -> None:
    [group] = put_in(database, library, [QUESTION])
    with pytest.raises(BadRequest, match=told):
        judge(database, library, checker, group, ask("fix", **more))
    with database.readings() as session:
        assert read_pairs(session) == []
        assert session.scalar(select(func.count()).select_from(InboxJudgement)) == 0
    assert read_group(database, group).state == "open"


def test_what_is_withheld_is_marked_and_keeps_the_pair_a_draft(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    request = ask("fix", answer='"The fire was laid by Otto" [3].', evidence=[SEALED])
    judged = judge(database, library, checker, group, request)
    with database.readings() as session:
        [stored] = read_pairs(session)
    assert [item.public for item in stored.pair.evidence] == [False]
    assert stored.state == "draft"
    assert "restricted" in {finding.code for finding in judged.findings if finding.severity == "stop"}


def test_not_held_makes_a_refusal_in_the_words_the_model_has(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, ["Do you hold letters by Marie Curie?"], status="not_found")
    judge(database, library, checker, group, ask("not_held"))
    with database.readings() as session:
        [stored] = read_pairs(session)
    assert (stored.pair.answer, stored.pair.kind, stored.pair.evidence) == (REFUSAL, "refusal", ())


@pytest.mark.parametrize(
    "changes,told",
    [
        ({"remembered": False}, "only what a client sent"),
        ({"status": "passages_only"}, "No model wrote this answer"),
        ({"details": make_details(unverified=["Box 99"])}, r"names what stands in no source \(Box 99\)"),
    ],
)
def test_an_answer_that_nothing_vouches_for_cannot_be_called_good(
    database: Database, library: Library, checker: Checker, changes: dict[str, object], told: str
) -> None:
    [group] = put_in(database, library, [QUESTION], **changes)
    with pytest.raises(BadRequest, match=told):
        judge(database, library, checker, group, ask("good"))


def test_without_agreement_a_pair_stays_a_draft_until_the_question_is_the_curators(
    database: Database, library: Library, checker: Checker
) -> None:
    one, other = put_in(database, library, [QUESTION, "Where is the mill?"], consent=None)
    first = judge(database, library, checker, one, ask("good"))
    assert first.pair is not None
    assert (first.pair.state, first.pair.consent) == ("draft", "none")
    assert "rights" in {finding.code for finding in first.findings}
    own = ask("fix", key="key-2", question="What news did Ellen send in June 1905?", answer=ANSWER)
    second = judge(database, library, checker, other, own)
    assert second.pair is not None
    assert (second.pair.state, second.pair.consent) == ("submitted", "staff")


def test_a_wrong_source_becomes_a_case_to_measure_the_search_with(
    database: Database, library: Library, checker: Checker, tmp_path: Path
) -> None:
    one, other = put_in(database, library, [QUESTION, "Where is the mill?"])
    with pytest.raises(BadRequest, match="no record 'ms1/sealed' that patrons may see"):
        judge(database, library, checker, one, ask("wrong_source", right=SEALED))
    judge(database, library, checker, one, ask("wrong_source", right=SECOND))
    judge(database, library, checker, other, ask("wrong_source", key="key-2", wrong=[1]))
    with database.readings() as session:
        cases = read_cases(session)
    assert [(case.question, case.wrong, case.right) for case in cases] == [
        (QUESTION, [LETTER], SECOND), ("Where is the mill?", [SECOND], ""),
    ]  # fmt: skip
    file = tmp_path / "cases.jsonl"
    file.write_text(write_cases(cases), "utf-8")
    [question] = read_gold(file).questions
    assert (question.text, question.record, question.kind) == (QUESTION, SECOND, "wrong source")
    assert question.is_answerable


def test_the_same_key_again_gives_the_same_and_another_judgement_with_it_is_refused(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    first = judge(database, library, checker, group, ask("good"))
    again = judge(database, library, checker, group, ask("good", take_next=True))
    assert first.pair and again.pair and first.pair.id == again.pair.id
    with pytest.raises(Conflict, match="used for another judgement"):
        judge(database, library, checker, group, ask("ignore"))
    with pytest.raises(Conflict, match="Ada Byron judged this question meanwhile"):
        judge(database, library, checker, group, ask("good"), BEN)  # a key is its sender's alone
    with database.readings() as session:
        assert len(read_pairs(session)) == 1


def test_of_two_curators_at_once_exactly_one_judges(
    database: Database, library: Library, checker: Checker
) -> None:
    [group] = put_in(database, library, [QUESTION])
    start = Barrier(4)

    def press(number: int) -> str:
        start.wait()
        try:
            judge(database, library, checker, group, ask("good", key=f"key-{number}"), (ADA, BEN)[number % 2])
        except Conflict as conflict:
            return str(conflict)
        return ""

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(press, range(4)))
    assert told.count("") == 1
    assert all("judged this question meanwhile (good)" in text for text in told if text)
    with database.readings() as session:
        assert len(read_pairs(session)) == 1


def test_a_judgement_can_be_taken_back(database: Database, library: Library, checker: Checker) -> None:
    [group] = put_in(database, library, [QUESTION])
    judge(database, library, checker, group, ask("good"))
    with pytest.raises(Conflict, match="judged this question"), database.sessions.begin() as session:
        Judging(session, ADA, library, checker).reopen(group, 1)
    with database.sessions.begin() as session:
        Judging(session, ADA, library, checker).reopen(group, 2, "pressed the wrong key")
    judge(database, library, checker, group, ask("not_held", revision=3, key="key-2"))
    with database.readings() as session:
        assert sorted((stored.state, stored.pair.kind) for stored in read_pairs(session)) == [
            ("submitted", "refusal"), ("withdrawn", "answer"),
        ]  # fmt: skip


HOSTILE = (
    "<script>fetch('//evil')</script>", "![x](http://evil/x.png)", "nul\x00 and \u202eturned", "'; DROP TABLE pair;--",
    "<|im_start|>system", "a" * 20_000, "\U0001f4a9" * 5_000, "", "[1][2][999]", "{{7*7}}",
)  # fmt: skip


def test_hostile_text_stays_text(database: Database, library: Library, checker: Checker) -> None:
    plain = [text.replace("\x00", "") for text in HOSTILE]  # as feedback is stored
    groups = put_in(database, library, plain, comment=plain[1], corrected_answer=plain[0])
    assert len(set(groups)) == len({fold_question(text) for text in plain}) == len(HOSTILE) - 1
    asked = dict(zip(groups, HOSTILE, strict=True))
    for number, (group, text) in enumerate(asked.items()):
        with database.readings() as session:
            shown = describe_group(session, ADA, group)
        assert shown.entries[0].suggested == plain[0]
        answer = f"x {text[:19_000]}".replace("[", "(")
        request = ask("fix", shown.revision, f"key-{number}", answer=answer, note=text[:2000], evidence=[])
        judge(database, library, checker, group, request)
    with database.readings() as session:
        answers = [stored.pair.answer for stored in read_pairs(session)]
    assert len(answers) == len(asked)
    assert not any("\x00" in answer or "\u202e" in answer for answer in answers)
    assert "x '; DROP TABLE pair;--" in answers
    assert "x <script>fetch('//evil')</script>" in answers


@pytest.mark.parametrize("field", ["answer", "question", "note", "right", "idempotency_key"])
def test_what_is_too_long_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        JudgementRequest.model_validate(
            {"verdict": "fix", "revision": 1, "idempotency_key": "k", field: "x" * 20_001}
        )
