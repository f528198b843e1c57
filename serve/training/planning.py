"""What a run is to do: the recipe that was asked for, in the prompts that this service sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serve.errors import Conflict
from serve.instructions.book import Book
from serve.settings import Settings
from serve.training.administration import Training, find_base
from train.lora.plan import Plan

_CHOSEN_RANK = 16
"""The highest rank that is ever chosen."""


def make_plan(
    dataset: str, adapter: str, asked: Mapping[str, Any], settings: Settings, training: Training
) -> Plan:
    """The plan of a run. Raises NotFound, Conflict where the base is not on this machine."""
    base = find_base(settings)
    if base is None or base.path is None:
        raise Conflict(f"Expected the base model on this machine, found none. {base.problem if base else ''}")
    served: dict[str, Any] = {"passages": settings.top_k}
    if settings.engine_context:
        served["context"] = settings.engine_context
    context = int(asked.get("context") or settings.engine_context or base.context)
    if context:
        served["answer_tokens"] = min(settings.answer_tokens, context // 2)
    if settings.adapter_rank < _CHOSEN_RANK:
        served["rank"] = settings.adapter_rank
    standing = Book(training.database).read_in_force().choose("", (adapter, "default"))
    return Plan(
        base=base.path,
        dataset=training.datasets.store.find(dataset).resolve(),
        index=settings.index_root.resolve() if (settings.index_root / "CURRENT").exists() else None,
        embedder=settings.embedder,
        instructions=standing.text,
        recipe={**served, **asked},
    )
