"""When there is enough to answer: what speaks for it, what against, and what weighs nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from retrieval.asked.questions import Question, read_question
from retrieval.ranking.coverage import Coverage, has_word
from retrieval.ranking.criteria import Agreement
from retrieval.ranking.evidence import NAMED_ENOUGH, SUBJECT_ENOUGH, Evidence, estimate, is_enough, weigh
from retrieval.ranking.judging import Judged
from retrieval.records import Hit, Passage, Record
from tests.retrieval.shelf import make_record

PLAIN = Evidence(cosine=0.6, cover=0.9, fit=1.0, kind=1.0, no_date=0.0, no_person=0.0, no_kind=0.0)
NAMED = read_question("Letters from Ellen Marsh")
SUBJECT = read_question("influenza among nurses")
NOTHING_SET_ASIDE = Agreement((), (), None)


def make_judged(record: Record, *, person: float = 1.0, dated: bool = True, cover: float = 1.0) -> Judged:
    passage = Passage(id="p", record_id=record.id, text=record.title)
    hit = Hit(record=record, passage=passage, score=1.0)
    return Judged(hit, parent=-1, person=person, dated=dated, complete=True, cover=cover)


def test_a_plain_answer_is_enough() -> None:
    assert estimate(PLAIN) > 0.85
    assert is_enough(PLAIN, NAMED) and is_enough(PLAIN, SUBJECT)


@pytest.mark.parametrize("name", [field.name for field in fields(Evidence)])
def test_each_part_counts_the_right_way(name: str) -> None:
    worse = replace(PLAIN, **{name: 1.0 if name.startswith("no_") else 0.0})
    assert estimate(worse) < estimate(PLAIN)


def test_a_person_without_a_letter_of_that_year_is_not_enough() -> None:
    assert estimate(replace(PLAIN, no_date=1.0, fit=0.1, cover=0.5)) < SUBJECT_ENOUGH


def test_a_subject_in_other_words_than_the_record_is_enough() -> None:
    assert is_enough(replace(PLAIN, cosine=0.55, cover=0.5), SUBJECT)
    assert not is_enough(replace(PLAIN, cosine=0.25, cover=0.1), SUBJECT)


def test_who_and_when_are_enough_whatever_else_was_said() -> None:
    assert is_enough(replace(PLAIN, cosine=0.5, cover=0.4), NAMED)


def test_more_is_asked_where_somebody_is_named_than_of_a_subject() -> None:
    between = replace(PLAIN, cosine=0.6, cover=0.95, fit=0.0)
    assert SUBJECT_ENOUGH < estimate(between) < NAMED_ENOUGH
    assert is_enough(between, SUBJECT) and not is_enough(between, NAMED)


def test_what_is_looked_at_is_all_of_one_hit() -> None:
    question = read_question("Letters of Ellen Marsh from 1905")
    letters = make_record(title="Letters", kinds=("letter",))
    hits = [
        make_judged(letters, person=0.1, dated=True, cover=0.2),
        make_judged(letters, person=1.0, dated=False, cover=1.0),
    ]
    found = weigh(question, hits, NOTHING_SET_ASIDE, 0.5)
    assert (found.cover, found.fit) == (1.0, 0.0)
    better = weigh(question, [*hits, make_judged(letters, person=0.9, cover=0.8)], NOTHING_SET_ASIDE, 0.5)
    assert (better.cover, better.fit) == (0.8, 0.9)


def test_a_record_of_another_collection_does_not_fit() -> None:
    question = replace(read_question("letters of 1895"), collections=("ms1",))
    elsewhere = make_judged(make_record(collection_id="ms2", kinds=("letter",)))
    there = make_judged(make_record(collection_id="ms1", kinds=("letter",)), cover=0.5)
    assert weigh(question, [elsewhere], NOTHING_SET_ASIDE, 0.5).fit == 0.0
    assert weigh(question, [elsewhere, there], NOTHING_SET_ASIDE, 0.5).fit == 1.0


@pytest.mark.parametrize(
    ("asked", "kinds", "share"),
    [
        ("letters or diaries", ("letter",), 0.5),
        ("audio of a speech", ("speech",), 0.5),
        ("audio of a speech", ("speech", "sound"), 1.0),
        ("orchards", (), 1.0),
    ],
)
def test_the_kinds_of_material_asked_for_count_by_their_share(
    asked: str, kinds: tuple[str, ...], share: float
) -> None:
    hit = make_judged(make_record(kinds=kinds))
    assert weigh(read_question(asked), [hit], NOTHING_SET_ASIDE, 0.5).kind == share


def test_readings_set_aside_are_told() -> None:
    agreement = Agreement((), ("date:1905", "sender:ellen marsh", "material:letter"), None)
    found = weigh(read_question("ostriches"), [make_judged(make_record())], agreement, 0.5)
    assert (found.no_date, found.no_person, found.no_kind) == (1.0, 1.0, 1.0)
    assert weigh(read_question("x"), [], NOTHING_SET_ASIDE, 0.5).no_date == 0.0


def test_no_hit_is_no_evidence() -> None:
    found = weigh(read_question("ostriches"), [], NOTHING_SET_ASIDE, 0.0)
    assert not is_enough(found, SUBJECT)


def cover(question: Question, title: str, known: dict[str, int]) -> float:
    coverage = Coverage(question, lambda word: known.get(word, 0), 100)
    return coverage.judge(make_record(title=title, collection="Shelf", breadcrumb=("Farm",)), "")


def test_rare_words_cover_more_than_common_ones() -> None:
    question = read_question("ostriches in the orchard")
    known = {"ostriches": 1, "orchard": 90}
    titles = ("The orchard", "Ostriches", "Ostriches in the orchard")
    found = [cover(question, title, known) for title in titles]
    assert found[0] < 0.3 < 0.7 < found[1] < found[2] == 1.0


@pytest.mark.parametrize(
    "asked",
    ["Can I read about ostriches?", "Which folder holds the ostriches from 1905?", "ostriches, late 1960s"],
)
def test_what_the_patron_does_and_what_is_a_date_need_not_stand_in_a_record(asked: str) -> None:
    assert cover(read_question(asked), "Ostriches", {"ostriches": 1, "read": 5, "1905": 3, "late": 9}) == 1.0


def test_titles_above_a_record_cover_too() -> None:
    assert cover(read_question("the farm ostriches"), "Ostriches", {"ostriches": 1, "farm": 3}) == 1.0


def test_a_word_is_there_in_another_ending() -> None:
    assert has_word("gardens", frozenset({"garden"}))
    assert not has_word("gard", frozenset({"garden"}))
