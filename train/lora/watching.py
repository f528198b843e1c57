"""What is watched after each step: pausing, checks on the validation part, checkpoints, and the events."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from train.lora.base import BaseFolder
from train.lora.checkpoints import (
    best_folder,
    checkpoint_folder,
    draft_of,
    drop_other_bests,
    mark_complete,
)
from train.lora.events import Clock, EventLog
from train.lora.model import save_weights
from train.lora.pausing import Pause
from train.lora.recipe import Recipe
from train.lora.trainer import LessonTrainer

Losses = Sequence[tuple[int, float]]


@dataclass(slots=True)
class Watch(TrainerCallback):
    """One per process. Keeps nothing that a resumed run would need: that is in the Trainer's history."""

    trainer: LessonTrainer
    base: BaseFolder
    recipe: Recipe
    log: EventLog
    pause: Pause
    clock: Clock
    tokens: int
    """Of all lessons of an epoch."""
    saved: float = field(default_factory=time.monotonic)
    begun: tuple[float, int] = (0.0, 0)
    """When this process began its first step, and after which one."""

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        if not self.begun[0]:
            self.begun = (time.monotonic(), state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        last = state.global_step >= state.max_steps
        if self.trainer.validation and state.global_step in find_checks(state.max_steps, self.recipe):
            control.should_evaluate = True
            control.should_save = True
        if time.monotonic() - self.saved >= self.recipe.checkpoint_seconds:
            control.should_save = True
        if self.pause.asked and not last:
            control.should_save = True
            control.should_training_stop = True
        if last:
            control.should_save = True

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: object,
    ) -> None:
        told = logs or {}
        step, steps = state.global_step, state.max_steps
        data: dict[str, Any] = {
            "step": step,
            "steps": steps,
            "epoch": round(state.epoch or 0.0, 4),
            "seconds": self.clock.wall,
            "cpu_seconds": self.clock.cpu,
        }
        if "loss" in told:
            data |= {
                "train_loss": float(told["loss"]),
                "rate": float(told["learning_rate"]),
                "gradient": float(told.get("grad_norm", 0.0)),
            }
            self.log.add("metrics", f"Step {step} of {steps}: loss {told['loss']:.4f}.", data)
            self._tell_progress(step, steps, data)
        elif "eval_loss" in told:
            data["valid_loss"] = float(told["eval_loss"])
            said = f"Step {step} of {steps}: loss on the part held back {told['eval_loss']:.4f}."
            self.log.add("metrics", said, data)

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        losses = read_losses(state.log_history)
        if find_best(losses)[0] == state.global_step:
            self.keep_weights(state.global_step)
        if is_exhausted(losses, self.recipe.patience) and state.global_step < state.max_steps:
            control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        folder = checkpoint_folder(self.root, state.global_step)
        mark_complete(folder)
        self.saved = time.monotonic()
        losses = read_losses(state.log_history)
        if losses:
            drop_other_bests(self.root, find_best(losses)[0])
        data = {"step": state.global_step, "seconds": self.clock.wall, "cpu_seconds": self.clock.cpu}
        self.log.add("checkpoint", f"Checkpoint after step {state.global_step}.", data)

    def keep_weights(self, step: int) -> None:
        """Write the weights of a step where the best ones lie; whole, or not at all."""
        folder = best_folder(self.root, step)
        draft = draft_of(folder)
        save_weights(self.trainer.model, draft, self.base, self.recipe)  # type: ignore[arg-type]
        draft.rename(folder)

    @property
    def root(self) -> Path:
        """The folder of checkpoints."""
        return Path(str(self.trainer.args.output_dir))

    def _tell_progress(self, step: int, steps: int, data: Mapping[str, Any]) -> None:
        since, first = self.begun
        took = (time.monotonic() - since) / max(1, step - first)
        left = took * (steps - step)
        per_second = self.tokens * self.recipe.epochs / steps / took
        self.log.add(
            "progress",
            f"{100 * step // steps} % done, about {describe_seconds(left)} left.",
            {
                "step": step,
                "done": round(step / steps, 4),
                "seconds_left": round(left, 1),
                "tokens_per_second": round(per_second, 1),
                "seconds": data["seconds"],
                "cpu_seconds": data["cpu_seconds"],
            },
        )


def find_checks(steps: int, recipe: Recipe) -> frozenset[int]:
    """The steps after which the validation part is looked at; the last is one."""
    many = min(steps, recipe.epochs * recipe.checks)
    return frozenset(math.ceil(steps * number / many) for number in range(1, many + 1))


def read_losses(history: Sequence[Mapping[str, Any]]) -> list[tuple[int, float]]:
    """(step, loss) of every check so far, from the Trainer's own history."""
    return [(int(told["step"]), float(told["eval_loss"])) for told in history if "eval_loss" in told]


def find_replay_loss(history: Sequence[Mapping[str, Any]], step: int) -> float | None:
    """The loss of what the base itself says, with the weights of a step; None where it was not taken."""
    found = [told["eval_replay"] for told in history if told["step"] == step and "eval_replay" in told]
    return float(found[-1]) if found else None


def find_best(losses: Losses) -> tuple[int, float]:
    """The first of the lowest."""
    return min(losses, key=lambda one: (one[1], one[0]))


def is_exhausted(losses: Losses, patience: int) -> bool:
    """Whether the last `patience` checks all missed the lowest loss before them."""
    if not patience or len(losses) <= patience:
        return False
    lowest = min(loss for _, loss in losses[:-patience])
    return all(loss >= lowest for _, loss in losses[-patience:])


def describe_seconds(seconds: float) -> str:
    """A span for people: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
