"""Every measure against figures worked out by hand, or of the library that defines it."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from retrieval.prompt import REFUSAL
from tests.train.evaluation.exam_scene import ANSWERABLE, HOPELESS, RIGHT, WRONG
from train.evaluation.comparing import estimate
from train.evaluation.error_kinds import ERROR_KINDS, EXPLAINED
from train.evaluation.errors import EvaluationRefused
from train.evaluation.fluency import rate_fluency
from train.evaluation.metrics import NAMES, tabulate
from train.evaluation.overlap import measure_overlap
from train.evaluation.scoring import judge, score


def test_overlap_is_that_of_the_measures_definitions() -> None:
    """8 words against 5, all 5 of them there in order; METEOR: F 10PR/(R+9P), 2 chunks of 5 matches."""
    found = measure_overlap("The letters are in Box 3, Folder 12 [1].", "Letters: Box 3, Folder 12 [2].")
    assert (found.exact_match, found.token_precision, found.token_recall) == (0.0, 5 / 8, 1.0)
    assert found.token_f1 == pytest.approx(10 / 13)
    assert found.rouge_l == pytest.approx(10 / 13)
    precision, recall = 5 / 8, 1.0
    f_mean = precision * recall / (0.9 * precision + 0.1 * recall)
    assert found.meteor == pytest.approx(f_mean * (1 - 0.5 * (2 / 5) ** 3))
    # 5/8, 3/7, 2/6 and 1/5 of the n-grams, no brevity penalty.
    assert found.bleu == pytest.approx((5 / 8 * 3 / 7 * 2 / 6 * 1 / 5) ** 0.25, abs=1e-6)
    assert 0.6 < found.chrf < 0.8


def test_the_same_answer_with_other_numbers_for_its_passages_is_the_same_answer() -> None:
    found = measure_overlap(RIGHT, RIGHT.replace("[1]", "[3]"))
    assert found.exact_match == found.token_f1 == found.rouge_l == 1.0
    assert found.bleu == pytest.approx(1.0) and found.chrf == pytest.approx(1.0) and found.meteor > 0.99


@pytest.mark.parametrize(("answer", "right", "same"), [("", "Box 3", 0.0), ("", "", 1.0), ("?", "Box", 0.0)])
def test_nothing_said_is_measured_too(answer: str, right: str, same: float) -> None:
    found = measure_overlap(answer, right)
    assert (found.exact_match, found.bleu, found.meteor) == (same, same, same)


def test_stems_count_for_meteor_and_letters_beyond_english_for_rouge() -> None:
    assert (
        measure_overlap("the letter", "the letters").meteor
        > measure_overlap("the ladder", "the letters").meteor
    )
    assert measure_overlap("письма Анны", "письма Анны").rouge_l == 1.0


def test_no_measure_opens_a_connection() -> None:
    """Python's own audit hook sees every socket, whoever opens it."""
    code = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda name, a: opened.append(name) if name.startswith('socket.') else None)\n"
        "from train.evaluation.overlap import measure_overlap\n"
        "assert measure_overlap('two letters here', 'two letters there').meteor > 0\n"
        "import socket\n"
        "assert not opened, opened\n"
        "socket.socket().close()\n"
        "assert opened == ['socket.__new__'], opened\n"
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    assert socket.has_ipv6 in (True, False)


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("", 0.0),
        ("### @@ ▁▁", 0.0),
        (RIGHT, 1.0),
        (REFUSAL, 1.0),
        ("I think that it is", 0.8),
        # 6 rows of three words, 1 of them new: 5/6 came again, (5/6 - 0.2)/0.8 is taken off; and no end.
        ("box box box box box box box box", 0.8 * (1 - (5 / 6 - 0.2) / 0.8)),
    ],
)
def test_fluency_sees_what_a_broken_model_does(text: str, mark: float) -> None:
    assert rate_fluency(text) == pytest.approx(mark)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (RIGHT, None),
        (REFUSAL, "over-refusal"),
        ("It is in Box 3.", "no citation"),
        (RIGHT.replace("[1]", "[2]"), "wrong citation"),
        (WRONG, "quotation"),
        ("box box box box box box box box", "broken text"),
        ("", "broken text"),
        ("A letter of June 3 is there [1].", "missing place"),
        ("A letter of June 8 is there [1].", "made-up figure"),
        ("In Box 3, Folder 12 [1].", "wrong fact"),
    ],
)
def test_a_wrong_answer_has_an_error_of_one_kind(answer: str, error: str | None) -> None:
    needed = () if error == "wrong fact" else ("Box 3, Folder 12",)
    task = replace(
        ANSWERABLE, needed=needed, telling=frozenset({"thomas", "june"}) if not needed else frozenset()
    )
    assert judge(task, answer).error == error


def test_every_kind_of_error_is_explained() -> None:
    assert judge(HOPELESS, RIGHT).error == "missed refusal"
    assert set(EXPLAINED) == set(ERROR_KINDS)


def test_figures_of_marks_are_those_of_the_scores() -> None:
    judged = [
        judge(ANSWERABLE, RIGHT),
        judge(replace(ANSWERABLE, id="b"), f"{RIGHT} And [2], [2]."),
        judge(replace(ANSWERABLE, id="c"), REFUSAL),
        judge(HOPELESS, REFUSAL),
        judge(replace(HOPELESS, id="i"), RIGHT),
        judge(replace(HOPELESS, id="j", refused=True), ""),
    ]
    scores, figures = score(judged), estimate(tabulate(judged, [1.0, 3.0, 2.0, 2.0, 2.0, 9.0]))
    for name in NAMES[:6]:
        share = getattr(scores, name)
        assert figures[name].value == pytest.approx(share.value), name
    assert figures["citation_precision"].value == pytest.approx(
        2 / 5
    )  # [1], [1], [2], [2] and [1] for nothing
    assert figures["exact_match"].count == 3 and figures["refusal_recall"].count == 3
    assert figures["seconds"].value == 2.0 and figures["seconds"].count == 5  # none where no model was asked
    assert figures["answer_words"].count == 2


def test_a_question_answered_twice_and_times_missing_are_refused() -> None:
    twice = [judge(ANSWERABLE, RIGHT), judge(ANSWERABLE, RIGHT)]
    with pytest.raises(EvaluationRefused, match="several to 'a'"):
        tabulate(twice)
    with pytest.raises(EvaluationRefused, match="each of 1 answers, found 2"):
        tabulate(twice[:1], [1.0, 2.0])
