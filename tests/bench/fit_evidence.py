"""Fit when there is enough to answer, over several libraries:

    python -m tests.bench.fit_evidence dev=FILES:QUESTIONS.jsonl other=FILES:QUESTIONS.jsonl --cache FOLDER

Asks each library its own questions, those of the others, which it holds nothing on, and questions
generated from its records, with and without an answer. Fits the coefficients of
`retrieval.ranking.evidence` by regularised logistic regression and prints them, with what they give
when each library is judged by what was fitted on the others: the threshold is where OVER of the
answerable questions that people asked, over all libraries, are refused. Questions that people asked
weigh most; those made of two words of a text little, since few are as poor.
"""

from __future__ import annotations

import argparse
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from retrieval.asked.followup import complete_question
from retrieval.embedding import Embedder, load_embedder
from retrieval.evaluation.gold import GoldQuestion, read_gold
from retrieval.ranking.evidence import Evidence
from tests.bench.generated_questions import Scan, make_questions
from tests.bench.retrieval_asking import build_ours
from tests.bench.retrieval_corpus import read_corpus

Floats = NDArray[np.float64]
ASKED, ELSEWHERE = "asked", "of another library"
WEIGHTS = {ASKED: 3.0, ELSEWHERE: 0.3}
REST = 0.5
OVER = 0.065
REGULARISED = 0.1
"""The less, the smaller the coefficients."""


@dataclass(frozen=True, slots=True)
class Library:
    """Files to search, and questions that people asked of them."""

    name: str
    files: Path
    questions: list[GoldQuestion]


@dataclass(frozen=True, slots=True)
class Row:
    """One question asked of one library."""

    library: str
    kind: str
    answerable: bool
    evidence: Evidence


def main() -> None:
    """Ask, fit, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("libraries", nargs="+", help="NAME=FILES:QUESTIONS, two or more")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1, help="of the generated questions")
    parser.add_argument("--count", type=int, default=25, help="generated questions of each kind")
    options = parser.parse_args()
    libraries = [read_library(one) for one in options.libraries]
    if len(libraries) < 2:
        parser.error("expected two libraries or more: each is judged by what was fitted on the others")
    embedder = load_embedder()
    rows = [
        row
        for library in libraries
        for row in ask_all(library, libraries, embedder, options.cache, options.seed, options.count)
    ]
    values = np.array([astuple(row.evidence) for row in rows])
    fitted = fit(rows, values)
    for field, weight in zip(fields(Evidence), fitted.coef_[0], strict=True):
        print(f"{field.name:<14} {weight:6.2f}")
    print(f"{'bias':<14} {fitted.intercept_[0]:6.2f}")
    tell(rows, judge_by_others(rows, values))


def read_library(told: str) -> Library:
    """NAME=FILES:QUESTIONS."""
    name, _, paths = told.partition("=")
    files, _, questions = paths.rpartition(":")
    return Library(name, Path(files), list(read_gold(Path(questions)).questions))


def ask_all(
    library: Library, libraries: list[Library], embedder: Embedder, cache: Path, seed: int, count: int
) -> list[Row]:
    """A library's own questions, those of the others that name something, and generated ones."""
    corpus = read_corpus([library.files])
    index = build_ours(corpus, cache / library.name, embedder)
    asked = [(ASKED, one.is_answerable, one) for one in library.questions]
    asked += [
        (ELSEWHERE, False, one)
        for other in libraries
        for one in other.questions
        if other is not library and one.is_answerable and one.kind != "vague" and not one.earlier
    ]
    texts = [(kind, right, complete_question(one.text, one.earlier)) for kind, right, one in asked]
    made = make_questions(Scan(corpus.records), seed, count)
    texts += [(one.kind, bool(one.right), one.text) for one in made]
    found = [(kind, right, index.search(text).evidence) for kind, right, text in texts]
    return [Row(library.name, kind, right, evidence) for kind, right, evidence in found if evidence]


def fit(rows: list[Row], values: Floats) -> LogisticRegression:
    """Logistic regression over the rows, by the weight of their kind."""
    weights = [WEIGHTS.get(row.kind, REST) for row in rows]
    model = LogisticRegression(C=REGULARISED, max_iter=3000)
    return model.fit(values, [row.answerable for row in rows], sample_weight=weights)


def judge_by_others(rows: list[Row], values: Floats) -> Floats:
    """The likelihood of an answer for each row, fitted on the other libraries."""
    likely = np.zeros(len(rows))
    owners = np.array([row.library for row in rows])
    for name in sorted(set(owners)):
        rest = owners != name
        fitted = fit([row for row in rows if row.library != name], values[rest])
        likely[~rest] = fitted.predict_proba(values[~rest])[:, 1]
    return likely


def tell(rows: list[Row], likely: Floats) -> None:
    """The threshold, what it refuses by library and kind, and how well the likelihood is calibrated."""
    asked = np.array([row.kind == ASKED for row in rows])
    right = np.array([row.answerable for row in rows])
    threshold = float(np.quantile(likely[asked & right], OVER))
    print(f"\nthreshold {threshold:.2f}, each library judged by the others")
    for library, kind in sorted({(row.library, row.kind) for row in rows}):
        chosen = np.array([row.library == library and row.kind == kind for row in rows])
        for told, some in (("answerable", chosen & right), ("unanswerable", chosen & ~right)):
            if some.any():
                refused = np.mean(likely[some] < threshold)
                print(f"  {library:<10} {kind:<24} {told:<13} refused {refused:.3f} of {some.sum()}")
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        some = asked & (likely >= low) & (likely < low + 0.2 + (low == 0.8))
        if some.any():
            print(
                f"likely {low:.1f} to {low + 0.2:.1f}: {np.mean(right[some]):.2f} answerable of {some.sum()}"
            )


if __name__ == "__main__":
    main()
