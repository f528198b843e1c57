"""The inbox: grouped, ranked, claimed and judged, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import delete, func, select, update

from retrieval.evaluation.gold import read_gold
from retrieval.library import Library
from retrieval.prompt import REFUSAL
from serve.curation.cases import read_cases, write_cases
from serve.curation.checking import Checker
from serve.curation.claims import LEASE, claim, claim_worst, release
from serve.curation.collecting import collect
from serve.curation.erasure import erase_expired, erase_pairs
from serve.curation.inbox_views import describe_group, list_groups
from serve.curation.judging import Judged, Judging
from serve.curation.likeness import fold_question
from serve.curation.pairs import read_pairs, read_withdrawn
from serve.curation.tables import InboxEntry, InboxGroup, InboxJudgement, RetrievalCase
from serve.database import Database
from serve.errors import BadRequest, Conflict, NotFound
from serve.people.authority import Actor
from serve.schemas import AnswerDetails
from serve.tables import Feedback
from serve.wire.inbox import JudgementRequest
from tests.retrieval.shelf import MARSH
from tests.serve.curation_parts import (
    ADA,
    ANSWER,
    BEN,
    EVE,
    KEY,
    LETTER,
    QUESTION,
    SEALED,
    SECOND,
    find_group_of,
    give_feedback,
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


def ask(verdict: str, revision: int = 1, key: str = "key-1", **more: Any) -> JudgementRequest:
    fields = {"verdict": verdict, "revision": revision, "idempotency_key": key}
    return JudgementRequest.model_validate(fields | more)


def judge(
    database: Database,
    library: Library,
    checker: Checker,
    group: str,
    request: JudgementRequest,
    who: Actor = ADA,
) -> Judged:
    with database.sessions.begin() as session:
        return Judging(session, who, library, checker).judge(group, request)


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


def test_only_what_has_not_been_judged_waits(database: Database, library: Library) -> None:
    with database.sessions.begin() as session:
        name = give_feedback(session)
    assert collect(database, library) == 1
    with database.sessions.begin() as session:
        turn = keep_turn(session, QUESTION, "I did not find that.", "not_found")
    assert collect(database, library) == 1
    assert find_group_of(database, name) == find_group_of(database, turn)
    assert json.loads(json.dumps(read_group(database, find_group_of(database, name)).known)) == []
