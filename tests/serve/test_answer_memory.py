"""What is remembered of an answer, and for how long."""

from __future__ import annotations

import time

from serve.answer_memory import MOST_ANSWERS, Answer, AnswerMemory
from serve.schemas import AnswerDetails


def make_answer(answer_id: str) -> Answer:
    details = AnswerDetails(
        answer_id=answer_id,
        status="plain",
        found=False,
        adapter="a",
        model="m",
        index_version="",
        prompt_version="1",
    )
    return Answer("question", "text", details)


def test_an_answer_is_forgotten_when_its_time_is_over() -> None:
    memory = AnswerMemory(hours=0.05 / 3600)
    memory.remember(make_answer("one"))
    assert memory.recall("one") == make_answer("one")
    time.sleep(0.06)
    assert memory.recall("one") is None


def test_the_oldest_go_first() -> None:
    memory = AnswerMemory(hours=1)
    for number in range(MOST_ANSWERS + 2):
        memory.remember(make_answer(str(number)))
    assert memory.recall("0") is None
    assert memory.recall("1") is None
    assert memory.recall("2") is not None
