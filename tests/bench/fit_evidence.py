"""Fit when there is enough to answer: python -m tests.bench.fit_evidence FILES QUESTIONS.jsonl --cache FOLDER

Asks the development questions and generated ones, with and without an answer, of an index of the
development files (built in the folder), fits the coefficients of `retrieval.ranking.evidence` by logistic regression, and prints them
with what they give when cross-validated in ten folds. Development questions weigh three times as much
as generated ones; questions made of two words of a text a third, since few are as poor.
"""

from __future__ import annotations

import argparse
from dataclasses import astuple, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from retrieval.asked.followup import complete_question
from retrieval.embedding import load_embedder
from retrieval.evaluation.gold import read_gold
from retrieval.index import Index
from retrieval.ranking.evidence import Evidence
from tests.bench.generated_questions import Scan, make_questions
from tests.bench.retrieval_asking import build_ours
from tests.bench.retrieval_corpus import Corpus, read_corpus

Floats = NDArray[np.float64]
WEIGHTS = {"development": 3.0, "words of a text": 0.3}
FOLDS = 10


def main() -> None:
    """Ask, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the generated questions")
    parser.add_argument("--count", type=int, default=60, help="generated questions of each kind")
    options = parser.parse_args()
    corpus = read_corpus([options.files])
    index = build_ours(corpus, options.cache / "dev", load_embedder())
    rows = ask_all(index, corpus, options.questions, options.seed, options.count)
    kinds = np.array([kind for kind, _, _ in rows])
    answered = np.array([right for _, right, _ in rows])
    values = np.array([astuple(evidence) for _, _, evidence in rows])
    weights = np.array([WEIGHTS.get(kind, 1.0) for kind in kinds])
    fitted = LogisticRegression(max_iter=500).fit(values, answered, sample_weight=weights)
    for field, weight in zip(fields(Evidence), fitted.coef_[0], strict=True):
        print(f"{field.name:<14} {weight:6.2f}")
    print(f"{'bias':<14} {fitted.intercept_[0]:6.2f}")
    likely = cross_validate(values, answered, weights)
    for threshold in (0.4, 0.5, 0.6):
        print(f"\nrefused at a threshold of {threshold}, cross-validated")
        for kind in sorted(set(kinds)):
            for right in (True, False):
                chosen = (kinds == kind) & (answered == right)
                if chosen.any():
                    told = "answerable" if right else "unanswerable"
                    print(
                        f"  {kind:<24} {told:<13} {np.mean(likely[chosen] < threshold):.3f} of {chosen.sum()}"
                    )


def ask_all(
    index: Index, corpus: Corpus, questions: Path, seed: int, count: int
) -> list[tuple[str, bool, Evidence]]:
    """Kind of each question, whether it has an answer, and the evidence found for it."""
    made = make_questions(Scan(corpus.records), seed, count)
    asked = [(one.kind, bool(one.right), one.text) for one in made]
    asked += [
        ("development", one.is_answerable, complete_question(one.text, one.earlier))
        for one in read_gold(questions).questions
    ]
    rows = []
    for kind, right, text in asked:
        evidence = index.search(text).evidence
        if evidence:
            rows.append((kind, right, evidence))
    return rows


def cross_validate(values: Floats, answered: NDArray[np.bool_], weights: Floats) -> Floats:
    """The likelihood of an answer for each row, fitted without the tenth that it is in."""
    folds = np.random.default_rng(0).integers(0, FOLDS, len(values))
    likely = np.zeros(len(values))
    for fold in range(FOLDS):
        rest, part = folds != fold, folds == fold
        fitted = LogisticRegression(max_iter=500).fit(
            values[rest], answered[rest], sample_weight=weights[rest]
        )
        likely[part] = fitted.predict_proba(values[part])[:, 1]
    return likely


if __name__ == "__main__":
    main()
