"""Search held against known answers, over the shelf: ranks, refusals, and why a question failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retrieval.embedding import Embedder
from retrieval.evaluation.asking import Outcome, ask_all, find_gains, judge, score, score_by_kind
from retrieval.evaluation.failures import explain, find_failures
from retrieval.evaluation.gold import GoldQuestion
from retrieval.evaluation.report import list_intervals, render_table, summarise
from retrieval.index import Index
from retrieval.ranking.search import SearchResult
from retrieval.records import Hit, Passage, Record
from tests.retrieval.shelf import build_shelf, make_record, shelf_records

QUESTIONS = [
    GoldQuestion(
        id="1", text="Do you have Ellen Marsh letters of 1905?", kind="person", file="marsh.xml",
        snippet="The flood at the mill", container="Box 2, Folder 3",
    ),
    GoldQuestion(id="2", text="the parade on Main Street", kind="folder lookup", record="ph2/1", container="Box 1"),
    GoldQuestion(id="3", text="Do you have letters by Zora Neale Hurston?", kind="unanswerable"),
    GoldQuestion(
        id="4", text="And in 1894?", kind="follow-up", snippet="Trains have stopped", earlier=("Ellen Marsh letters?",),
    ),
    GoldQuestion(id="5", text="Where is the deed?", kind="subject", file="deeds.xml", snippet="A deed of sale"),
]  # fmt: skip


@pytest.fixture(scope="module")
def outcomes(shelf_index: Index) -> list[Outcome]:
    return list(ask_all(shelf_index, QUESTIONS, k=5))


def test_outcomes(outcomes: list[Outcome]) -> None:
    assert [outcome.rank for outcome in outcomes] == [1, 1, 0, 1, 0]
    assert [outcome.gain for outcome in outcomes] == [1.0, 1.0, 0.0, 1.0, 0.0]
    assert [outcome.container_right for outcome in outcomes] == [True, False, None, None, None]
    assert outcomes[2].refused and not outcomes[0].refused
    assert [outcome.in_index for outcome in outcomes] == [True, False, False, False, False]
    assert all(0 < outcome.milliseconds < 60_000 for outcome in outcomes)


def test_scores(outcomes: list[Outcome]) -> None:
    told = summarise(score(outcomes, 5))
    assert (told["questions"], told["answerable"]) == (5, 4)
    assert (told["recall_at_1"], told["recall_at_5"], told["recall_at_10"]) == (0.75, 0.75, 0.75)
    assert (told["mrr"], told["ndcg_10"], told["any_answer_at_5"]) == (0.75, 0.75, 0.75)
    assert told["recall_at_5_of_files_read"] == 1.0
    assert (told["container_right"], told["container_right_all"]) == (0.0, 0.5)
    assert told["refusal_recall"] == 1.0
    assert told["p95_ms"] == round(max(outcome.milliseconds for outcome in outcomes), 2)
    assert list_intervals(score(outcomes, 5))["recall_at_5"] == [0.3006, 0.9544]


def test_scores_by_kind_and_the_table(outcomes: list[Outcome]) -> None:
    kinds = score_by_kind(outcomes, 5)
    assert list(kinds) == ["folder lookup", "follow-up", "person", "subject", "unanswerable"]
    assert summarise(kinds["subject"])["recall_at_5"] == 0.0
    assert summarise(kinds["unanswerable"])["recall_at_5"] is None
    lines = list(render_table(score(outcomes, 5), kinds))
    assert lines[1] == "recall_at_5              0.750   0.301 to 0.954   over 4"
    assert lines[-1].split()[:2] == ["unanswerable", "1"]


def _hit(record: Record, *also: Record) -> Hit:
    return Hit(
        record=record,
        passage=Passage(id="p", record_id=record.id, text=record.title),
        score=0.5,
        also=also,
    )


def _result(hits: Sequence[Hit], **fields: Any) -> SearchResult:
    return SearchResult(
        hits=tuple(hits), found=True, passages_searched=9, collections_searched=(), years=None, **fields
    )


def test_an_answer_counts_once_and_a_merged_copy_stands_for_its_other() -> None:
    question = GoldQuestion(id="q", text="?", record="a/1", also=("a/2", "a/3"))
    other, second, gold = make_record(id="a/9"), make_record(id="a/2"), make_record(id="a/1")
    hits = [_hit(other), _hit(second), _hit(second), _hit(make_record(id="b/7"), gold), _hit(gold)]
    assert find_gains(hits, question) == [0.0, 1.0, 0.0, 1.0, 0.0]
    outcome = judge(question, _result(hits), 1.0, in_index=True)
    assert (outcome.rank, outcome.any_rank) == (4, 2)


def test_failures_come_worst_first_with_their_reason(shelf_index: Index, outcomes: list[Outcome]) -> None:
    failed = find_failures(outcomes, 5)
    assert [outcome.question.id for outcome in failed] == ["5", "2"]
    reasons = [explain(shelf_index, outcome, 5) for outcome in failed]
    assert reasons[0].startswith("not in the index: deeds.xml was not read; ")
    assert reasons[1].startswith("found at rank 1, the first hit in no container where Box 1 is right")


def test_what_is_withheld_and_what_is_nowhere(tmp_path: Path, embedder: Embedder) -> None:
    closed = [
        replace(record, withheld_until="9999-12-31") if record.id == "ms1/3" else record
        for record in shelf_records()
    ]
    build_shelf(tmp_path, embedder, closed)
    index = Index(tmp_path / (tmp_path / "CURRENT").read_text().strip(), embedder)
    questions = [
        GoldQuestion(
            id="1", text="Ellen Marsh on the flood", file="marsh.xml", snippet="The flood at the mill"
        ),
        GoldQuestion(id="2", text="Ellen Marsh on the deed", file="marsh.xml", snippet="a deed of sale"),
        GoldQuestion(id="3", text="Ellen Marsh on the trains in 1894", abstain=True),
    ]
    withheld, nowhere, answered = (explain(index, o, 5) for o in ask_all(index, questions, 5))
    assert withheld.startswith("withheld from the public until 9999-12-31; ")
    assert nowhere.startswith("no record of the index holds the gold snippet; ")
    assert answered.startswith("answered, though nothing does; read as 1894 to 1894; ")


def test_a_gold_record_far_down_is_found_at_its_rank(shelf_index: Index) -> None:
    question = GoldQuestion(id="1", text="Taft typed letter", snippet="The orchard and the new bridge")
    [outcome] = ask_all(shelf_index, [question], 1)
    assert outcome.rank > 1
    assert explain(shelf_index, outcome, 1).startswith(f"found at rank {outcome.rank}; ")
