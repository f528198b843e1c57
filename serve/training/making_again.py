"""Making an adapter version again: the same plan, in a folder and a process of its own, and the outcome."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from serve.datasets.administration import Damaged
from serve.errors import Conflict, ServeError
from serve.settings import Settings, child_environment
from serve.training.administration import find_base
from serve.training.card import find_run, find_version
from serve.training.judging import Judging
from train.card.lineage import Lineage, read_lineage
from train.card.reproduction import Outcome, compare_run, plan_again
from train.datasets.errors import DatasetDamaged
from train.lora.errors import TrainingRefused
from train.lora.files import RESULT
from train.lora.plan import Plan, read_plan, write_plan

PAUSED = 75


@dataclass(frozen=True, slots=True)
class Again:
    """What is to be trained again, and what its weights are to be."""

    lineage: Lineage
    plan: Plan
    expected: str


def prepare_again(settings: Settings, judging: Judging, name: str) -> Again:
    """The plan to make a version again. Raises NotFound, Damaged, Conflict where something is not as it was,
    or pairs it was trained on were withdrawn since."""
    training = judging.training
    version = find_version(judging, name)
    lineage = read_lineage(version.lineage)
    if not lineage.is_known:
        raise Conflict(f"{name} was not trained here: what it was made of is not known.")
    base = find_base(settings)
    if base is None or base.path is None:
        raise Conflict(f"Expected the base model on this machine, found none. {base.problem if base else ''}")
    gone = [
        pair for pair, part in training.datasets.find_withdrawn(lineage.dataset).items() if part == "train"
    ]
    if gone:
        raise Conflict(
            f"Of the pairs of {lineage.dataset} {len(gone)} may not be trained on again: withdrawn since. "
            "Train on a version without them."
        )
    run = find_run(training, version)
    try:
        plan = plan_again(
            lineage,
            base=base.path,
            dataset=training.datasets.store.find(lineage.dataset).resolve(),
            index=settings.index_root.resolve(),
            embedder=settings.embedder,
            instructions=_read_instructions(training.folder(run)) if run else "",
        )
    except TrainingRefused as refused:
        raise Conflict(str(refused)) from refused
    except DatasetDamaged as damaged:
        raise Damaged(str(damaged)) from damaged
    return Again(lineage, plan, version.sha256)


def train_again(again: Again, folder: Path) -> Outcome:
    """Train in `folder`, where an unfinished try goes on and a finished one is made anew; and compare.

    Raises Conflict where the trainer refuses it, ServeError where it fails or was stopped.
    """
    if (folder / RESULT).exists():
        shutil.rmtree(folder)
    write_plan(folder, again.plan)
    done = subprocess.run(
        [sys.executable, "-m", "train.lora", str(folder.resolve())],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment({}),
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"It ended with {done.returncode}."])[-1]
        if done.returncode == PAUSED:
            raise ServeError(f"{last} What was done so far is in {folder}.")
        raise Conflict(last)
    return compare_run(folder, again.lineage, again.expected)


def _read_instructions(folder: Path) -> str:
    """The library's instructions as the run had them, where its plan is still there."""
    try:
        return read_plan(folder).instructions
    except TrainingRefused:
        return ""
