"""The learning itself: batches through the loss, with a checkpoint to go on from after every so many steps.

The loss is sentence-transformers' MultipleNegativesRankingLoss (Henderson et al. 2017). Each step draws its
dropout from the seed and its own number, and the order of lessons from the seed and the epoch: so a run that
was stopped or killed goes on with the very weights that it would have had, on the same machine.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from train.embedding.batches import make_batches
from train.embedding.lesson import Lesson
from train.embedding.network import Network
from train.embedding.recipe import Recipe
from train.lora.errors import TrainingFailed, TrainingPaused
from train.lora.events import Clock, EventLog
from train.lora.files import write_whole

if TYPE_CHECKING:
    pass

CHECKPOINT = "last.pt"
_STEP_SEEDS = 1_000_003


@dataclass(slots=True)
class Learned:
    """How it went: mean loss of each step, of the validation lessons before and after, steps, tokens."""

    steps: int = 0
    tokens: int = 0
    losses: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)


class Tuner:
    """Tunes one network on lessons; `valid` are lessons that are only looked at."""

    def __init__(
        self,
        network: Network,
        train: Sequence[Lesson],
        valid: Sequence[Lesson],
        recipe: Recipe,
        folder: Path,
        events: EventLog,
        clock: Clock,
    ) -> None:
        import torch
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

        self._network = network
        self._train, self._valid = train, valid
        self._recipe = recipe
        self._folder = folder
        self._events = events
        self._clock = clock
        self._loss = MultipleNegativesRankingLoss(network.model, scale=recipe.scale)
        self._optimizer = torch.optim.AdamW(
            list(network.weights.values()), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self._batches = [
            (epoch, batch)
            for epoch in range(recipe.epochs)
            for batch in make_batches(train, recipe.batch, recipe.seed, epoch)
        ]

    def run(self, is_stopped: Callable[[], bool]) -> Learned:
        """Take all steps, going on from the checkpoint where there is one.

        Raises TrainingPaused when stopped, after a checkpoint; TrainingFailed where the loss is no number.
        """
        learned = self._resume()
        begun, first, total = self._clock.wall, learned.steps, len(self._batches)
        if not learned.steps:
            self._validate(learned)
        while learned.steps < total:
            if is_stopped():
                self._keep(learned)
                raise TrainingPaused(f"Stopped after step {learned.steps} of {total}.")
            self._step(learned)
            if learned.steps % self._recipe.checkpoint_every == 0:
                self._keep(learned)
            left = (self._clock.wall - begun) / (learned.steps - first) * (total - learned.steps)
            told = {
                "done": learned.steps / total,
                "seconds_left": round(left, 1),
                "step": learned.steps,
                "steps": total,
                "seconds": self._clock.wall,
                "cpu_seconds": self._clock.cpu,
            }
            self._events.add("progress", f"Step {learned.steps} of {total}.", told)
        if len(learned.valid) < 2:
            self._validate(learned)
        return learned

    def _step(self, learned: Learned) -> None:
        import torch

        epoch, places = self._batches[learned.steps]
        torch.manual_seed(self._recipe.seed * _STEP_SEEDS + learned.steps)
        rate = self._rate(learned.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._network.model.train()
        self._optimizer.zero_grad()
        columns, tokens = self._prepare([self._train[place] for place in places])
        loss = self._loss(columns, None)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingFailed(
                f"Step {learned.steps + 1}: expected a loss, found {value}. Lower the learning_rate."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(list(self._network.weights.values()), self._recipe.clip)
        self._optimizer.step()
        learned.steps += 1
        learned.tokens += tokens
        learned.losses.append(value)
        told = {"step": learned.steps, "steps": len(self._batches), "epoch": epoch, "train_loss": value}
        self._events.add("metrics", f"Step {learned.steps}: loss {value:.4f}.", {**told, "rate": rate})

    def _validate(self, learned: Learned) -> None:
        """Note the loss of the validation lessons, in the same batches each time."""
        import torch

        batches = make_batches(self._valid, self._recipe.batch, self._recipe.seed, 0) if self._valid else []
        if not batches:
            return
        self._network.model.eval()
        total = count = 0.0
        with torch.no_grad():
            for batch in batches:
                columns, _ = self._prepare([self._valid[place] for place in batch])
                total += float(self._loss(columns, None)) * len(batch)
                count += len(batch)
        loss = total / count
        learned.valid.append(loss)
        told = {"step": learned.steps, "steps": len(self._batches), "valid_loss": loss}
        self._events.add("metrics", f"After step {learned.steps}: validation loss {loss:.4f}.", told)

    def _prepare(self, lessons: Sequence[Lesson]) -> tuple[list[dict[str, Any]], int]:
        """The columns of a batch as the model reads them, and how many tokens they have."""
        least = min(len(lesson.negatives) for lesson in lessons)
        columns = [
            [lesson.question for lesson in lessons],
            [lesson.positive for lesson in lessons],
            *([lesson.negatives[place] for lesson in lessons] for place in range(least)),
        ]
        model = self._network.model
        features = [model.preprocess(column) for column in columns]
        tokens = sum(int(one["attention_mask"].sum()) for one in features if "attention_mask" in one)
        return [
            {key: value.to(model.device) if hasattr(value, "to") else value for key, value in one.items()}
            for one in features
        ], tokens

    def _rate(self, step: int) -> float:
        """Up over the warm-up, then down to nothing, in straight lines."""
        total = len(self._batches)
        rising = max(1, round(self._recipe.warm_up * total))
        share = (step + 1) / rising if step < rising else (total - step) / max(1, total - rising)
        return self._recipe.learning_rate * min(1.0, share)

    def _keep(self, learned: Learned) -> None:
        import torch

        buffer = io.BytesIO()
        state = {
            "weights": self._network.read(),
            "optimizer": self._optimizer.state_dict(),
            "learned": [learned.steps, learned.tokens, learned.losses, learned.valid],
        }
        torch.save(state, buffer)
        self._folder.mkdir(exist_ok=True)
        write_whole(self._folder / CHECKPOINT, buffer.getvalue())
        self._events.add("checkpoint", f"Kept step {learned.steps}.", {"step": learned.steps})

    def _resume(self) -> Learned:
        import torch

        path = self._folder / CHECKPOINT
        if not path.exists():
            return Learned()
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
            self._optimizer.load_state_dict(state["optimizer"])
            self._network.write(state["weights"])
            steps, tokens, losses, valid = state["learned"]
        except Exception as problem:  # torch raises anything for a file that is no checkpoint
            raise TrainingFailed(
                f"{CHECKPOINT}: expected this run's checkpoint, found another file "
                f"({type(problem).__name__}). Remove it to begin anew."
            ) from problem
        self._events.add("resumed", f"Going on after step {steps}.", {"step": steps})
        return Learned(steps=steps, tokens=tokens, losses=losses, valid=valid)
