"""From lessons to a tuned model on disk, and to the form in which an index uses it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from retrieval.embedding import DEFAULT_NAME, digest_model, find_model
from retrieval.embedding.onnx_cache import open_or_export
from retrieval.embedding.onnx_embedder import OnnxEmbedder, write_card
from retrieval.errors import EmbedderError
from train.embedding.lesson import Lesson
from train.embedding.network import open_network
from train.embedding.recipe import Recipe
from train.embedding.tuning import Tuner
from train.lora.errors import TrainingRefused
from train.lora.events import Clock, EventLog
from train.lora.files import ADAPTER, CHECKPOINTS, MODEL, read_json, write_json

LEARNED, EXPORT = "learned.json", "export"
_VALIDATED = 100
"""Lessons from which on every tenth group of them is only looked at."""


def learn(
    folder: Path,
    name: str,
    lessons: Sequence[Lesson],
    recipe: Recipe,
    events: EventLog,
    clock: Clock,
    is_stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Tune the model called `name` ("" for the default) into `folder`, and give what `learned.json` says.

    Raises TrainingRefused, TrainingFailed and TrainingPaused.
    """
    note = folder / LEARNED
    if note.exists():
        return read_json(note)
    name = name or DEFAULT_NAME
    try:
        source = find_model(name)
        base = digest_model(source, name)
    except EmbedderError as problem:
        raise TrainingRefused(str(problem)) from problem
    network = open_network(source, Path(name).name, recipe)
    train, valid = part_lessons(lessons)
    tuner = Tuner(network, train, valid, recipe, folder / CHECKPOINTS, events, clock)
    learned = tuner.run(is_stopped)
    if len(learned.valid) == 2 and learned.valid[1] > learned.valid[0]:
        told = "The loss on lessons held back rose: it learns by heart, or they contradict each other."
        events.add("message", told, level="warn")
    draft = folder / f".{MODEL}.draft"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    network.save(draft)
    for made in (ADAPTER, MODEL):
        if (draft / made).exists():
            shutil.rmtree(folder / made, ignore_errors=True)
            (draft / made).rename(folder / made)
    draft.rmdir()
    summary = {
        **asdict(learned),
        "base_sha256": base,
        "method": network.method,
        "weights": network.count(),
        "validated": len(valid),
    }
    write_json(note, summary)
    return summary


def export(folder: Path, name: str, events: EventLog) -> OnnxEmbedder:
    """The tuned model in `folder` as an index uses it, called by what it is and not by where it lies.

    Raises EmbedderError.
    """
    model = folder / MODEL
    exported = open_or_export(str(model), digest_model(model, str(model)), [folder / EXPORT])
    called = f"{Path(name).name or DEFAULT_NAME} tuned {exported.card.weights[:8]}"
    if exported.card.name != called:
        write_card(find_export(folder), replace(exported.card, name=called))
        exported = open_or_export(str(model), exported.card.weights, [folder / EXPORT])
    precision, cosine = exported.card.precision, exported.card.mean_cosine
    events.add("message", f"Exported in {precision}, cosine to the tuned model {cosine:.4f}.")
    return exported


def find_export(folder: Path) -> Path:
    """Where in a run's folder the exported model lies. Raises FileNotFoundError where there is none."""
    card = next(iter(sorted((folder / EXPORT).glob("*/card.json"))), None)
    if card is None:
        raise FileNotFoundError(f"{folder.name}: expected an exported model, found none")
    return card.parent


def part_lessons(lessons: Sequence[Lesson]) -> tuple[list[Lesson], list[Lesson]]:
    """Lessons to learn and lessons to look at, by a hash of the group."""
    if len(lessons) < _VALIDATED:
        return list(lessons), []
    sides: tuple[list[Lesson], list[Lesson]] = ([], [])
    for lesson in lessons:
        held = int(hashlib.sha256(f"validation {lesson.group}".encode()).hexdigest(), 16) % 10 == 0
        sides[held].append(lesson)
    return sides
