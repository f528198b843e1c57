"""Tasks out of questions over a real index: what a model is shown, what answers, what must be said."""

from __future__ import annotations

import pytest

from retrieval.embedding import load_embedder
from retrieval.evaluation.gold import GoldQuestion
from retrieval.index import Index
from retrieval.prompt import SYSTEM
from tests.retrieval.shelf import build_shelf
from train.evaluation.gold_tasks import TaskMaker, find_telling


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    root, embedder = tmp_path_factory.mktemp("index"), load_embedder()
    build_shelf(root, embedder)
    return Index(root / (root / "CURRENT").read_text().strip(), embedder)


def _maker(index: Index, **options: object) -> TaskMaker:
    plain = {"passages": "gold", "top_k": 3, "token_budget": 10_000, "count_tokens": len}
    return TaskMaker(index=index, **{**plain, **options})  # type: ignore[arg-type]


TAFT = GoldQuestion(
    id="q1",
    text="In which box is the letter of William Howard Taft from April 1905?",
    record="W[illia]m H[oward] Taft TLS to Harry Goddard, 1905 April 6",
    snippet="1905 April 6",
    container="Box 2, Folder 1",
    answer="Box 2, Folder 1.",
)
CURIE = GoldQuestion(id="q2", text="Do you hold letters by Marie Curie?", abstain=True)


def test_a_task_is_the_products_own_prompt_and_knows_what_answers(index: Index) -> None:
    task = _maker(index).make(TAFT)
    assert task.messages[0] == {"role": "system", "content": SYSTEM}
    assert task.messages[-1]["content"].endswith(f"Question: {TAFT.text}")
    (number,) = task.fitting
    assert task.passages[number - 1].startswith(
        f"[{number}] W[illia]m H[oward] Taft TLS to Harry Goddard, 1905 April 6 (Box 2, Folder 1)"
    )
    assert all(passage in task.messages[-1]["content"] for passage in task.passages)
    assert (task.needed, task.answerable, task.right) == (("Box 2, Folder 1",), True, "Box 2, Folder 1.")


def test_a_record_that_search_ranks_too_low_takes_the_last_place_where_gold_is_wanted(index: Index) -> None:
    asked = GoldQuestion(
        id="q", text="Clara Wadley papers 1904", record="ms1/clara/2", snippet="1905, July-December"
    )
    searched = _maker(index, passages="retrieval", top_k=1).make(asked)
    given = _maker(index, top_k=1).make(asked)
    assert searched.fitting == frozenset() and "1904, July-December" in searched.passages[0]
    assert given.fitting == {1} and "1905, July-December" in given.passages[0]


def test_what_search_refuses_is_refused_with_its_passages_and_asked_with_gold(index: Index) -> None:
    assert _maker(index, passages="retrieval").make(CURIE).refused
    task = _maker(index).make(CURIE)
    assert not task.refused and not task.answerable and task.fitting == frozenset()


def test_a_follow_up_is_asked_with_the_turns_before_it(index: Index) -> None:
    asked = GoldQuestion(
        id="q3", text="And later in the year?", record="ms1/clara/2", snippet="1905, July-December",
        earlier=("Do you have Clara Wadley's papers from January 1905?",),
    )  # fmt: skip
    task = _maker(index).make(asked)
    assert [message["role"] for message in task.messages] == ["system", "user", "user"]
    assert task.messages[1]["content"] == asked.earlier[0]


@pytest.mark.parametrize(
    ("text", "telling"),
    [
        ("Where was Ellen Marsh born?", {"1871", "1938", "harrow", "point"}),
        ("How many boxes are there?", {"ellen", "marsh", "1871", "1938", "born", "harrow", "point"}),
        ("Can I read about Ellen Marsh?", {"1871", "1938", "born", "harrow", "point"}),
        ("Is Ellen Marsh's diary open?", {"1871", "1938", "born", "harrow", "point"}),
        ("Do you have anything on Ellen Marsh?", set()),
        ("What do you have on Ellen Marsh?", set()),
        ("Which letters did Ellen Marsh write?", set()),
        ("Where are the letters of Ellen Marsh?", set()),
    ],
)
def test_a_fact_asked_for_must_be_told_and_a_holding_need_only_be_quoted(
    text: str, telling: set[str]
) -> None:
    question = GoldQuestion(id="q", text=text, snippet="Ellen Marsh (1871-1938) was born in Harrow Point")
    assert find_telling(question) == telling
