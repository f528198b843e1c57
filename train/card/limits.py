"""The card's sections on use: what the adapter is for, and what is not known of it or known against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from train.card.card import NOT_KNOWN, Section, Subject, known
from train.card.findings import list_scores
from train.datasets.cautions import count_of
from train.lora.choosing import LEAST


def describe_use(subject: Subject) -> Section:
    """What it is, and for what."""
    return Section(
        "use",
        "What it is",
        (
            f"A LoRA adapter of rank {known(subject.rank)} on {', '.join(subject.targets) or NOT_KNOWN}, "
            f"kept by {known(subject.library)}. With its base it is meant to answer a question from numbered "
            "passages of a library's collections that the prompt shows, to cite them by number, and to say "
            "so when they do not answer.",
            "It is made for Reading Room's own prompts. It is no source about the collections: the records "
            "that it quotes are. It is not for answering without passages, nor for finding out about people.",
            f"The program wrote this card on {known(subject.as_of)} from what was kept; what was not kept is "
            "said to be not known.",
        ),
    )


def describe_limits(subject: Subject) -> Section:
    """What speaks against it, and what nobody has looked at."""
    return Section("limits", "Limits", tuple(_find_limits(subject)))


def list_languages(sheet: Mapping[str, Any]) -> tuple[str, ...]:
    """Languages of the pairs, the most frequent first, as the datasheet has them."""
    tables = [table for section in sheet.get("sections", ()) for table in section.get("tables", ())]
    rows = next((table["rows"] for table in tables if table.get("key") == "language"), ())
    return tuple(str(row["value"]) for row in rows)


def _find_limits(subject: Subject) -> Iterator[str]:
    lineage, scores = subject.lineage, list_scores(subject.report)
    if subject.withdrawn_since:
        yield (
            f"{count_of(subject.withdrawn_since, 'pair')} that it was trained on may not be used any more: "
            "withdrawn since. Train another version without, and take this one out of use."
        )
    if not lineage.is_known:
        yield "It was not trained by this program, so nothing of its data and training can be vouched for."
    if not scores:
        yield "No exam: nothing can be said of how often it is right, or refuses when it should."
    for name, why in (
        ("refusal_recall", "whether it says so when the passages do not answer"),
        ("grounded_correctness", "how often its answers rest on the passages"),
    ):
        if scores and name not in scores:
            yield f"The exam did not measure {why}."
    if not subject.gate:
        yield "No gate: whether it is better or worse than what is in use has not been judged."
    elif subject.gate.get("verdict") != "pass":
        yield "It has not passed the gate; the section on the gate says in which stage and why."
    if subject.dataset is not None and subject.dataset.counts["pairs"] < LEAST:
        yield f"It was trained on fewer than {LEAST} pairs: that is a trial of the machinery, not a use."
    if languages := list_languages(subject.sheet):
        yield (
            f"The pairs are in: {', '.join(languages)}. How it answers in another language was not looked at."
        )
    if lineage.recipe:
        if lineage.privacy:
            epsilon, delta = lineage.privacy.get("epsilon"), lineage.privacy.get("delta")
            yield (
                f"It was trained with differential privacy (epsilon {known(epsilon)}, delta {known(delta)}), "
                "which is experimental here: a bound on what can be learnt of one pair from it, and no "
                "promise that it answers rightly."
            )
        else:
            yield (
                "It was trained without differential privacy: parts of its training answers may be drawn "
                "out of it word for word."
            )
    if scores:
        yield (
            "The exam is a part of the same dataset, held out by source record: answers about other "
            "collections may be worse. Where an interval is wide, its figure says little."
        )
