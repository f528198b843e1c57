"""`reading-room evaluate retrieval`: search held against questions whose answers are known."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.backends.engine import SearchEngine
    from retrieval.evaluation.asking import Outcome, Scores
    from retrieval.evaluation.gold import GoldSet
    from retrieval.index import Index
    from retrieval.ranking.reranking import Reranker

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers, shared: Sequence[argparse.ArgumentParser]) -> Subparsers:
    """Add `evaluate`, and return where more of its kind can be added.

    `shared` bring the options that say which index, embedder, engine and cross-encoder.
    """
    group = subparsers.add_parser("evaluate", help="measure against questions whose answers are known")
    commands = group.add_subparsers(metavar="WHAT", required=True)
    retrieval = commands.add_parser(
        "retrieval", parents=shared, help="recall, ranking, refusals and latency of search"
    )
    retrieval.add_argument(
        "--questions", type=Path, required=True, metavar="FILE", help="one JSON object on each line"
    )
    retrieval.add_argument(
        "--k", type=_hits, default=5, metavar="N", help="hits that count for recall (default: %(default)s)"
    )
    retrieval.add_argument(
        "--failures", type=int, default=0, metavar="N", help="show the N worst failures, with the reason"
    )
    retrieval.add_argument("--json", action="store_true", help="print only one line of JSON")
    retrieval.set_defaults(run=run_retrieval)
    return commands


def run_retrieval(args: argparse.Namespace) -> int:
    """Ask every question and print the measures, last as one line of JSON. 0 when any could be asked."""
    from retrieval.engine_options import open_reranker, open_search_engine
    from retrieval.evaluation.gold import read_gold

    gold = read_gold(args.questions)
    for problem in gold.problems:
        print(f"left out  {problem}", file=sys.stderr)
    reranker = open_reranker(args.reranker)
    with open_search_engine(args.engine, args.engine_key) as engine:
        return _run(args, gold, _open(args, engine, reranker))


def _run(args: argparse.Namespace, gold: GoldSet, index: Index) -> int:
    from retrieval.evaluation.asking import ask_all, score, score_by_kind
    from retrieval.evaluation.failures import explain, find_failures

    index.search("letters and photographs of a family", top_k=1)  # loads what is loaded at the first search
    outcomes = list(ask_all(index, gold.questions, args.k))
    failures = [(o, explain(index, o, args.k)) for o in find_failures(outcomes, args.k)[: args.failures]]
    scores, by_kind = score(outcomes, args.k), score_by_kind(outcomes, args.k)
    if not args.json:
        _print_report(scores, by_kind, failures)
    print(json.dumps(_to_json(scores, by_kind, failures, left_out=len(gold.problems)), ensure_ascii=False))
    return 0


def _print_report(scores: Scores, by_kind: dict[str, Scores], failures: list[tuple[Outcome, str]]) -> None:
    from retrieval.evaluation.report import render_table

    for line in render_table(scores, by_kind):
        print(line)
    if failures:
        print("\nworst failures")
    for outcome, reason in failures:
        print(f"{outcome.question.id}  {outcome.question.text}\n      {reason}")


def _to_json(
    scores: Scores, by_kind: dict[str, Scores], failures: list[tuple[Outcome, str]], *, left_out: int
) -> dict[str, object]:
    from retrieval.evaluation.report import list_intervals, summarise

    told = summarise(scores) | {
        "left_out": left_out,
        "intervals": list_intervals(scores),
        "by_kind": {kind: summarise(found) for kind, found in by_kind.items()},
    }
    if failures:
        told["failures"] = [
            {"id": o.question.id, "kind": o.question.kind, "question": o.question.text, "reason": reason}
            for o, reason in failures
        ]
    return told


def _open(args: argparse.Namespace, engine: SearchEngine | None, reranker: Reranker | None) -> Index:
    from retrieval.library import Library
    from retrieval.store.index_embedder import load_index_embedder

    embedder = load_index_embedder(args.root, args.embedder)
    return Library(args.root, embedder, engine=engine, reranker=reranker).current()


def _hits(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"expected 1 to 100, found {text!r}")
    return int(text)
