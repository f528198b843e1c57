"""Questions with known answers over real files: recall, containers and refusals, ours beside the rivals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from retrieval.asked.followup import complete_question
from retrieval.embedding import Embedder
from retrieval.evaluation.asking import Outcome, score, score_by_kind
from retrieval.evaluation.asking import ask_all as ask_gold
from retrieval.evaluation.failures import explain, find_failures
from retrieval.evaluation.gold import GoldQuestion, read_gold
from retrieval.evaluation.gold_match import is_gold, names_container
from retrieval.evaluation.measures import estimate_share
from retrieval.evaluation.report import render_table, summarise
from tests.bench.retrieval_asking import OURS, Asked, ask_all, build_ours, gather_systems
from tests.bench.retrieval_corpus import Corpus

K = 5
_TOLD = (
    "recall_at_5", "recall_at_5_of_files_read", "mrr", "ndcg_10", "container_right", "container_right_all",
    "refusal_precision", "refusal_recall", "over_refusal",
)  # fmt: skip


def run_dev(
    corpus: Corpus, questions: Path, embedder: Embedder, cache: Path, rivals: Embedder | None
) -> dict[str, object]:
    """Keys of the table's first three rows; prints the kinds, the ten worst failures and the rivals."""
    gold = read_gold(questions).questions
    index = build_ours(corpus, cache / "dev", embedder)
    outcomes: list[Outcome] = list(ask_gold(index, gold, K))
    scores = score(outcomes, K)
    for line in render_table(scores, score_by_kind(outcomes, K)):
        print(line)
    print("\nworst failures")
    for outcome in find_failures(outcomes, K)[:10]:
        print(f"{outcome.question.id}  {outcome.question.text}\n      {explain(index, outcome, K)}")
    known = [question for question in gold if question.is_answerable]
    texts = [complete_question(question.text, question.earlier) for question in known]
    asked = ask_all(gather_systems(corpus, index, rivals, cache), texts)
    measured = {name: _measure(system, known, corpus) for name, system in asked.items()}
    print(f"\n{'system':<22} recall@5  container right  p50 ms  p95 ms")
    for name, (recall, container) in measured.items():
        latency = f"{asked[name].latency(0.5):7.1f} {asked[name].latency(0.95):7.1f}"
        print(f"{name:<22} {recall:8.3f} {container:16.3f} {latency}")
    told = {name: value for name, value in summarise(scores).items() if name in _TOLD}
    others = {name: recall for name, (recall, _) in measured.items() if name != OURS}
    if others:
        best = max(others, key=lambda name: others[name])
        told |= {"best_rival_recall_at_5": round(others[best], 4), "best_rival": best}
    return told


def _measure(asked: Asked, questions: list[GoldQuestion], corpus: Corpus) -> tuple[float, float]:
    """recall@5, and the share of folder questions whose first record is in the right container."""
    pairs = list(zip(questions, asked.found, strict=True))
    recall = [any(is_gold(corpus.records[place], q) for place in found[:K]) for q, found in pairs]
    return estimate_share(recall).value, estimate_share(list(_judge_containers(pairs, corpus))).value


def _judge_containers(pairs: list[tuple[GoldQuestion, list[int]]], corpus: Corpus) -> Iterator[bool]:
    for question, found in pairs:
        if question.container and "folder" in question.kind:
            top = corpus.records[found[0]].container if found else ""
            yield names_container(top, question.container)
