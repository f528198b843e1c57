"""A study: points, each a run of its own that is measured on the same held-out pairs.

    FOLDER/study.json        what is studied; a folder is gone on with only under the same
    FOLDER/base/             the base without any adapter, measured
    FOLDER/<point>/          a run's folder as `train.lora` has it, and measure.json, measured.json

A study that was stopped goes on where it was: points that are done are not done again.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from train.curve.holding import hold_out
from train.curve.measured import MEASURE, MEASURED, Measured, read_measured
from train.datasets.errors import DatasetDamaged
from train.datasets.folder import open_dataset
from train.lora.choosing import LEAST
from train.lora.errors import TrainingFailed, TrainingPaused, TrainingRefused
from train.lora.files import ADAPTER, RESULT, read_json, write_json
from train.lora.plan import Plan, digest_plan, write_plan

STUDY, BASE = "study.json", "base"
_REFUSED, _PAUSED = 2, 75
_PROMPT = ("context", "answer_tokens", "passages", "seed", "threads", "precision", "method")
"""Settings by which a held-out pair is put into a prompt and read."""


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a study: its settings are laid over the study's."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return re.sub(r"[^a-z0-9.-]+", "-", self.name.lower()).strip("-.")


@dataclass(frozen=True, slots=True)
class Found:
    """A point that is done: what its run says of itself (nothing for the base), and what was measured."""

    point: Point
    result: Mapping[str, Any]
    measured: Measured

    @property
    def pairs(self) -> int:
        """How many pairs it learnt from."""
        return int((self.result.get("dataset") or {}).get("train", 0))


class Study:
    """Runs points under `root`, one after the other, each in a process of its own.

    `plan` is what is common to all; `say` is told what is being done. Raises TrainingRefused for a folder of
    another study, a dataset that is not whole or cannot be divided.
    """

    def __init__(self, root: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self.root, self.plan, self._say = root, plan, say
        try:
            dataset = open_dataset(plan.dataset)
        except DatasetDamaged as damaged:
            raise TrainingRefused(f"The dataset version cannot be trusted. {damaged}") from damaged
        gone = {*plan.withdrawn, *dataset.manifest.tombstones}
        pairs = [member.pair for member in dataset.train() if member.pair.id not in gone]
        self.held = hold_out(pairs)
        self._gone = tuple(sorted(gone))
        self._claim(dataset.manifest.sha256)

    def measure_base(self) -> Found:
        """The base without any adapter."""
        return Found(Point("base, untrained"), {}, self._measure(self.root / BASE, ""))

    def run(self, point: Point) -> Found:
        """Train and measure one point, or read what was found before.

        Raises TrainingRefused, TrainingFailed, and TrainingPaused where the run was stopped.
        """
        folder = self.root / point.folder
        asked = {**self.plan.recipe, **point.settings}
        if self.held.others < LEAST:
            asked["smoke"] = True
        if not (folder / RESULT).is_file():
            self._say(f"{point.name}: training ...")
            left = tuple(sorted({*self._gone, *self.held.ids}))
            write_plan(folder, replace(self.plan, withdrawn=left, recipe=asked))
            _start("train.lora", folder)
        result = read_json(folder / RESULT)
        if not (folder / ADAPTER).is_dir():
            raise TrainingRefused(
                "Expected runs that make adapters, found a full fine-tuning. Choose another method."
            )
        return Found(point, result, self._measure(folder, str((folder / ADAPTER).resolve())))

    def _measure(self, folder: Path, adapter: str) -> Measured:
        if not (folder / MEASURED).is_file():
            self._say(f"{folder.name}: measuring on {len(self.held.pairs)} held-out pairs ...")
            folder.mkdir(parents=True, exist_ok=True)
            write_json(
                folder / MEASURE,
                {
                    "base": str(self.plan.base),
                    "dataset": str(self.plan.dataset),
                    "index": str(self.plan.index or ""),
                    "embedder": self.plan.embedder,
                    "instructions": self.plan.instructions,
                    "adapter": adapter,
                    "held": list(self.held.ids),
                    "clusters": dict(self.held.clusters),
                    "recipe": {key: self.plan.recipe[key] for key in _PROMPT if key in self.plan.recipe},
                },
            )
            _start("train.curve.measuring", folder)
        try:
            return read_measured(folder / MEASURED)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingFailed(
                f"{folder / MEASURED}: expected what was measured, found another file ({error}). Delete it, "
                "and start again."
            ) from error

    def _claim(self, dataset: str) -> None:
        """Make the folder this study's, or find that it is."""
        told = {"plan": digest_plan(self.plan), "dataset": dataset, "base": str(self.plan.base.resolve())}
        path = self.root / STUDY
        if path.is_file():
            if read_json(path) != told:
                raise TrainingRefused(
                    f"{self.root} holds another study: other data, another base or other settings. Name "
                    "another folder."
                )
            return
        self.root.mkdir(parents=True, exist_ok=True)
        if any(self.root.iterdir()):
            raise TrainingRefused(
                f"Expected {self.root} to be a new folder, found something in it. Name another."
            )
        write_json(path, told)


def _start(module: str, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, str(folder.resolve())],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    last = (done.stderr.strip().splitlines() or [f"It ended with {done.returncode}."])[-1]
    if done.returncode == _REFUSED:
        raise TrainingRefused(last)
    if done.returncode == _PAUSED:
        raise TrainingPaused(f"{last} Give the command again to go on.")
    if done.returncode:
        raise TrainingFailed(last)
