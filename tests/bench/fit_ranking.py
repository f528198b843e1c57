"""Fit the weights of the ranking: python -m tests.bench.fit_ranking FILES QUESTIONS.jsonl SCIFACT --cache FOLDER

A coordinate search from the weights in use over three kinds of questions at once, so that none of them
is fitted alone: the development questions, questions generated from other records of the same files,
and the training claims of SciFact. A step is taken only when it gains more than GAIN, since with this
few questions a smaller one is chance. Prints each step, and for the development questions how far the
gain rests on any single one (leave one out).
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from retrieval.asked.followup import complete_question
from retrieval.embedding import Embedder, load_embedder
from retrieval.evaluation.asking import holds_gold
from retrieval.evaluation.gold import GoldQuestion, read_gold
from retrieval.evaluation.measures import discounted_gain
from retrieval.index import Index
from retrieval.ranking.board import WEIGHTS, Weights
from tests.bench.generated_questions import MadeQuestion, Scan, make_questions
from tests.bench.retrieval_asking import build_ours
from tests.bench.retrieval_corpus import read_corpus, read_documents

GAIN = 0.0015
GRID = {
    "dense_specific": (0.2, 0.4), "dense_general": (0.4, 0.6), "date": (0.3, 0.6), "narrowness": (0.15, 0.5),
    "inherited": (0.3, 0.7), "lift": (0.0, 0.2, 0.3), "second": (0.0, 0.2), "collection": (0.5, 1.0),
    "person": (0.25, 0.6), "material": (0.05, 0.2), "place": (0.0, 0.2), "named_collection": (0.1, 0.35),
    "container": (0.3, 0.8), "all_fit": (0.1, 0.35), "words": (0.3, 0.8),
}  # fmt: skip


class Trial:
    """The three sets, ready to be asked with any weights."""

    def __init__(self, options: argparse.Namespace, embedder: Embedder) -> None:
        corpus = read_corpus([options.files])
        self.index = build_ours(corpus, options.cache / "dev", embedder)
        self.gold = [one for one in read_gold(options.questions).questions if one.is_answerable]
        made = make_questions(Scan(corpus.records), options.seed, options.count)
        self.made = [one for one in made if one.right]
        self.claims = read_claims(options.scifact, options.count * 4)
        self.papers = build_ours(
            read_documents(options.scifact / "corpus.jsonl"), options.cache / "scifact", embedder
        )

    def score(self, weights: Weights) -> dict[str, list[float]]:
        """Reciprocal ranks of the development questions and nDCG@10 of the others, by set and kind."""
        for index in (self.index, self.papers):
            index._searcher._weights = weights
        found = {"development": [find_rank(self.index, one) for one in self.gold]}
        by_kind: dict[str, list[float]] = defaultdict(list)
        for one in self.made:
            by_kind[one.kind].append(measure(self.index, one))
        found |= by_kind
        found["scifact"] = [measure(self.papers, one) for one in self.claims]
        return found


def main() -> None:
    """Search along each weight in turn and print what it gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("scifact", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=7, help="of the generated questions")
    parser.add_argument("--count", type=int, default=25, help="generated questions of each kind")
    trial = Trial(parser.parse_args(), load_embedder())
    best, scores = WEIGHTS, trial.score(WEIGHTS)
    start = scores
    print("at the start", tell(scores))
    for name, values in GRID.items():
        for value in values:
            tried = replace(best, **{name: value})
            other = trial.score(tried)
            gain = weigh(other) - weigh(scores)
            print(f"{name} {value}: {gain:+.4f}  {tell(other)}")
            if gain > GAIN:
                best, scores = tried, other
    print(best)
    print("at the end", tell(scores))
    gains = np.array(scores["development"]) - np.array(start["development"])
    without = [(gains.sum() - gain) / (len(gains) - 1) for gain in gains]
    print(f"gain on the development questions, one left out: {min(without):+.4f} to {max(without):+.4f}")


def weigh(scores: dict[str, list[float]]) -> float:
    """One number: development, generated and public questions count a third each."""
    means = {name: float(np.mean(values)) for name, values in scores.items() if values}
    made = [mean for name, mean in means.items() if name not in ("development", "scifact")]
    return (means["development"] + float(np.mean(made)) + means["scifact"]) / 3


def tell(scores: dict[str, list[float]]) -> str:
    """The means, in short."""
    return ", ".join(f"{name} {np.mean(values):.3f}" for name, values in scores.items())


def find_rank(index: Index, question: GoldQuestion) -> float:
    """1 / the rank of the gold record, 0 where it is not among ten."""
    hits = index.search(complete_question(question.text, question.earlier), top_k=10).hits
    ranks = [rank for rank, hit in enumerate(hits, start=1) if holds_gold(hit, question)]
    return 1 / ranks[0] if ranks else 0.0


def measure(index: Index, question: MadeQuestion) -> float:
    """nDCG@10 of a question whose answers are all known."""
    hits = index.search(question.text, top_k=10).hits
    gains = [float(any(record.id in question.right for record in (hit.record, *hit.also))) for hit in hits]
    return discounted_gain(gains, [1.0] * len(question.right), 10)


def read_claims(folder: Path, count: int) -> list[MadeQuestion]:
    """Some of the training claims of SciFact, those of the test are for reporting."""
    right: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels.train.jsonl").read_text("utf-8").splitlines():
        judged = json.loads(line)
        if float(judged["relevance"]) > 0:
            right[str(judged["query_id"])].add(str(judged["doc_id"]))
    lines = (folder / "queries.train.jsonl").read_text("utf-8").splitlines()
    claims = [query for query in map(json.loads, lines) if str(query["id"]) in right]
    return [
        MadeQuestion(kind="scifact", text=query["text"], right=frozenset(right[str(query["id"])]))
        for query in random.Random(5).sample(claims, min(count, len(claims)))
    ]


if __name__ == "__main__":
    main()
