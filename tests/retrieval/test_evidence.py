"""When there is enough to answer: what speaks for it, what against, and what weighs nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from retrieval.asked.questions import read_question
from retrieval.ranking.criteria import Agreement
from retrieval.ranking.evidence import THRESHOLD, Evidence, estimate, has_word, is_enough, weigh
from retrieval.ranking.judging import Judged
from retrieval.records import Hit, Passage
from tests.retrieval.shelf import make_record

PLAIN = Evidence(
    cosine=0.6, cover=0.9, cover_dated=0.9, person=1.0, person_dated=1.0, no_date=0.0, no_person=0.0,
    no_material=0.0, no_other=0.0,
)  # fmt: skip


def test_a_plain_answer_is_enough() -> None:
    assert estimate(PLAIN) > 0.9
    assert is_enough(PLAIN)


@pytest.mark.parametrize("name", [field.name for field in fields(Evidence)])
def test_each_part_counts_the_right_way(name: str) -> None:
    worse = replace(PLAIN, **{name: 1.0 if name.startswith("no_") else 0.0})
    assert estimate(worse) < estimate(PLAIN)


def test_a_person_without_a_letter_of_that_year_is_not_enough() -> None:
    assert estimate(replace(PLAIN, cover_dated=0.3, person_dated=0.1, no_date=1.0)) < THRESHOLD


def judged(title: str, person: float = 1.0, *, dated: bool = True) -> Judged:
    record = make_record(title=title, kinds=("letter",))
    passage = Passage(id="p", record_id=record.id, text=title)
    return Judged(Hit(record=record, passage=passage, score=1.0), -1, person, dated, True)


def test_rare_words_cover_more_than_common_ones() -> None:
    question = read_question("ostriches in the orchard")
    known = {"ostriches": 1, "orchard": 90}.get
    found = [
        weigh(question, [judged(title)], Agreement((), (), None), 0.5, lambda word: known(word) or 0, 100)
        for title in ("The orchard", "Ostriches", "Ostriches in the orchard")
    ]
    assert found[0].cover < 0.3 < 0.7 < found[1].cover < found[2].cover == 1.0


def test_only_hits_that_may_be_of_the_days_count_as_dated() -> None:
    question = read_question("ostriches in 1905")
    hits = [judged("Ostriches", 0.9, dated=False), judged("Harbour", 0.5)]
    found = weigh(question, hits, Agreement((), ("date:1905",), None), 0.4, lambda word: 1, 100)
    assert (found.cover, found.cover_dated) == (1.0, 0.0)
    assert found.person == pytest.approx(0.81)
    assert found.person_dated == 0.25
    assert (found.no_date, found.no_person) == (1.0, 0.0)


def test_no_hit_is_no_evidence() -> None:
    found = weigh(read_question("ostriches"), [], Agreement((), (), None), 0.0, lambda word: 0, 100)
    assert not is_enough(found)


def test_a_word_is_there_in_another_ending() -> None:
    assert has_word("gardens", frozenset({"garden"}))
    assert not has_word("gard", frozenset({"garden"}))
