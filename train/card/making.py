"""A card of everything that is known of a version."""

from __future__ import annotations

from typing import Any

from train.card.card import Card, Subject
from train.card.findings import describe_decisions, describe_gate, describe_scores, list_scores
from train.card.limits import describe_limits, describe_use, list_languages
from train.card.origins import describe_again, describe_base, describe_cost, describe_data, describe_training

SECTIONS = (
    describe_use,
    describe_base,
    describe_data,
    describe_training,
    describe_scores,
    describe_gate,
    describe_decisions,
    describe_limits,
    describe_cost,
    describe_again,
)


def make_card(subject: Subject, licence: str = "") -> Card:
    """The card. `licence` is what the library gives the adapter's weights out under, "" for none stated."""
    return Card(
        f"Model card of {subject.version}",
        _make_front(subject, licence),
        tuple(describe(subject) for describe in SECTIONS),
    )


def _make_front(subject: Subject, licence: str) -> dict[str, Any]:
    """Facts for programs, under the hub's names; under `reading_room` what it has no name for."""
    lineage = subject.lineage
    front: dict[str, Any] = {
        "library_name": "peft",
        "pipeline_tag": "text-generation",
        "base_model": lineage.base.get("name", ""),
        "base_model_relation": "adapter",
        "license": licence,
        "language": list(list_languages(subject.sheet)),
        "tags": ["lora", "reading-room", "retrieval-augmented-generation"],
        "reading_room": _drop_empty(
            {
                "version": subject.version,
                "sha256": subject.sha256,
                "base_sha256": subject.base_sha256,
                "dataset": lineage.dataset,
                "dataset_sha256": lineage.dataset_sha256,
                "run": lineage.run,
                "gate": subject.gate.get("verdict", ""),
                "scores": list_scores(subject.report),
            }
        ),
    }
    return _drop_empty(front)


def _drop_empty(told: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if value}
