"""The job "train": a run in a process of its own, then its adapter checked, kept, and made known.

Files come first: the adapter is copied into the adapter folder, where nobody is told of it. Its row, the
run's and the job of its exam are written in the one transaction that finds the job still this worker's. A
worker that comes too late, or was killed between the two, leaves a folder that answers nobody; the next
attempt takes it up, or the next run sweeps it away (`serve.training.sweeping`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serve.adapters.administration import Administration, make_administration
from serve.adapters.folder import AdapterFolder
from serve.adapters.registry import Registry
from serve.adapters.store import StoreFull
from serve.database import Database
from serve.jobs.errors import JobCrashed, JobRefused
from serve.jobs.job import Job
from serve.jobs.lease import Done, Lease
from serve.jobs.supervising import supervise
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.card import write_first_card
from serve.training.planning import make_plan
from serve.training.publishing import publish_model, publish_version
from serve.training.refusals import find_base_change, find_refusal, find_room_problem
from serve.training.refused import tell_refusals
from serve.training.run import Run
from serve.training.sweeping import sweep
from train.card.lineage import make_lineage
from train.lora.files import ADAPTER, PLAN, RESULT, file_sha256, read_json
from train.lora.plan import Plan, read_plan, write_plan

log = logging.getLogger(__name__)

_TOLD = ("steps", "tokens", "seconds", "stopped", "promotable", "remarks")
"""What is kept with the job of the run's result."""


@dataclass(frozen=True, slots=True)
class Learning:
    """Does the job "train" of one data folder."""

    settings: Settings
    database: Database
    training: Training

    def __call__(self, job: Job, lease: Lease) -> Done:
        """Train, keep the adapter; what it gives publishes it. Raises as `serve.jobs.worker.Handler` says."""
        with tell_refusals():
            return self._learn(self.training.find(str(job.plan.get("run", ""))), lease)

    def _learn(self, run: Run, lease: Lease) -> Done:
        administration = make_administration(self.settings, Registry(self.database))
        sweep(self.training, administration)
        self._check(run)
        if problem := find_room_problem(self.training.look(run.dataset), run.asked):
            raise StoreFull(problem)
        folder = self.training.folder(run)
        plan = self._plan(run, folder)
        supervise((sys.executable, "-m", "train.lora", str(folder.resolve())), folder, lease)
        self._check(run)
        result = read_result(run, folder)
        told = summarise_result(result)
        if result.get("kind") != ADAPTER:
            lease.tell("A full fine-tuning is a new base model, and no adapter: it lies in the run's folder.")
            return Done(told, lambda session: publish_model(session, run))
        version, reference = self._keep(run, plan, result, administration, lease)
        return Done(
            {**told, "version": version.name},
            lambda session: publish_version(session, run, version, reference),
        )

    def _check(self, run: Run) -> None:
        """Raises JobRefused where what the run stands on is not what it was asked for with."""
        ground = self.training.look(run.dataset)
        refusal = find_base_change(run.base_sha256, ground.base_sha256) or find_refusal(ground, run.asked)
        if refusal:
            raise JobRefused(refusal)
        sha256 = self.training.datasets.find(run.dataset).sha256
        if sha256 != run.dataset_sha256:
            raise JobRefused(
                f"{run.dataset} is another than the run was asked for with: expected "
                f"{run.dataset_sha256[:12]}…, found {sha256[:12]}…. Ask for another run."
            )

    def _plan(self, run: Run, folder: Path) -> Plan:
        """The run's plan: written when it first begins, and kept as it is when it goes on."""
        if (folder / PLAN).is_file():
            return read_plan(folder)
        plan = make_plan(run.dataset, run.adapter, run.asked, self.settings, self.training)
        write_plan(folder, plan)
        return plan

    def _keep(
        self, run: Run, plan: Plan, result: Mapping[str, Any], administration: Administration, lease: Lease
    ) -> tuple[AdapterFolder, dict[str, Any] | None]:
        """The adapter as a version in the adapter folder, which nobody is told of; and peft's own answers."""
        dataset = self.training.datasets.open(run.dataset)
        lineage = make_lineage(run=run.id, plan=plan, result=result, dataset=dataset.manifest)
        adapter = self.training.folder(run) / ADAPTER
        write_first_card(adapter, run, lineage, dataset, self.settings.library_name)
        lease.check()
        version = administration.take_in(adapter, run.adapter, lineage)
        if version.lineage.get("run") != run.id:
            raise JobRefused(f"The run gave the very weights of {version.name}; there is nothing new to try.")
        lease.check()
        reference, remark = administration.compute_reference(version.path)
        if remark:
            lease.tell(remark, level="warn")
        return version, reference


def read_result(run: Run, folder: Path) -> dict[str, Any]:
    """What the run says of itself, held against what it was asked. Raises JobCrashed, JobRefused."""
    try:
        result = read_json(folder / RESULT)
    except (OSError, ValueError) as error:
        raise JobCrashed(f"The run ended well, but left no {RESULT} to read ({error}).") from error
    expected = {"base": run.base_sha256, "dataset": run.dataset_sha256}
    for what, sha256 in expected.items():
        found = (result.get(what) or {}).get("sha256")
        if found != sha256:
            raise JobRefused(
                f"The run was made with another {what} than it was asked for with: expected {sha256[:12]}…, "
                f"found {ascii(found)[1:13]}…. Ask for another run."
            )
    for name, stated in sorted((result.get("files") or {}).items()):
        file = folder / str(result.get("kind")) / Path(name).name
        if not file.is_file() or file_sha256(file) != stated:
            raise JobRefused(
                f"{file.name} is not what the run wrote: its SHA-256 is another than {RESULT} has. Ask for "
                "another run."
            )
    return result


def summarise_result(result: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept with the job of a run's result."""
    loss = result.get("loss") or {}
    told = {key: result[key] for key in _TOLD if key in result}
    return {**told, "verdict": loss.get("verdict", ""), "sentence": loss.get("sentence", "")}
