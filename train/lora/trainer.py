"""transformers' Trainer with our own step: a batch of lessons in packed rows, and the loss of answers alone.

The Trainer keeps the optimizer, the schedule, the states of chance and the checkpoints; a step here is a
batch of lessons, however many rows they fill, so that it is the same step as with padding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import PrinterCallback, Trainer, TrainingArguments

from train.lora.errors import TrainingFailed
from train.lora.lessons import Lesson
from train.lora.loss import add_up_loss, count_targets, measure_loss
from train.lora.order import EpochBatches
from train.lora.packing import Row, pack
from train.lora.private import PoissonBatches, Privacy
from train.lora.recipe import Recipe


class LessonSet(Dataset[Lesson]):
    """The lessons to learn, by place."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self.lessons = lessons

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, place: int) -> Lesson:
        return self.lessons[place]


class LessonTrainer(Trainer):
    """Trains `model` on lessons; `validation` are rows that only the loss is taken of, `unlearnt` such rows
    of what the base itself says."""

    def __init__(
        self,
        model: torch.nn.Module,
        lessons: Sequence[Lesson],
        validation: Sequence[Row],
        unlearnt: Sequence[Row],
        recipe: Recipe,
        checkpoints: Path,
        device: str,
        privacy: Privacy | None = None,
    ) -> None:
        self.recipe = recipe
        self.privacy = privacy
        self.validation = validation
        self.unlearnt = unlearnt
        super().__init__(
            model=model,
            args=make_arguments(recipe, checkpoints, device, count_steps(len(lessons), recipe)),
            train_dataset=LessonSet(lessons),
            data_collator=self._collate,
        )
        self.remove_callback(PrinterCallback)

    def _collate(self, lessons: Sequence[Lesson]) -> dict[str, Any]:
        if self.privacy:
            return {"lessons": list(lessons)}
        return {"rows": pack(lessons, self.recipe.row_tokens)}

    def get_train_dataloader(self) -> DataLoader[Lesson]:
        """The steps' lessons: drawn as `train.lora.order` or, for privacy, `train.lora.private` say."""
        lessons = cast("LessonSet", self.train_dataset)
        batches: EpochBatches | PoissonBatches = (
            PoissonBatches(len(lessons), self.privacy)
            if self.privacy
            else EpochBatches(len(lessons), self.recipe.batch, self.recipe.seed)
        )
        loader = DataLoader(lessons, batch_sampler=batches, collate_fn=self._collate)
        return cast("DataLoader[Lesson]", self.accelerator.prepare(loader))

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Any = None,  # noqa: ANN401 (the Trainer's)
    ) -> torch.Tensor:
        """Forward and backward through the rows of a step; the mean loss for each answer token."""
        model.train()
        if self.privacy:
            return self._check(self.privacy.learn(model, inputs["lessons"], self.state.global_step))
        rows: Sequence[Row] = inputs["rows"]
        targets = count_targets(rows)
        total = torch.zeros((), device=self.args.device)
        for row in rows:
            loss = add_up_loss(model, row.to(self.args.device)) / targets
            self.accelerator.backward(loss)
            total += loss.detach()
        return self._check(total)

    def _check(self, loss: torch.Tensor) -> torch.Tensor:
        if not bool(torch.isfinite(loss)):
            raise TrainingFailed(
                f"The loss of step {self.state.global_step + 1} is no number. Lower the rate, or "
                "train in fp32."
            )
        return loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401 (the Trainer's)
        """The mean loss of the validation part for each answer token, as `eval_loss`; `eval_replay` is that
        of what the base itself says."""
        model: Any = self.model
        metrics = {
            "eval_loss": measure_loss(model, self.validation, self.args.device),
            "eval_replay": measure_loss(model, self.unlearnt, self.args.device),
        }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """None: the run's record reckons them from its tokens."""
        return 0


def count_steps(lessons: int, recipe: Recipe) -> int:
    """Steps of a whole run over so many lessons."""
    return math.ceil(lessons / recipe.batch) * recipe.epochs


def make_arguments(recipe: Recipe, checkpoints: Path, device: str, steps: int) -> TrainingArguments:
    """What the Trainer is told. When to check and to save is said by `train.lora.watching`."""
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=recipe.batch,
        num_train_epochs=recipe.epochs,
        learning_rate=recipe.rate,
        lr_scheduler_type="linear",
        warmup_steps=math.ceil(steps * recipe.warmup),
        weight_decay=recipe.decay,
        max_grad_norm=0.0 if recipe.epsilon else recipe.clip,  # each lesson is cut by itself there
        optim="adamw_torch",
        seed=recipe.seed,
        data_seed=recipe.seed,
        use_cpu=device == "cpu",
        bf16=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        save_strategy="no",
        eval_strategy="no",
        save_total_limit=2,
        report_to="none",
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        average_tokens_across_devices=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # rows are not split over several GPUs
    return arguments
