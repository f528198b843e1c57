"""The scores of an evaluation as a table for people and as values for programs."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.evaluation.asking import DEPTH, Scores
from retrieval.evaluation.measures import Estimate


def summarise(scores: Scores) -> dict[str, object]:
    """Rounded values by name; a measure that no question bears on is None."""
    measures: dict[str, object] = {name: _value(estimate) for name, estimate in _name(scores).items()}
    return measures | {
        "p50_ms": round(scores.latency[0], 2),
        "p95_ms": round(scores.latency[1], 2),
        "questions": scores.questions,
        "answerable": scores.answerable,
    }


def list_intervals(scores: Scores) -> dict[str, list[float]]:
    """The 95 % interval of every measure that some question bears on."""
    return {
        name: [round(estimate.low, 4), round(estimate.high, 4)]
        for name, estimate in _name(scores).items()
        if estimate.count
    }


def render_table(scores: Scores, by_kind: dict[str, Scores]) -> Iterator[str]:
    """Lines: every measure with its interval and how many questions it is over, then one line per kind."""
    for name, estimate in _name(scores).items():
        if estimate.count:
            interval = f"{estimate.low:.3f} to {estimate.high:.3f}"
            yield f"{name:<24} {estimate.value:.3f}   {interval}   over {estimate.count}"
    yield f"{'latency':<24} p50 {scores.latency[0]:.1f} ms, p95 {scores.latency[1]:.1f} ms"
    yield ""
    cut = f"recall@{scores.k}"
    yield (
        f"{'kind':<24} {'asked':>5} {cut:>9} {'95 %':>14} {'MRR':>6} {'nDCG@' + str(DEPTH):>8} "
        f"{'container':>9} {'refused':>8} {'p50 ms':>7}"
    )
    for kind, found in by_kind.items():
        yield _render_kind(kind, found)


def _render_kind(kind: str, found: Scores) -> str:
    recall = found.recall[found.k]
    interval = f"{recall.low:.2f} to {recall.high:.2f}" if recall.count else "-"
    refused = found.over_refusal if found.answerable else found.refusal_recall
    figures = [
        f"{_show(recall):>9}", f"{interval:>14}", f"{_show(found.mrr):>6}", f"{_show(found.ndcg):>8}",
        f"{_show(found.container_right_all):>9}", f"{_show(refused):>8}", f"{found.latency[0]:>7.1f}",
    ]  # fmt: skip
    return f"{kind[:24]:<24} {found.questions:>5} {' '.join(figures)}"


def _name(scores: Scores) -> dict[str, Estimate]:
    recalls = {f"recall_at_{cut}": estimate for cut, estimate in scores.recall.items()}
    return recalls | {
        f"recall_at_{scores.k}_of_files_read": scores.recall_of_files_read,
        f"any_answer_at_{scores.k}": scores.any_answer,
        "mrr": scores.mrr,
        f"ndcg_{DEPTH}": scores.ndcg,
        "container_right": scores.container_right,
        "container_right_all": scores.container_right_all,
        "refusal_precision": scores.refusal_precision,
        "refusal_recall": scores.refusal_recall,
        "over_refusal": scores.over_refusal,
    }


def _value(estimate: Estimate) -> float | None:
    return round(estimate.value, 4) if estimate.count else None


def _show(estimate: Estimate) -> str:
    return f"{estimate.value:.2f}" if estimate.count else "-"
