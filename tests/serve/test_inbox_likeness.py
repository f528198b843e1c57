"""Which questions are grouped: rewordings mostly, near misses never."""

from __future__ import annotations

import itertools
import re

import pytest

from retrieval.asked.questions import read_question
from retrieval.embedding import Vectors, load_embedder
from serve.curation.likeness import LEAST, Asked, ask_same, describe, fold_question
from tests.serve.inbox_questions import DIFFERENT, REWORDED

QUESTIONS = tuple(dict.fromkeys(itertools.chain(*REWORDED, *DIFFERENT)))


class Judge:
    """Each question embedded and read once."""

    def __init__(self) -> None:
        self._embedder = load_embedder()
        self._vectors: dict[str, Vectors] = dict(
            zip(QUESTIONS, self._embedder.encode(QUESTIONS), strict=True)
        )
        self._read: dict[str, Asked] = {}

    def same(self, one: str, other: str) -> bool:
        cosine = float(self._vector(one) @ self._vector(other))
        return cosine >= LEAST and ask_same(self._describe(one), self._describe(other), cosine)

    def _vector(self, text: str) -> Vectors:
        if text not in self._vectors:
            (self._vectors[text],) = self._embedder.encode([text])
        return self._vectors[text]

    def _describe(self, text: str) -> Asked:
        if text not in self._read:
            self._read[text] = describe(read_question(text))
        return self._read[text]


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge()


def test_most_rewordings_are_found_to_ask_the_same(judge: Judge) -> None:
    pairs = [pair for group in REWORDED for pair in itertools.combinations(group, 2)]
    assert len(pairs) == 120
    assert sum(judge.same(*pair) for pair in pairs) == 106


@pytest.mark.parametrize("one,other", DIFFERENT)
def test_another_year_person_place_or_subject_is_another_question(judge: Judge, one: str, other: str) -> None:
    assert not judge.same(one, other)
    assert not judge.same(other, one)


def test_no_question_is_taken_for_one_of_another_group(judge: Judge) -> None:
    taken = [
        (one, other)
        for here, there in itertools.combinations(REWORDED, 2)
        for one, other in itertools.product(here, there)
        if judge.same(one, other)
    ]
    assert taken == []


def test_no_question_is_the_same_with_its_year_or_its_name_changed(judge: Judge) -> None:
    changed = [
        (question, question.replace(year, str(int(year) + 1)))
        for question in QUESTIONS
        for year in set(re.findall(r"\b1[789]\d\d\b", question))
    ]
    for question in QUESTIONS:
        for person in read_question(question).people:
            if found := re.search(person.words[-1], question, re.IGNORECASE):
                name = "Ferguson" if found[0][0].isupper() else "ferguson"
                changed.append((question, question[: found.start()] + name + question[found.end() :]))
    assert len(changed) > 100
    assert [pair for pair in changed if judge.same(*pair)] == []


@pytest.mark.parametrize(
    "one,other,same",
    [
        ("Any letters?", "  any LETTERS ", True),
        ("Müller's letters", "muller s letters", True),
        ("letters 1905", "letters 1906", False),
        ("", "?", True),
        ("\ud800 letters", "? letters", True),
    ],
)
def test_the_normal_form_leaves_out_case_accents_and_marks(one: str, other: str, *, same: bool) -> None:
    assert (fold_question(one) == fold_question(other)) is same
