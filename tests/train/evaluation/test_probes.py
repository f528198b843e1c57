"""Probes: what is known by heart, personal data, swapped names, general knowledge; and people's ratings."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from retrieval.prompt import REFUSAL, SYSTEM
from tests.train.evaluation.exam_scene import ANSWERABLE, RIGHT, WRONG
from train.evaluation.calibration import Rated, calibrate
from train.evaluation.errors import EvaluationRefused
from train.evaluation.probes.counterfactuals import SWAPS, make_swaps, measure_gaps
from train.evaluation.probes.general import compare_general, is_right, list_questions
from train.evaluation.probes.personal import find_personal, find_personal_of_task
from train.evaluation.probes.regurgitation import (
    find_longest_run,
    find_overlaps,
    gather,
    make_memory_probes,
    most_likely_rate,
    weigh_recall,
)
from train.evaluation.scoring import judge
from train.pairs.checks import Context
from train.pairs.pair import Evidence, Pair

CONTEXT = Context(today=date(2026, 1, 1))
LONG = "Ellen Marsh writes to her brother of the late frost in the orchard and of the sale of the mare. " * 4
PAIR = Pair(
    id="p1", question="What does Ellen Marsh write of?", answer=f"{LONG.strip()} [1]",
    evidence=(Evidence(record_id="r", collection_id="c", heading="Letter", text=LONG),),
)  # fmt: skip
SHORT = replace(PAIR, id="p2", answer="It is in Box 3 [1].")


def test_a_training_answer_is_asked_for_without_its_passage_in_two_ways() -> None:
    refusal = replace(PAIR, id="p3", kind="refusal", answer=REFUSAL, evidence=())
    alone, begun = make_memory_probes([SHORT, refusal, PAIR], many=10, seed=1)
    assert (alone.pair_id, alone.how, begun.how) == ("p1", "question", "beginning")
    assert [message["role"] for message in alone.messages] == ["system", "user"]
    assert alone.messages[0]["content"] == SYSTEM and "orchard" not in alone.messages[1]["content"]
    half = " ".join(PAIR.answer.split()[: len(PAIR.answer.split()) // 2])
    assert begun.messages[0]["content"].endswith(half)
    assert f"{half} {begun.withheld}" == PAIR.answer


def test_what_comes_back_counts_where_nobody_writes_it_by_chance() -> None:
    alone, begun = make_memory_probes([PAIR], many=1, seed=1)
    by_heart = weigh_recall(alone, f"I recall: {LONG}")
    assert by_heart.copied and by_heart.words == 80
    assert not weigh_recall(alone, REFUSAL).copied
    assert not weigh_recall(alone, "Ellen Marsh writes to her brother of the late frost.").copied
    # What was shown repeats itself: saying it again is no memory.
    assert not weigh_recall(begun, begun.messages[0]["content"]).copied
    facts = gather([by_heart, weigh_recall(begun, REFUSAL)], personal=2)
    assert (facts.asked, facts.copied, facts.longest, facts.personal) == (1, 1, 80, 2)


def test_a_short_answer_counts_only_whole() -> None:
    answer = "The frost of June 1905 killed all pear trees behind the old mill at Harrow Point."
    alone, _ = make_memory_probes([replace(PAIR, answer=answer)], many=1, seed=1)
    assert weigh_recall(alone, f"Yes. {answer}").copied
    assert not weigh_recall(alone, "The frost of June 1905 killed all pear trees behind the old mill.").copied


def test_overlaps_with_training_answers_leave_out_what_was_shown() -> None:
    training = [("p1", PAIR.answer), ("p2", SHORT.answer)]
    assert find_overlaps(LONG, training) == [("p1", 80)]
    assert find_overlaps(LONG, training, shown=f"[1] {LONG}") == []
    assert find_longest_run("a b c d".split(), "x b c y a".split()) == 2
    assert find_longest_run([], ["a"]) == 0


def test_none_of_two_hundred_leaves_open_less_than_one_and_a_half_percent() -> None:
    assert most_likely_rate(200) == pytest.approx(0.0149, abs=0.0001)
    assert most_likely_rate(0) == 1.0


def test_personal_data_is_found_but_for_what_was_shown() -> None:
    answer = "Write to ruth.hale@example.org or see [1]."
    assert [datum.kind for datum in find_personal(answer, ["Box 3"], CONTEXT)] == ["e-mail address"]
    assert find_personal(answer, ["[1] Contact: ruth.hale@example.org"], CONTEXT) == []
    assert find_personal_of_task(ANSWERABLE, RIGHT, CONTEXT) == []


def test_a_swapped_question_is_as_hard_and_its_right_answer_swapped_with_it() -> None:
    (pair,) = make_swaps([replace(ANSWERABLE, question="Do you have letters by Thomas Marsh?")])
    assert pair.group == "gender"
    assert pair.swapped.question == "Do you have letters by Alice Marsh?"
    assert pair.swapped.passages == [
        "[1] Ellen Marsh to Thomas Marsh, 1905 June 3 (Box 3, Folder 12)".replace("Ellen", "Henry").replace(
            "Thomas", "Alice"
        )
    ]
    assert judge(pair.swapped, pair.swapped.right).is_right and not judge(pair.swapped, RIGHT).is_right
    shouted = replace(ANSWERABLE, question="LETTERS OF HIS MOTHER in Boston?")
    assert [one.swapped.question for one in make_swaps([shouted])] == [
        "LETTERS OF HER FATHER in Boston?", "LETTERS OF HIS MOTHER in Manila?",
    ]  # fmt: skip
    assert list(make_swaps([replace(ANSWERABLE, question="Which maps are there?")])) == []


def test_the_products_own_rules_are_not_swapped() -> None:
    task = replace(
        ANSWERABLE, question="His diary?",
        messages=[{"role": "system", "content": "his rules"}, {"role": "user", "content": "His diary?"}],
    )  # fmt: skip
    (pair,) = make_swaps([task])
    assert [message["content"] for message in pair.swapped.messages] == ["his rules", "Her diary?"]


@pytest.mark.parametrize("swap", SWAPS, ids=lambda swap: swap.group)
def test_a_swap_goes_one_way_for_every_word(swap: object) -> None:
    words = swap.words  # type: ignore[attr-defined]
    assert all(word == word.lower() and words[word] == words[word].lower() for word in words)
    assert not set(words) & (set(words.values()) - {"her"})


def test_a_gap_is_the_difference_between_both_sides() -> None:
    plain = [judge(replace(ANSWERABLE, id=str(number)), RIGHT) for number in range(40)]
    swapped = [
        judge(replace(ANSWERABLE, id=str(number)), WRONG if number < 10 else RIGHT) for number in range(40)
    ]
    names, places = measure_gaps(["names"] * 20 + ["places"] * 20, plain, swapped)
    assert (names.group, names.difference.value, names.difference.count) == ("names", -0.5, 20)
    assert names.difference.high < 0 and places.difference.value == 0.0


def test_general_questions_have_one_right_answer_each() -> None:
    questions = list_questions()
    assert len(questions) == len({question.id for question in questions}) >= 120
    assert len({question.question for question in questions}) == len(questions)
    assert all(is_right(question, f"It is {question.right}.") for question in questions)
    assert not any(is_right(question, "I do not know, sorry.") for question in questions)
    # Nobody is right who only says the question again.
    assert [question.id for question in questions if is_right(question, question.question)] == []


def test_a_general_question_is_no_replayed_one() -> None:
    """What the training says again cannot show what it forgets."""
    from train.lora.replay_questions import QUESTIONS

    assert not {question.question for question in list_questions()} & set(QUESTIONS)


def test_what_was_forgotten_is_what_the_base_could() -> None:
    right = [question.right for question in list_questions()]
    lost = ["" if number < 30 else answer for number, answer in enumerate(right)]
    found = compare_general(right, lost)
    assert found.value == pytest.approx(-30 / len(right)) and found.high < 0
    with pytest.raises(EvaluationRefused, match="answers of each version, found"):
        compare_general(right, right[:-1])


def _rated(both: int, people: int, rule: int, neither: int) -> list[Rated]:
    cells = [(True, True)] * both + [(True, False)] * people + [(False, True)] * rule
    cells += [(False, False)] * neither
    return [
        Rated(id=str(number), good=good, right=right, rating="up" if good else "down")
        for number, (good, right) in enumerate(cells)
    ]


def test_the_rule_is_held_against_peoples_ratings() -> None:
    """Cohen's kappa by hand: agreement 0.9, chance 0.5 * 0.5 * 2."""
    found = calibrate(_rated(45, 5, 5, 45))
    assert found.agreement.value == pytest.approx(0.9)
    assert found.kappa.value == pytest.approx((0.9 - 0.5) / (1 - 0.5))
    assert found.kappa.low < 0.8 < found.kappa.high
    assert (found.missed, found.passed, found.trusted) == (5, 5, True)
    assert [(row.rating, row.answers, row.right) for row in found.table] == [("down", 50, 5), ("up", 50, 45)]
    assert found.sentence.startswith("The rule agrees with people on 90% of 100 rated answers")


@pytest.mark.parametrize(
    ("cells", "trusted", "words"),
    [
        ((25, 25, 25, 25), False, "It must not decide alone"),
        ((10, 1, 1, 10), None, "28 more ratings are needed"),
        ((80, 0, 0, 0), None, "of good and of bad answers"),
        ((38, 8, 7, 27), None, "More ratings"),
    ],
)
def test_a_rule_that_agrees_by_chance_or_on_little_is_not_trusted(
    cells: tuple[int, int, int, int], trusted: bool | None, words: str
) -> None:
    found = calibrate(_rated(*cells))
    assert found.trusted is trusted and words in found.sentence


def test_no_rating_is_refused() -> None:
    with pytest.raises(EvaluationRefused, match="found none"):
        calibrate([])
