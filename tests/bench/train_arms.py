"""One way to train, once, in a process of its own: `tests.bench.train` starts it.

Reads {"model", "rows", "held", "arm", "recipe"}, the rows in the order in which all arms learn them, and prints
one line of JSON: seconds of wall and CPU time within the trainer, peak memory in MiB, and the held-out loss.
"""

from __future__ import annotations

import json
import math
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from torch.utils.data import Dataset
from transformers import AutoTokenizer, Trainer, TrainingArguments, set_seed

from train.lora.base import read_base
from train.lora.lessons import Lesson
from train.lora.loss import measure_loss
from train.lora.model import attach, find_targets, load_base
from train.lora.packing import pack
from train.lora.recipe import Recipe
from train.lora.trainer import LessonTrainer, count_steps


@dataclass(frozen=True, slots=True)
class Job:
    """What an arm is given."""

    model: Path
    lessons: Sequence[Lesson]
    held: Sequence[Lesson]
    recipe: Recipe

    def attach(self) -> Any:
        """The base with our LoRA layers."""
        base = read_base(self.model)
        set_seed(self.recipe.seed)
        return attach(load_base(base, self.recipe, "cpu"), base, self.recipe)

    def attach_plain(self) -> Any:
        """The base with peft's, of the same first weights, and transformers' own attention."""
        recipe = self.recipe
        set_seed(recipe.seed)
        model = load_base(read_base(self.model), recipe, "cpu")
        config = LoraConfig(
            r=recipe.rank,
            lora_alpha=recipe.alpha,
            lora_dropout=recipe.dropout,
            target_modules=find_targets(model, 0),
            task_type="CAUSAL_LM",
        )
        return get_peft_model(model, config)


class Rows(Dataset[dict[str, list[int]]]):
    """Lessons as a causal language model's rows, the prompt not counted."""

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        self.lessons = lessons

    def __len__(self) -> int:
        return len(self.lessons)

    def __getitem__(self, place: int) -> dict[str, list[int]]:
        lesson = self.lessons[place]
        ids = [*lesson.prompt, *lesson.answer]
        return {"input_ids": ids, "labels": [-100] * len(lesson.prompt) + list(lesson.answer)}


def prepare_ours(job: Job, folder: str) -> Trainer:
    """Packed rows, the head over answers alone."""
    return InOrder(job.attach(), job.lessons, [], [], job.recipe, Path(folder), "cpu")


class InOrder(LessonTrainer):
    """Ours over the steps that all arms take."""

    def get_train_dataloader(self) -> Any:
        lessons: Any = self.train_dataset
        places, batch = list(range(len(lessons))), self.recipe.batch
        steps = [places[at : at + batch] for at in range(0, len(places), batch)]
        loader: Any = torch.utils.data.DataLoader(lessons, batch_sampler=steps, collate_fn=self._collate)
        return self.accelerator.prepare(loader)


def prepare_plain(job: Job, folder: str, batch: int) -> Trainer:
    """The Trainer as its documentation has it, rows padded to the longest of a batch."""
    arguments = TrainingArguments(**share_arguments(job, folder, batch))
    return Trainer(
        model=job.attach_plain(), args=arguments, train_dataset=Rows(job.lessons), data_collator=pad
    )


def pad(rows: list[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
    """Rows of one length; what was added is neither seen nor counted."""
    width = max(len(row["input_ids"]) for row in rows)
    return {
        "input_ids": torch.tensor([row["input_ids"] + [0] * (width - len(row["input_ids"])) for row in rows]),
        "labels": torch.tensor([row["labels"] + [-100] * (width - len(row["labels"])) for row in rows]),
        "attention_mask": torch.tensor(
            [[1] * len(row["input_ids"]) + [0] * (width - len(row["input_ids"])) for row in rows]
        ),
    }


def prepare_trl(job: Job, folder: str, **told: Any) -> Trainer:
    """TRL's SFTTrainer; `told` are settings of its own."""
    from datasets import Dataset as Table
    from trl import SFTConfig, SFTTrainer

    batch, accumulated = told.pop("batch", job.recipe.batch), told.pop("accumulated", 0)
    arguments = {"bf16": False, "gradient_checkpointing": False, "max_length": job.recipe.context}
    table = Table.from_list(
        [
            {
                "input_ids": [*one.prompt, *one.answer],
                "completion_mask": [0] * len(one.prompt) + [1] * len(one.answer),
            }
            for one in job.lessons
        ]
    )
    trainer: Trainer = SFTTrainer(
        model=job.attach_plain(),
        args=SFTConfig(
            **share_arguments(job, folder, batch, accumulated), completion_only_loss=True, **arguments | told
        ),
        train_dataset=table,
        processing_class=AutoTokenizer.from_pretrained(job.model, local_files_only=True),
    )
    return trainer


def prepare_packed_trl(job: Job, folder: str) -> Trainer:
    """TRL's own packing; a row holds about as many lessons as a step of the others."""
    mean = sum(map(len, job.lessons)) / len(job.lessons)
    length = max(round(mean * job.recipe.batch), max(map(len, job.lessons)))
    return prepare_trl(job, folder, packing=True, max_length=length, batch=1, accumulated=1)


def share_arguments(job: Job, folder: str, batch: int, accumulated: int = 0) -> dict[str, Any]:
    """What every arm's Trainer is told, so that all take the same steps."""
    recipe = job.recipe
    steps = count_steps(len(job.lessons), recipe)
    return {
        "output_dir": folder,
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": accumulated or max(1, recipe.batch // batch),
        "num_train_epochs": recipe.epochs,
        "learning_rate": recipe.rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": math.ceil(steps * recipe.warmup),
        "weight_decay": recipe.decay,
        "max_grad_norm": recipe.clip,
        "optim": "adamw_torch",
        "seed": recipe.seed,
        "use_cpu": True,
        "train_sampling_strategy": "sequential",
        "save_strategy": "no",
        "eval_strategy": "no",
        "logging_strategy": "no",
        "report_to": "none",
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }


ARMS: dict[str, Callable[[Job, str], Trainer]] = {
    "ours": prepare_ours,
    "HF Trainer": lambda job, folder: prepare_plain(job, folder, job.recipe.batch),
    "HF Trainer, batch of 2": lambda job, folder: prepare_plain(job, folder, 2),
    "HF Trainer, batch of 1": lambda job, folder: prepare_plain(job, folder, 1),
    "TRL": lambda job, folder: prepare_trl(job, folder),
    "TRL, its defaults": lambda job, folder: prepare_trl(job, folder, bf16=True, gradient_checkpointing=True),
    "TRL, batch of 2": lambda job, folder: prepare_trl(job, folder, batch=2),
    "TRL, batch of 1": lambda job, folder: prepare_trl(job, folder, batch=1),
    "TRL, packing": prepare_packed_trl,
}


def run(told: dict[str, Any]) -> dict[str, float]:
    """Train once by one arm, and measure."""
    recipe = Recipe(**told["recipe"])
    torch.set_num_threads(recipe.threads)
    job = Job(Path(told["model"]), read_lessons(told["rows"]), read_lessons(told["held"]), recipe)
    with tempfile.TemporaryDirectory() as folder:
        trainer = ARMS[told["arm"]](job, folder)
        wall, cpu = time.perf_counter(), time.process_time()
        trainer.train()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": wall, "cpu_seconds": cpu, "peak_mib": peak, "loss": weigh(job, trainer.model)}


def weigh(job: Job, trained: Any) -> float:
    """The held-out loss of what was trained, taken in the same way for every arm."""
    fresh = job.attach()
    set_peft_model_state_dict(fresh, get_peft_model_state_dict(trained))
    return measure_loss(fresh, pack(job.held, job.recipe.row_tokens), "cpu")


def read_lessons(rows: list[dict[str, Any]]) -> list[Lesson]:
    """Lessons as they were written."""
    return [Lesson(row["id"], row["part"], tuple(row["prompt"]), tuple(row["answer"])) for row in rows]


if __name__ == "__main__":
    print(json.dumps(run(json.loads(Path(sys.argv[1]).read_text()))))
