"""Whether a pair fits into a training sample."""

from __future__ import annotations

from collections.abc import Iterator

from retrieval.prompt import SYSTEM
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding
from train.pairs.pair import Evidence, Pair

_PER_MESSAGE = 8
"""Tokens that a chat template puts around one message, as `retrieval.prompt` counts them."""


def check_length(pair: Pair, context: Context) -> Iterator[Finding]:
    """Stop what is longer than a sample may be, and an empty question or answer."""
    for name, text in (("question", pair.question), ("answer", pair.answer)):
        if not text.strip():
            yield Finding(
                code="length",
                severity="stop",
                sentence=f"The {name} is empty. Write it, or set the pair aside.",
                field="question" if name == "question" else "answer",
            )
    passages = [context.count_tokens(_render(evidence)) for evidence in pair.evidence]
    turns = [context.count_tokens(turn.content) + _PER_MESSAGE for turn in pair.history]
    words = sum(context.count_tokens(text) + _PER_MESSAGE for text in (SYSTEM, pair.question, pair.answer))
    total = words + sum(passages) + sum(turns)
    if total > context.token_limit:
        yield _too_long(passages, sum(turns), total, context.token_limit)


def _render(evidence: Evidence) -> str:
    return "\n".join((f"[1] {evidence.heading}", " > ".join(evidence.breadcrumb), evidence.text))


def _too_long(passages: list[int], turns: int, total: int, limit: int) -> Finding:
    longest = max(range(len(passages)), key=passages.__getitem__, default=-1)
    if longest >= 0 and passages[longest] > turns:
        todo = f"Passage [{longest + 1}] alone has {passages[longest]}: choose a shorter part of it"
    elif turns:
        todo = f"The {turns} of the turns before the question can be taken out"
    else:
        todo = "Shorten the answer"
    return Finding(
        code="length",
        severity="stop",
        sentence=f"The pair is too long for training: {total} tokens (about {total * 3 // 4} words) where "
        f"{limit} may be. {todo}.",
        field="evidence" if longest >= 0 else "answer",
        item=longest,
    )
