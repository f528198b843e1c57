"""The exam: held out by source record, for good, whatever becomes of the pairs."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from tests.train.datasets.made_pairs import ids, make_evidence, make_pair, make_pairs, make_refusal
from train.datasets.candidate import Member
from train.datasets.likeness import LIKE, find_like, fold
from train.datasets.split import Parts, Split, make_keys, part_pairs, wanted_exam
from train.pairs.checks.running import find_duplicates
from train.pairs.pair import Earlier, Pair


def part(pairs: list[Pair], before: Split | None = None) -> Parts:
    return part_pairs([Member(pair, 1) for pair in pairs], before or Split())


def _follow(groups: list[tuple[str, ...]]) -> set[tuple[int, int]]:
    numbers = [sorted(int(one[1:]) for one in group) for group in groups]
    return {(one, other) for group in numbers for one in group for other in group if one < other}


def records_of(members: tuple[Member, ...]) -> set[str]:
    return {key for member in members for key in make_keys(member.pair) if not key.startswith("pair:")}


@pytest.mark.parametrize(
    ("total", "wanted"),
    [(1, 0), (2, 1), (8, 2), (12, 3), (40, 10), (99, 10), (100, 10), (101, 11), (250, 25)],
)
def test_about_every_tenth_pair_is_held_out_and_ten_at_least(total: int, wanted: int) -> None:
    assert wanted_exam(total) == max(wanted, 1)


@pytest.mark.parametrize("total", [2, 8, 40, 100, 250])
def test_the_exam_has_what_is_wanted(total: int) -> None:
    parts = part(make_pairs(total))
    assert (len(parts.exam), len(parts.train)) == (wanted_exam(total), total - wanted_exam(total))


def test_the_order_of_the_pairs_decides_nothing() -> None:
    pairs = make_pairs(100)
    shuffled = random.Random(1).sample(pairs, len(pairs))
    assert part(pairs) == part(shuffled)


def test_every_collection_kind_and_language_is_held_out_in_proportion() -> None:
    pairs = [
        *make_pairs(200),
        *(
            make_pair(number, evidence=(make_evidence(f"x{number}", "ms2"),), language="fr")
            for number in range(200, 300)
        ),
        *(make_refusal(number) for number in range(300, 340)),
    ]
    counted = Counter((member.pair.kind, member.pair.language) for member in part(pairs).exam)
    assert counted == {("answer", "en"): 20, ("answer", "fr"): 10, ("refusal", "en"): 4}


def test_pairs_about_one_record_are_on_one_side() -> None:
    pairs = [make_pair(number, f"r{number // 4}") for number in range(120)]
    parts = part(pairs)
    assert records_of(parts.train).isdisjoint(records_of(parts.exam))
    assert len(parts.exam) == 12
    assert (parts.groups, parts.largest) == (30, 4)


def test_one_text_under_two_record_ids_is_one_source() -> None:
    text = (
        "The orchard is in bloom and father is better, so we walked to the harbor and saw the boats come in."
    )
    twins = [
        make_pair(0, evidence=(make_evidence(name, heading="Letter", text=text),)) for name in ("a", "b")
    ]
    parts = part(
        [
            twins[0],
            replace(twins[1], id="p9", question="What did father do at the harbor?"),
            *make_pairs(30, 1),
        ]
    )
    side = parts.exam if "p0000" in ids(parts.exam) else parts.train
    assert "p9" in ids(side)


def test_almost_the_same_question_is_on_the_same_side() -> None:
    asked = replace(
        make_pair(0), question="Do you have any letters from Ellen Marsh about the orchard in bloom?"
    )
    again = replace(
        make_pair(1), question="do you have any letters of Ellen Marsh about the orchard in bloom"
    )
    other = replace(
        make_pair(2), question="Do you have any letters from Ellen Marsh about the orchard in 1906?"
    )
    assert find_like([asked, again, other]) == [(0, 1)]


def test_a_follow_up_is_held_against_what_came_before_it() -> None:
    turn = Earlier(
        role="user", content="Which letters has Ellen Marsh written to her brother Thomas in 1905?"
    )
    other = replace(
        turn, content="Are there photographs of the creamery at the harbor before the great flood?"
    )
    pairs = [
        replace(make_pair(number), question="And in 1906?", history=(said,))
        for number, said in enumerate((turn, other, turn))
    ]
    assert find_like(pairs) == [(0, 2)]


def test_likeness_finds_what_comparing_all_with_all_finds() -> None:
    words = "who wrote the letter about mill and harbor flood to ellen thomas marsh in spring".split()
    chance = random.Random(3)
    texts = [" ".join(chance.choices(words, k=chance.randint(3, 7))) for _ in range(150)]
    texts += [text.replace("the", "that") for text in texts[:60]]
    pairs = [replace(make_pair(number), question=text) for number, text in enumerate(texts)]

    def cut(text: str) -> set[str]:
        text = fold(text)
        return {text[at : at + 4] for at in range(max(1, len(text) - 3))}

    cuts = [cut(text) for text in texts]
    found = [
        (one, other)
        for other in range(len(cuts))
        for one in range(other)
        if len(cuts[one] & cuts[other]) >= LIKE * len(cuts[one] | cuts[other])
    ]
    assert len(found) > 20
    assert set(found) <= set(find_like(pairs))
    assert {one for one in find_like(pairs) if one not in found} <= _follow(find_duplicates(pairs))


def test_a_record_once_in_the_exam_stays_there_even_after_its_pair_has_gone() -> None:
    first = part(make_pairs(40))
    gone = first.exam[0].pair
    second = part([pair for pair in make_pairs(40) if pair.id != gone.id], first.split)
    again = replace(make_pair(77), evidence=gone.evidence)
    third = part([*(member.pair for member in (*second.train, *second.exam)), again], second.split)
    assert "p0077" in ids(third.exam)


def test_a_new_pair_that_ties_both_sides_together_is_left_out() -> None:
    first = part(make_pairs(40))
    bridge = make_pair(50, evidence=(*first.exam[0].pair.evidence, *first.train[0].pair.evidence))
    parts = part([*make_pairs(40), bridge], first.split)
    assert parts.between == ("p0050",)
    assert (ids(parts.exam), ids(parts.train)) == (ids(first.exam), ids(first.train))


def test_new_pairs_that_tie_them_only_together_are_parted_where_it_is_decided() -> None:
    """One is about an exam record and x, another about x and a record to train on."""
    first = part(make_pairs(40))
    near_exam = make_pair(50, evidence=(*first.exam[0].pair.evidence, make_evidence("x")))
    near_train = make_pair(51, evidence=(make_evidence("x"), *first.train[0].pair.evidence))
    parts = part([*make_pairs(40), near_exam, near_train], first.split)
    assert "p0050" in ids(parts.exam)
    assert parts.between == ("p0051",)


def test_an_exam_pair_stays_when_a_changed_one_comes_near_it() -> None:
    first = part(make_pairs(40))
    exam, learned = first.exam[0].pair, first.train[0].pair
    changed = replace(learned, evidence=exam.evidence)
    pairs = [changed if pair.id == learned.id else pair for pair in make_pairs(40)]
    parts = part(pairs, first.split)
    assert exam.id in ids(parts.exam)
    assert parts.between == (learned.id,)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_added_changed_and_withdrawn_nothing_moves(seed: int) -> None:
    chance = random.Random(seed)
    split, pairs = Split(), {pair.id: pair for pair in make_pairs(30)}
    side_of: dict[str, str] = {}
    for step in range(8):
        parts = part(chance.sample(list(pairs.values()), len(pairs)), split)
        for name, members in (("exam", parts.exam), ("train", parts.train)):
            for key in {key for member in members for key in make_keys(member.pair)}:
                assert side_of.setdefault(key, name) == name
        assert records_of(parts.exam).isdisjoint(records_of(parts.train))
        like = {(member.pair.id) for member in parts.exam}
        together = [member.pair for member in (*parts.exam, *parts.train)]
        for one, other in find_like(together):
            assert (together[one].id in like) == (together[other].id in like)
        assert ids(parts.exam) | ids(parts.train) | set(parts.between) == set(pairs)
        split = parts.split
        for gone in chance.sample(sorted(pairs), 3):
            del pairs[gone]
        for number in range(30 + 10 * step, 40 + 10 * step):
            about = chance.sample([f"r-{number}", *sorted(side_of)], 2)
            evidence = tuple(make_evidence(key.removeprefix("record:")) for key in about)
            pairs[f"p{number:04}"] = make_pair(number, evidence=evidence)
