"""A run from its folder's plan to its result, in one process; what it does is safe to kill at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.lora.base import BaseFolder, Reader, open_reader, read_base
from train.lora.checkpoints import find_checkpoint, step_of
from train.lora.energy import EnergyMeter
from train.lora.errors import TrainingPaused
from train.lora.events import Clock, EventLog
from train.lora.files import (
    CHECKPOINTS,
    EVENTS,
    RESULT,
    read_json,
)
from train.lora.finishing import describe_privacy, finish
from train.lora.hardware import (
    find_device,
)
from train.lora.lessons import Lesson
from train.lora.pausing import Pause
from train.lora.plan import Plan, read_plan
from train.lora.starting import Start, begin, digest_lessons, go_on

if TYPE_CHECKING:
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
            device = find_device(base.context, base.hidden)
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

    from train.lora.loss import measure_loss
    from train.lora.model import attach, count_trained, load_base
    from train.lora.packing import pack
    from train.lora.private import plan_privacy
    from train.lora.replay import count_replay, make_replay
    from train.lora.trainer import LessonTrainer, count_steps
    from train.lora.watching import Watch, find_best, find_replay_loss, is_exhausted, read_losses

    recipe, kind = start.recipe, str(start.record["device"])
    torch.set_num_threads(recipe.threads)
    if kind == "cuda":
        torch.use_deterministic_algorithms(True, warn_only=True)
    pause.check()
    model = load_base(base, recipe, kind)
    many = count_replay(len(start.train), recipe.replay)
    if many:
        log.add("message", f"Writing down the base's own answers to {many} general questions.")
    replay = make_replay(model, reader, recipe, many, folder, pause)
    unlearnt = pack(replay.held, recipe.row_tokens)
    replay_before = measure_loss(model, unlearnt, model.device)
    lessons = [*start.train, *replay.learnt]
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
    trainer = LessonTrainer(tuned, lessons, held, unlearnt, recipe, root, kind, privacy)
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
            **_count_lessons(start, replay.learnt),
            "sha256": digest_lessons(lessons),
        },
        "tokens": {
            "epoch": tokens,
            "answers": sum(len(one.answer) for one in lessons),
            "trained": round(tokens * recipe.epochs * step / steps),
        },
        "steps": {"planned": steps, "done": step, "kept": best},
        "stopped": stopped,
        "replay_loss": {"before": replay_before, "after": find_replay_loss(history, best)},
        "trained_parameters": count_trained(tuned),
        "privacy": describe_privacy(privacy, step),
    }
    finish(folder, base, start, best, figures, log, clock, meter)


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
