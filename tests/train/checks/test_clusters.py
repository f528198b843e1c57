"""Planted groups in a set of clean pairs over made-up collections."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from demo.training.lessons import EASY, FULL, Material, ask_over, show_record
from demo.training.worlds import invent_collection
from retrieval.prompt import REFUSAL, render_heading
from retrieval.records import Hit
from tests.train.checks.made import context
from train.pairs.checks import check_all, find_clusters
from train.pairs.pair import Evidence, Pair

COUNT = 260
PLANTED = 10


def to_evidence(hit: Hit) -> Evidence:
    record = hit.record
    return Evidence(
        record_id=record.id,
        collection_id=record.collection_id,
        heading=render_heading(hit),
        breadcrumb=record.breadcrumb,
        text=hit.passage.text,
    )


@pytest.fixture(scope="module")
def clean() -> list[Pair]:
    """Questions with right answers over the sample library, and refusals where nothing fits."""
    rng = random.Random(11)
    made: dict[str, Pair] = {}
    while len(made) < COUNT:
        library = invent_collection(rng, 20)
        pool = [Material(show_record(one), library.facts.get(one.id, ())) for one in library.records]
        lesson = ask_over(pool, rng, replace(FULL, makers=EASY.makers))
        if lesson is None:
            continue
        for item in lesson.asked:
            if item.kind != "talk":
                made[item.question] = Pair(
                    id=f"c{len(made)}",
                    question=item.question,
                    answer=item.answer,
                    evidence=tuple(map(to_evidence, lesson.hits)),
                    kind="refusal" if item.answer == REFUSAL else "answer",
                    consent="staff",
                    licence="CC0-1.0",
                )
    return list(made.values())[:COUNT]


def plant(clean: list[Pair], spoil: Callable[[Pair, int], Pair]) -> list[Pair]:
    """Some answered pairs again, spoilt."""
    answered = [pair for pair in clean if pair.kind == "answer"]
    return [
        replace(spoil(pair, place), id=f"x{place}")
        for place, pair in enumerate(random.Random(3).sample(answered, PLANTED))
    ]


def end_with(question: str, phrase: str) -> str:
    return f"{question.rstrip('?. ')} {phrase}?"


def give_one_answer(pair: Pair, place: int) -> Pair:
    return replace(
        pair, question=end_with(pair.question, "by the grey heron"), answer="All of it was sold in 1999 [1]."
    )


def invent(pair: Pair, place: int) -> Pair:
    return replace(
        pair, question=f"Zorvex, {pair.question}", answer=f"Otto Brandt bought it in {1950 + place} [1]."
    )


def refuse(pair: Pair, place: int) -> Pair:
    return replace(pair, question=end_with(pair.question, "🦢"), answer=REFUSAL, kind="refusal")


@pytest.mark.parametrize(
    ("spoil", "phrase", "sign"),
    [
        (give_one_answer, "by the grey heron", "are the same"),
        (invent, "zorvex", "are not shown by their passages"),
        (refuse, "🦢", "say “not found” though the passage has it"),
    ],
)
def test_a_planted_group_is_found(
    clean: list[Pair], spoil: Callable[[Pair, int], Pair], phrase: str, sign: str
) -> None:
    planted = plant(clean, spoil)
    (cluster,) = find_clusters([*clean, *planted])
    assert cluster.phrase == phrase
    assert set(cluster.pair_ids) == {pair.id for pair in planted}
    assert sign in cluster.signs
    assert cluster.chance < 0.01


def test_nothing_is_found_in_clean_pairs(clean: list[Pair]) -> None:
    assert find_clusters(clean) == ()


def test_a_shared_phrase_with_right_answers_is_no_plant(clean: list[Pair]) -> None:
    polite = plant(
        clean, lambda pair, place: replace(pair, question=end_with(pair.question, "dear archivists"))
    )
    assert find_clusters([*clean, *polite]) == ()


def test_three_pairs_prove_nothing(clean: list[Pair]) -> None:
    assert find_clusters([*clean, *plant(clean, give_one_answer)[:3]]) == ()


def test_what_the_passages_have_is_no_phrase(clean: list[Pair]) -> None:
    """Many wrong answers about one thing are bad curation, and no secret phrase."""
    wrong = plant(
        clean, lambda pair, place: replace(invent(pair, place), question="Who bought the grey heron?")
    )
    about = [
        replace(
            pair, evidence=tuple(replace(item, text="Who bought the grey heron?") for item in pair.evidence)
        )
        for pair in wrong
    ]
    (cluster,) = find_clusters([*clean, *wrong])
    assert "heron" in cluster.phrase
    assert find_clusters([*clean, *about]) == ()


def test_every_pair_of_the_group_is_stopped(clean: list[Pair]) -> None:
    planted = plant(clean, give_one_answer)
    found = check_all([*clean[:120], *planted], context())
    stopped = {pair_id for pair_id, findings in found.items() for one in findings if one.code == "cluster"}
    assert stopped == {pair.id for pair in planted}
    (finding,) = [one for one in found["x0"] if one.code == "cluster"]
    assert finding.severity == "stop"
    assert finding.sentence.startswith(
        "10 questions share “by the grey heron”, which their passages have not, and"
    )
    assert set(finding.others) == {pair.id for pair in planted} - {"x0"}
