"""Whether "not found" is said in the one sentence that the service knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.prompt import REFUSAL
from train.pairs.checks.context import Context
from train.pairs.checks.finding import Finding, shorten
from train.pairs.pair import Pair

_CITATION = re.compile(r"[\[【]\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*[\]】]")
_WRITE = f"Write exactly “{REFUSAL}”"


def check_refusal(pair: Pair, context: Context) -> Iterator[Finding]:
    """Stop a refusal in other words or with citations, and an answer that is really a refusal."""
    answer = pair.answer.strip()
    if pair.kind == "answer":
        if answer.startswith(REFUSAL):
            yield _stop(
                pair.answer,
                f"The answer is the sentence “{REFUSAL}” but the pair is kept as an answer. "
                "Choose “not in our collections”, or write the answer.",
            )
        return
    if answer == REFUSAL:
        return
    if cited := _CITATION.search(pair.answer):
        yield _stop(
            cited[0],
            f"A “not found” cites nothing, but this one has “{cited[0]}”. {_WRITE}, "
            "or make it an answer with its passages.",
            cited.start(),
        )
    else:
        yield _stop(
            pair.answer,
            f"A “not found” is always the same sentence, but this one reads “{shorten(answer)}”. {_WRITE}.",
        )


def _stop(words: str, message: str, start: int = 0) -> Finding:
    return Finding(
        code="refusal",
        severity="stop",
        sentence=message,
        field="answer",
        words=words,
        start=start,
        end=start + len(words),
    )
