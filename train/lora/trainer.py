"""transformers' Trainer with our own step: a batch of lessons in packed rows, and the loss of answers alone.

The Trainer keeps the optimizer, the schedule, the states of chance and the checkpoints; a step here is a
batch of lessons, however many rows they fill, so that it is the same step as with padding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, Sampler
from transformers import PrinterCallback, Trainer, TrainingArguments

from train.lora.errors import TrainingFailed
from train.lora.lessons import Lesson
from train.lora.loss import add_up_loss, count_targets, measure_loss
from train.lora.packing import Row, pack
from train.lora.passages import make_random
from train.lora.recipe import Recipe


class LessonSet(Dataset[Lesson]):
    """The lessons to learn, by place."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self.lessons = lessons

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, place: int) -> Lesson:
        return self.lessons[place]


class EpochOrder(Sampler[int]):
    """Another order in each epoch, drawn by the seed and the epoch's number alone."""

    def __init__(self, many: int, seed: int) -> None:
        self._many, self._seed, self._epoch = many, seed, 0

    def __len__(self) -> int:
        return self._many

    def __iter__(self) -> Iterator[int]:
        order = list(range(self._many))
        make_random(self._seed, "order", self._epoch).shuffle(order)
        return iter(order)

    def set_epoch(self, epoch: int) -> None:
        """The epoch that comes now, from 0."""
        self._epoch = epoch


class LessonTrainer(Trainer):
    """Trains `model` on lessons; `validation` are rows that only the loss is taken of."""

    def __init__(
        self,
        model: torch.nn.Module,
        lessons: Sequence[Lesson],
        validation: Sequence[Row],
        recipe: Recipe,
        checkpoints: Path,
        device: str,
    ) -> None:
        self.recipe = recipe
        self.validation = validation
        super().__init__(
            model=model,
            args=make_arguments(recipe, checkpoints, device, count_steps(len(lessons), recipe)),
            train_dataset=LessonSet(lessons),
            data_collator=self._collate,
        )
        self.remove_callback(PrinterCallback)

    def _collate(self, lessons: Sequence[Lesson]) -> dict[str, Any]:
        return {"rows": pack(lessons, self.recipe.row_tokens)}

    def _get_train_sampler(self, train_dataset: Any = None) -> EpochOrder:  # noqa: ANN401 (the Trainer's)
        return EpochOrder(len(self.train_dataset), self.recipe.seed)  # type: ignore[arg-type]

    def training_step(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        num_items_in_batch: Any = None,  # noqa: ANN401 (the Trainer's)
    ) -> torch.Tensor:
        """Forward and backward through the rows of a step; the mean loss for each answer token."""
        model.train()
        rows: Sequence[Row] = inputs["rows"]
        targets = count_targets(rows)
        total = torch.zeros((), device=self.args.device)
        for row in rows:
            loss = add_up_loss(model, row.to(self.args.device)) / targets
            self.accelerator.backward(loss)
            total += loss.detach()
        if not bool(torch.isfinite(total)):
            raise TrainingFailed(
                f"The loss of step {self.state.global_step + 1} is no number. Lower the rate, or "
                "train in fp32."
            )
        return total

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401 (the Trainer's)
        """The mean loss of the validation part for each answer token, as `eval_loss`."""
        metrics = {"eval_loss": measure_loss(self.model, self.validation, self.args.device)}  # type: ignore[arg-type]
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
        max_grad_norm=recipe.clip,
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
