"""Stage 1: may these pairs be trained on, and was the exam kept out of them?"""

from __future__ import annotations

from collections.abc import Iterator

from train.evaluation.gate.facts import DataFacts
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding

_COUNTS = (
    ("unapproved", "Every pair is approved.", "{} not approved."),
    ("flagged", "No question of personal data, consent or licence is open.", "{} with an open question of "
     "personal data, consent or licence."),
    ("withdrawn", "No pair was withdrawn.", "{} withdrawn since: build a new version without."),
    ("duplicates", "No pair is there twice.", "{} there twice."),
)  # fmt: skip


def judge_data(facts: DataFacts, limits: Thresholds) -> Iterator[Finding]:
    """Findings on the dataset version."""
    if facts.whole is None:
        yield Finding("whole", "not enough evidence", "The dataset version was not checked yet.")
    elif facts.whole:
        yield Finding("whole", "pass", "The dataset version is as it was built.")
    else:
        yield Finding("whole", "fail", "The dataset version is not as it was built: build another.")
    for name, good, bad in _COUNTS:
        found: int = getattr(facts, name)
        count = f"{found} pair is" if found == 1 else f"{found} pairs are"
        yield Finding(name, "fail" if found else "pass", bad.format(count) if found else good)
    yield _judge_leaks(facts)
    if facts.pairs < limits.least_pairs:
        missing = limits.least_pairs - facts.pairs
        yield Finding(
            "pairs",
            "not enough evidence",
            f"Trained on {facts.pairs} pairs: below {limits.least_pairs} a run only tries things out. "
            f"{missing} more approved pairs are needed.",
        )
    else:
        yield Finding("pairs", "pass", f"Trained on {facts.pairs} pairs.")


def _judge_leaks(facts: DataFacts) -> Finding:
    if facts.leaked:
        what = "question is" if facts.leaked == 1 else "questions are"
        return Finding(
            "leaked", "fail", f"{facts.leaked} exam {what} among what was trained on: it is no exam."
        )
    if not facts.leaks_looked_for:
        return Finding("leaked", "not enough evidence", "Nobody looked yet whether the exam was trained on.")
    return Finding("leaked", "pass", "No exam question was trained on.")
