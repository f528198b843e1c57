"""The beginning of a run, up to the point where everything it will learn is settled and written down."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from train.datasets.folder import read_manifest
from train.lora.base import BaseFolder, Reader
from train.lora.choosing import Device, choose_recipe
from train.lora.errors import TrainingRefused
from train.lora.estimate import Amount, Machine, fit_recipe, measure_amount
from train.lora.events import EventLog
from train.lora.files import CHECKPOINTS, STARTED, file_sha256, read_json, write_json, write_whole
from train.lora.hardware import free_disk, free_gpu_memory, free_memory, list_versions
from train.lora.lessons import Lesson
from train.lora.pausing import Pause
from train.lora.plan import Plan, digest_plan
from train.lora.preparing import Material, open_material, open_passages, part_material, prepare
from train.lora.recipe import Recipe
from train.lora.replay import count_replay
from train.lora.speed import measure_speed

LESSONS = "lessons.jsonl"
_TOLD_EVERY = 5.0
SAMPLE = 32
"""Pairs of which the lengths of all are estimated, where nothing is to be trained yet."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a run learns and how: `record` is what started.json has, the same until the run is done."""

    recipe: Recipe
    train: tuple[Lesson, ...]
    held: tuple[Lesson, ...]
    record: Mapping[str, Any]


def begin(
    plan: Plan, folder: Path, base: BaseFolder, reader: Reader, device: Device, log: EventLog, pause: Pause
) -> Start:
    """Check, part and word everything; say what it will take; write it down. Raises TrainingRefused."""
    dataset, pairs, remarks = open_material(plan, base)
    chosen = choose_recipe(len(pairs), device, plan.recipe)
    material = part_material(dataset, pairs, chosen.recipe, remarks)
    passages = open_passages(plan, pairs, chosen.recipe)
    told = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal told
        pause.check()
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            log.add("message", f"Putting pairs into prompts: {done} of {of}.")

    prepared = prepare(material, passages, reader, chosen.recipe, plan.instructions, tell)
    amount = _measure(prepared.train, prepared.held, chosen.recipe)
    speed = measure_speed(base, chosen.recipe, device.kind)
    recipe, expected = fit_recipe(
        base, chosen.recipe, chosen.automatic, amount, find_machine(device, folder), speed
    )
    log.add("estimate", expected.describe(), expected.as_json())
    said = (*material.remarks, *prepared.remarks, *expected.remarks)
    for remark in said:
        log.add("message", remark, level="warn")
    root = folder / CHECKPOINTS
    root.mkdir(exist_ok=True)
    write_whole(root / LESSONS, _render({"train": prepared.train, "held": prepared.held}))
    record = {
        **_identify(plan, base),
        "recipe": asdict(recipe),
        "automatic": sorted(chosen.automatic),
        "device": device.kind,
        "versions": list_versions(),
        "lessons": file_sha256(root / LESSONS),
        "passages": prepared.origin,
        "remarks": list(said),
        "promotable": material.promotable,
        "estimate": expected.as_json(),
        "pairs": _describe_pairs(material),
    }
    write_json(folder / STARTED, record)
    return Start(recipe, prepared.train, prepared.held, read_json(folder / STARTED))


def go_on(plan: Plan, folder: Path, base: BaseFolder) -> Start | None:
    """What an earlier process began; None where there is nothing. Raises TrainingRefused where it is of
    another plan, dataset, base or program: the result would be of neither."""
    try:
        record = read_json(folder / STARTED)
    except (OSError, ValueError):
        return None
    for key, found in {**_identify(plan, base), "versions": list_versions()}.items():
        if record.get(key) != found:
            raise TrainingRefused(
                f"This run was begun with another {key}: expected {ascii(record.get(key))[:80]}, found "
                f"{ascii(found)[:80]}. Put it back, or start a new run in another folder."
            )
    lessons = folder / CHECKPOINTS / LESSONS
    if not lessons.is_file() or file_sha256(lessons) != record["lessons"]:
        raise TrainingRefused("What this run had begun with was changed. Start a new run in another folder.")
    parts = _parse(lessons.read_bytes())
    return Start(Recipe(**record["recipe"]), parts["train"], parts["held"], record)


def estimate_run(
    plan: Plan, folder: Path, base: BaseFolder, reader: Reader, device: Device
) -> dict[str, Any]:
    """What a run would take, from a sample of its pairs; nothing is trained and nothing written.

    Raises TrainingRefused for what the run would be refused for, as far as that can be seen so soon.
    """
    dataset, pairs, remarks = open_material(plan, base)
    chosen = choose_recipe(len(pairs), device, plan.recipe)
    material = part_material(dataset, pairs, chosen.recipe, remarks)
    step = max(1, len(material.train) // SAMPLE)
    sample = Material(dataset, material.train[::step], material.held[: SAMPLE // 4], (), material.promotable)
    prepared = prepare(
        sample, open_passages(plan, pairs, chosen.recipe), reader, chosen.recipe, plan.instructions
    )
    part = _measure(prepared.train, prepared.held, chosen.recipe)
    share = len(material.train) / max(1, len(prepared.train))
    held = len(material.held) / max(1, len(prepared.held))
    amount = Amount(
        lessons=len(material.train) + count_replay(len(material.train), chosen.recipe.replay),
        tokens=round(part.tokens * share),
        answer_tokens=round(part.answer_tokens * share),
        longest=part.longest,
        held_tokens=round(part.held_tokens * held),
    )
    speed = measure_speed(base, chosen.recipe, device.kind)
    recipe, expected = fit_recipe(
        base, chosen.recipe, chosen.automatic, amount, find_machine(device, folder), speed
    )
    return {
        "sentence": expected.describe(),
        **expected.as_json(),
        "recipe": asdict(recipe),
        "automatic": sorted(chosen.automatic),
        "pairs": _describe_pairs(material),
        "promotable": material.promotable,
        "remarks": [*material.remarks, *expected.remarks],
    }


def find_machine(device: Device, folder: Path) -> Machine:
    """What is free on the machine now."""
    free, total = free_gpu_memory() if device.kind == "cuda" else (free_memory(), 0)
    return Machine(device.kind, free, free_disk(folder), total)


def _measure(train: Sequence[Lesson], held: Sequence[Lesson], recipe: Recipe) -> Amount:
    return measure_amount(
        [(len(one), len(one.answer)) for one in train],
        [(len(one), len(one.answer)) for one in held],
        count_replay(len(train), recipe.replay),
    )


def _identify(plan: Plan, base: BaseFolder) -> dict[str, str]:
    return {
        "plan": digest_plan(plan),
        "dataset": read_manifest(plan.dataset).sha256,
        "base": base.sha256,
        "tokenizer": base.tokenizer_sha256,
        "template": base.template_sha256,
    }


def _describe_pairs(material: Material) -> dict[str, Any]:
    every = (*material.train, *material.held)
    return {
        "version": str(material.dataset.manifest.version),
        "sha256": material.dataset.manifest.sha256,
        "train": len(material.train),
        "held": len(material.held),
        "refusals": sum(pair.kind == "refusal" for pair in every),
        "contributors": sorted({pair.contributor for pair in every if pair.contributor}),
    }


def _render(parts: Mapping[str, Sequence[Lesson]]) -> bytes:
    lines = [
        json.dumps({"of": part, **asdict(lesson)}, ensure_ascii=False)
        for part, lessons in parts.items()
        for lesson in lessons
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _parse(data: bytes) -> dict[str, tuple[Lesson, ...]]:
    parts: dict[str, list[Lesson]] = {"train": [], "held": []}
    for line in data.splitlines():
        told = json.loads(line)
        lesson = Lesson(told["id"], told["part"], tuple(told["prompt"]), tuple(told["answer"]))
        parts[told["of"]].append(lesson)
    return {part: tuple(lessons) for part, lessons in parts.items()}


def digest_lessons(lessons: Sequence[Lesson]) -> str:
    """SHA-256 of lessons, for the run's record."""
    return hashlib.sha256(_render({"train": lessons})).hexdigest()
