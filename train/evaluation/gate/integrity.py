"""Stage 0: is it whole, does it fit this server, does it do on the engine what it did in training?"""

from __future__ import annotations

from collections.abc import Iterator

from train.evaluation.gate.facts import IntegrityFacts
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Finding

_CHECKS = (
    (
        "safetensors_only",
        "The weights are in the safe format.",
        "The weights are in a format that can run code.",
    ),
    ("digests_match", "Every file is as training left it.", "A file is not as training left it."),
    (
        "base_matches",
        "It was trained on the model that is in service.",
        "It was trained on another model than the one in service: train again on this one.",
    ),
    (
        "template_matches",
        "It was trained with the prompts that are in service.",
        "Tokenizer or chat template are not those in service: train again.",
    ),
    ("weights_finite", "Every weight is a number.", "Some weights are no numbers: the training broke down."),
    ("weights_changed", "The training changed the model.", "The training changed nothing."),
    ("loaded", "The engine loads it.", "The engine does not load it."),
)


def judge_integrity(facts: IntegrityFacts, limits: Thresholds) -> Iterator[Finding]:
    """Findings on the adapter's files; nothing here is a matter of degree."""
    for name, good, bad in _CHECKS:
        found: bool | None = getattr(facts, name)
        if found is None:
            yield Finding(name, "not enough evidence", f"Not looked at yet: {good[0].lower()}{good[1:-1]}?")
        else:
            yield Finding(name, "pass" if found else "fail", good if found else bad)
    yield _judge_rank(facts.rank, limits.most_rank)
    if facts.forbidden:
        yield Finding(
            "forbidden", "fail", f"The engine cannot use these settings: {', '.join(facts.forbidden)}."
        )
    yield _judge_prompts(facts.prompts_asked, facts.prompts_alike)


def _judge_rank(rank: int | None, most: int) -> Finding:
    if rank is None:
        return Finding("rank", "not enough evidence", "Its rank was not looked at yet.")
    if rank > most:
        return Finding("rank", "fail", f"Its rank is {rank}; the engine takes {most} at most.")
    return Finding("rank", "pass", f"Its rank is {rank}; the engine takes up to {most}.")


def _judge_prompts(asked: int, alike: int) -> Finding:
    if not asked:
        return Finding(
            "prompts", "not enough evidence", "The engine has not been asked anything with it yet."
        )
    if alike < asked:
        return Finding(
            "prompts", "fail", f"{asked - alike} of {asked} answers on the engine are not those of training."
        )
    return Finding("prompts", "pass", f"All {asked} test answers on the engine are those of training.")
