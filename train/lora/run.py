"""A run from its folder's plan to its result, in one process; what it does is safe to kill at any time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.prompt import PROMPT_VERSION
from train.lora.base import BaseFolder, Reader, open_reader, read_base
from train.lora.checkpoints import best_folder, find_checkpoint, step_of
from train.lora.energy import EnergyMeter, read_gpu_watts
from train.lora.errors import TrainingFailed, TrainingPaused
from train.lora.events import Clock, EventLog, add_up_seconds, read_curves, read_events
from train.lora.files import (
    ADAPTER,
    CHECKPOINTS,
    EVENTS,
    MODEL,
    RESULT,
    folder_sha256,
    read_json,
    write_json,
)
from train.lora.fitting import describe_fit
from train.lora.hardware import (
    describe_hardware,
    find_device,
    list_versions,
    peak_gpu_memory,
    peak_memory,
)
from train.lora.lessons import Lesson
from train.lora.pausing import Pause
from train.lora.plan import Plan, read_plan
from train.lora.starting import Start, begin, digest_lessons, go_on

if TYPE_CHECKING:
    from train.lora.private import Privacy
    from train.lora.trainer import LessonTrainer

FORMAT = 1


def run(folder: Path, pause: Pause) -> None:
    """Train what the folder's plan asks for; nothing where that is done already.

    Raises TrainingRefused, TrainingFailed, and TrainingPaused where somebody asked for it.
    """
    if (folder / RESULT).is_file():
        return
    plan = read_plan(folder)
    log, clock = EventLog(folder / EVENTS), Clock()
    try:
        log.add("started", "The run begins.", {"seconds": 0.0, "cpu_seconds": 0.0})
        base = read_base(plan.base)
        reader = open_reader(plan.base)
        start = go_on(plan, folder, base)
        if start is None:
            device = find_device(base.context)
            start = begin(plan, folder, base, reader, device, log, pause)
        meter = EnergyMeter(start.recipe.country, folder)
        _learn(plan, folder, base, reader, start, log, clock, pause, meter)
    finally:
        log.close()


def _learn(
    plan: Plan,
    folder: Path,
    base: BaseFolder,
    reader: Reader,
    start: Start,
    log: EventLog,
    clock: Clock,
    pause: Pause,
    meter: EnergyMeter,
) -> None:
    import torch
    from transformers import set_seed

    from train.lora.model import attach, count_trained, load_base
    from train.lora.packing import pack
    from train.lora.private import plan_privacy
    from train.lora.replay import count_replay, make_replay
    from train.lora.trainer import LessonTrainer, count_steps
    from train.lora.watching import Watch, find_best, is_exhausted, read_losses

    recipe, kind = start.recipe, str(start.record["device"])
    torch.set_num_threads(recipe.threads)
    pause.check()
    model = load_base(base, recipe, kind)
    many = count_replay(len(start.train), recipe.replay)
    if many:
        log.add("message", f"Writing down the base's own answers to {many} general questions.")
    replay = make_replay(model, reader, recipe, many, folder, pause)
    lessons = [*start.train, *replay]
    set_seed(recipe.seed)  # before LoRA's matrices are drawn
    tuned = attach(model, base, recipe)
    root = folder / CHECKPOINTS
    held = pack(start.held, recipe.row_tokens)
    privacy = (
        plan_privacy(
            recipe.epsilon, recipe.clip, len(lessons), recipe.batch, count_steps(len(lessons), recipe), root
        )
        if recipe.epsilon
        else None
    )
    trainer = LessonTrainer(tuned, lessons, held, recipe, root, kind, privacy)
    tokens = sum(map(len, lessons))
    watch = Watch(trainer, base, recipe, log, pause, clock, tokens)
    trainer.add_callback(watch)
    checkpoint = find_checkpoint(root)
    history: Sequence[Mapping[str, Any]] = []
    if checkpoint is not None:
        history = read_json(checkpoint / "trainer_state.json")["log_history"]
        data = {"step": step_of(checkpoint)}
        log.add("resumed", f"Going on after step {step_of(checkpoint)}.", data)
    else:
        data = {"step": 0}
        log.add("resumed", "Training begins.", data) if (folder / EVENTS).stat().st_size else None
        if held:
            _tell_first(trainer, log, clock)
    pause.check()
    if not is_exhausted(read_losses(history), recipe.patience):
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        history = trainer.state.log_history
        step, steps = trainer.state.global_step, trainer.state.max_steps
    else:
        step = step_of(checkpoint) if checkpoint else 0
        steps = int(read_json(root / f"checkpoint-{step}" / "trainer_state.json")["max_steps"])
    losses = read_losses(history)
    early = is_exhausted(losses, recipe.patience) and step < steps
    if step < steps and not early:
        raise TrainingPaused("Paused, as it was asked to. Start it again, and it goes on.")
    best = find_best(losses)[0] if losses else step
    if not losses:
        watch.keep_weights(step)
    stopped = (
        f"The loss on the part held back did not fall for {recipe.patience} checks."
        if early
        else "All epochs are done."
    )
    figures = {
        "lessons": {
            **_count_lessons(start, replay),
            "sha256": digest_lessons(lessons),
        },
        "tokens": {
            "epoch": tokens,
            "answers": sum(len(one.answer) for one in lessons),
            "trained": round(tokens * recipe.epochs * step / steps),
        },
        "steps": {"planned": steps, "done": step, "kept": best},
        "stopped": stopped,
        "trained_parameters": count_trained(tuned),
        "privacy": _describe_privacy(privacy, step),
    }
    _finish(plan, folder, base, start, best, figures, log, clock, meter)


def _finish(
    plan: Plan,
    folder: Path,
    base: BaseFolder,
    start: Start,
    best: int,
    figures: Mapping[str, Any],
    log: EventLog,
    clock: Clock,
    meter: EnergyMeter,
) -> None:
    """Put the kept weights in their place, check them as they lie there, and write the result last."""
    from train.lora.model import check_moved

    recipe, root = start.recipe, folder / CHECKPOINTS
    made = folder / (MODEL if recipe.method == "full" else ADAPTER)
    kept = best_folder(root, best)
    if not kept.is_dir():
        raise TrainingFailed(f"The weights of step {best} are gone. Delete {CHECKPOINTS}, and start again.")
    draft = made.with_name(f"{made.name}.draft")
    for old in (draft, made):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(kept, draft)
    moved = check_moved(draft, recipe, base)
    draft.rename(made)
    log.add("message", "The weights have moved and are finite.", moved)
    events = read_events(folder / EVENTS)
    curves = read_curves(events)
    fit = describe_fit(curves)
    sessions = sum(event.type == "started" for event in events)
    before = add_up_seconds(events)
    latest = next((e.data for e in reversed(events) if isinstance(e.data.get("cpu_seconds"), float)), {})
    wall = round(before[0] - float(latest.get("seconds", 0.0)) + clock.wall, 3)
    cpu = round(before[1] - float(latest.get("cpu_seconds", 0.0)) + clock.cpu, 3)
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
    shutil.rmtree(root, ignore_errors=True)


_BAD = ("memorising", "nothing learnt")


def _tell_first(trainer: LessonTrainer, log: EventLog, clock: Clock) -> None:
    """The validation loss before anything is learnt, to hold later ones against."""
    from train.lora.loss import measure_loss

    loss = measure_loss(trainer.model, trainer.validation, trainer.args.device)  # type: ignore[arg-type]
    data = {"step": 0, "valid_loss": loss, "seconds": clock.wall, "cpu_seconds": clock.cpu}
    log.add("metrics", f"Before training: loss on the part held back {loss:.4f}.", data)


def _count_lessons(start: Start, replay: Sequence[Lesson]) -> dict[str, int]:
    return {
        "train": len(start.train),
        "held": len(start.held),
        "refusals": sum(one.part == "refusal" for one in start.train),
        "replay": len(replay),
    }


def _remark_privacy(privacy: Mapping[str, float] | None) -> list[str]:
    if not privacy:
        return []
    from train.lora.private import REMARK

    return [REMARK.format(epsilon=privacy["epsilon"], delta=privacy["delta"])]


def _describe_privacy(privacy: Privacy | None, steps: int) -> dict[str, float] | None:
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
