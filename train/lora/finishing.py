"""The end of a run: the best weights in their place, checked as they lie there, and the result written."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.prompt import PROMPT_VERSION
from train.lora.base import BaseFolder
from train.lora.checkpoints import best_folder
from train.lora.energy import EnergyMeter, read_gpu_watts
from train.lora.errors import TrainingFailed
from train.lora.events import Clock, EventLog, add_up_seconds, read_curves, read_events
from train.lora.files import ADAPTER, CHECKPOINTS, EVENTS, MODEL, RESULT, folder_sha256, write_json
from train.lora.fitting import Verdict, describe_fit
from train.lora.hardware import describe_hardware, list_versions, peak_gpu_memory, peak_memory
from train.lora.recipe import Recipe
from train.lora.starting import Start

if TYPE_CHECKING:
    from train.lora.private import Privacy

FORMAT = 1
_BAD: tuple[Verdict, ...] = ("memorising", "nothing learnt")


def finish(
    folder: Path,
    base: BaseFolder,
    start: Start,
    best: int,
    figures: Mapping[str, Any],
    log: EventLog,
    clock: Clock,
    meter: EnergyMeter,
) -> None:
    """Place the weights of step `best`, then write the result, last of all. Raises TrainingFailed."""
    recipe = start.recipe
    made = folder / (MODEL if recipe.method == "full" else ADAPTER)
    moved = _place(folder / CHECKPOINTS, best, made, base, recipe)
    spent = {"seconds": clock.wall, "cpu_seconds": clock.cpu}
    log.add("message", "The weights have moved and are finite.", {**moved, **spent})
    events = read_events(folder / EVENTS)
    curves = read_curves(events)
    fit = describe_fit(curves)
    sessions = sum(event.type == "started" for event in events)
    wall, cpu = add_up_seconds(events)
    gpu = wall if start.record["device"] == "cuda" else 0.0
    body = sum(into * out * many for into, out, many in base.matrices)
    passes = 6 if recipe.method == "full" else 4
    result = {
        "format": FORMAT,
        "kind": made.name,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "promotable": bool(start.record["promotable"]) and recipe.method != "full",
        "remarks": [
            *start.record["remarks"],
            *_remark_method(recipe.method),
            *_remark_privacy(figures["privacy"]),
        ],
        "files": folder_sha256(made),
        "base": {
            "name": base.path.name,
            "sha256": base.sha256,
            "tokenizer_sha256": base.tokenizer_sha256,
            "template_sha256": base.template_sha256,
            "parameters": base.weights,
        },
        "dataset": start.record["pairs"],
        "passages": start.record["passages"],
        "prompt_version": PROMPT_VERSION,
        "recipe": start.record["recipe"],
        "automatic": start.record["automatic"],
        "seeds": {"all": recipe.seed},
        **figures,
        "loss": {
            "train": curves.train,
            "valid": curves.valid,
            "verdict": fit.verdict,
            "sentence": fit.sentence,
        },
        "moved": moved,
        "seconds": {"wall": wall, "cpu": cpu, "gpu": gpu, "sessions": sessions},
        "peak_bytes": {"memory": peak_memory(), "gpu": peak_gpu_memory()},
        "energy": meter.read(cpu, gpu, read_gpu_watts()),
        "operations": float(passes * body * figures["tokens"]["trained"]),
        "hardware": describe_hardware(recipe.threads),
        "versions": list_versions(),
        "estimate": start.record["estimate"],
    }
    log.add("message", fit.sentence, {"verdict": fit.verdict}, "warn" if fit.verdict in _BAD else "info")
    write_json(folder / RESULT, result)
    log.add("done", f"Done. {figures['stopped']}", {"seconds": clock.wall, "cpu_seconds": clock.cpu})
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def _place(root: Path, best: int, made: Path, base: BaseFolder, recipe: Recipe) -> dict[str, float]:
    """Copy the kept weights to where they belong, whole or not at all; how far they have moved."""
    from train.lora.model import check_moved

    kept = best_folder(root, best)
    if not kept.is_dir():
        raise TrainingFailed(f"The weights of step {best} are gone. Delete {CHECKPOINTS}, and start again.")
    draft = made.with_name(f"{made.name}.draft")
    for old in (draft, made):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(kept, draft)
    moved = check_moved(draft, recipe, base)
    draft.rename(made)
    return moved


def _remark_privacy(privacy: Mapping[str, float] | None) -> list[str]:
    if not privacy:
        return []
    from train.lora.private import REMARK

    return [REMARK.format(epsilon=privacy["epsilon"], delta=privacy["delta"])]


def describe_privacy(privacy: Privacy | None, steps: int) -> dict[str, float] | None:
    if privacy is None:
        return None
    return {
        "epsilon": privacy.spend(steps),
        "delta": privacy.delta,
        "noise": privacy.noise,
        "clip": privacy.clip,
    }


def _remark_method(method: str) -> list[str]:
    if method == "full":
        return [
            "All of the base was trained: this is a new base. No engine loads it beside the one that runs; "
            "set "
            "it as the model and start the engine anew. Adapters of the old base do not fit it."
        ]
    return []
