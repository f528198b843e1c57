"""The job "evaluate": base, version in use and candidate sit the exam of the run's dataset version.

Every answer is kept as it comes, so an exam that is cut short goes on. Report and gate are files of the run's
folder; their digests go into the run's row in the transaction that finds the job still this worker's.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from serve.adapters.administration import make_administration
from serve.adapters.probes import ProbeResult, probe
from serve.adapters.registry import BASE, Registry
from serve.adapters.version import Version
from serve.database import Database
from serve.errors import Conflict
from serve.evaluation.reaching import reach_engine
from serve.jobs.job import Job
from serve.jobs.lease import Done, Lease
from serve.people.audit import audit
from serve.people.moments import now_utc
from serve.settings import Settings
from serve.training.administration import Training
from serve.training.book import find_row
from serve.training.exam import Exam, count_short, pose_exam, pose_memory
from serve.training.facts import find_champion, find_data, find_integrity
from serve.training.publishing import WORKER
from serve.training.refused import tell_refusals
from serve.training.run import Run
from serve.training.sheet import Said, digest_messages
from serve.training.sitting import EXAM, Answers, Proctor, Round
from train.evaluation.gate.facts import AutomaticFacts, Facts
from train.evaluation.gate.judging import judge_gate
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Gate, find_worst
from train.evaluation.probes.counterfactuals import measure_gaps
from train.evaluation.probes.general import compare_general
from train.evaluation.probes.personal import find_personal
from train.evaluation.probes.regurgitation import MemoryFacts, gather, weigh_recall
from train.evaluation.report import Paper, Role, make_report
from train.evaluation.scoring import Judgement, judge
from train.evaluation.task import Task
from train.lora.files import write_json
from train.pairs.checks.context import Context

log = logging.getLogger(__name__)

Outcome = TypeVar("Outcome")
_HEED_SECONDS = 0.5
_BOTH: tuple[Role, ...] = ("base", "candidate")
REPORT, FACTS, GATE = "report.json", "facts.json", "gate.json"
FIRST_STAGES = ("integrity", "data", "automatic")
"""What an exam can tell; votes and the canary come later."""


@dataclass(frozen=True, slots=True)
class Examining:
    """Does the job "evaluate" of one data folder."""

    settings: Settings
    database: Database
    training: Training

    def __call__(self, job: Job, lease: Lease) -> Done:
        """Hold the exam, write report and gate; what it gives writes down the verdict."""
        with tell_refusals():
            return self._examine(self.training.find(str(job.plan.get("run", ""))), lease)

    def _examine(self, run: Run, lease: Lease) -> Done:
        if not run.version:
            raise Conflict(f"{run.id} made no adapter version; there is nothing to examine.")
        administration = make_administration(self.settings, Registry(self.database))
        withdrawn = self.training.datasets.find_withdrawn(run.dataset)
        dataset = self.training.datasets.open(run.dataset)
        folder = self.training.folder(run)
        exam = pose_exam(folder, dataset, withdrawn)
        for pair, why in exam.left:
            lease.tell(f"Pair {pair} is not asked: {why}.", level="warn")
        snapshot = administration.registry.snapshot()
        version = next(one for one in snapshot.versions if one.name == run.version)
        champion = find_champion(snapshot.aliases, run.adapter, run.version)
        sitting = self._sit(
            folder / EXAM, exam, version, champion, lambda done: lease.report({"done": round(done, 4)})
        )
        sat = asyncio.run(heed(lease, sitting))
        facts = Facts(
            integrity=find_integrity(administration, run.version, sat.probe),
            data=find_data(dataset, withdrawn),
            automatic=mark(exam, sat),
        )
        gate = judge_gate(facts, self._thresholds())
        files = write_exam(folder / EXAM, facts, gate)
        told = {"verdict": summarise(gate), "sentence": gate.sentence, "questions": len(exam.tasks)}
        return Done(told, lambda session: self._publish(session, run, gate, files))

    async def _sit(
        self, folder: Path, exam: Exam, version: Version, champion: str, report: Callable[[float], None]
    ) -> Sat:
        async with reach_engine(self.settings, log.info) as engine:
            base = (await engine.models())[0].name
            found = await probe(engine, base, version.name, version.reference)
            versions: dict[Role, str] = {"base": base, "candidate": version.name}
            if champion not in ("", BASE):
                versions["champion"] = champion
            answers = await _ask_all(Proctor(engine, folder, report), exam, versions)
        return Sat(versions, answers, found)

    def _thresholds(self) -> Thresholds:
        return Thresholds(most_rank=self.settings.adapter_rank)

    def _publish(self, session: Session, run: Run, gate: Gate, files: Mapping[str, str]) -> None:
        row = find_row(session, run.id, lock=True)
        row.examined, row.verdict, row.files = now_utc(), summarise(gate), dict(files)
        audit(session, WORKER, "examined", f"run {run.id}", details={"verdict": row.verdict})


async def heed(lease: Lease, work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """What `work` gives; it is given up as soon as the lease says stop, also while it waits for an engine."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            lease.check()
            await asyncio.wait({task}, timeout=_HEED_SECONDS)
        return await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Sat:
    """What came of the sitting: the versions by role, their answers, and the engine's probe."""

    versions: Mapping[Role, str]
    answers: Answers
    probe: ProbeResult

    def find(self, role: Role, task: Task) -> Said:
        """What a version answered."""
        return self.answers[role][digest_messages(task.messages)]

    def judge(self, role: Role, task: Task) -> Judgement:
        """A version's answer, judged."""
        return judge(task, self.find(role, task).answer)


async def _ask_all(proctor: Proctor, exam: Exam, versions: Mapping[Role, str]) -> Answers:
    candidate: dict[Role, str] = {"candidate": versions["candidate"]}
    both: dict[Role, str] = {**candidate, "base": versions["base"]}
    rounds = [
        Round(exam.tasks, versions, exam.most_tokens),
        Round([one.swapped for one in exam.swaps], candidate, exam.most_tokens),
        Round([pose_memory(one) for one in exam.memory], candidate, exam.most_tokens),
        Round(exam.general, both, count_short(exam)),
    ]
    return await proctor.sit(rounds)


def mark(exam: Exam, sat: Sat) -> AutomaticFacts:
    """Judge every answer."""
    papers = {
        role: Paper(
            name,
            [sat.judge(role, task) for task in exam.tasks],
            [sat.find(role, task).seconds for task in exam.tasks],
        )
        for role, name in sat.versions.items()
    }
    general = [[sat.find(role, task).answer for task in exam.general] for role in _BOTH]
    return AutomaticFacts(
        report=make_report(papers["candidate"], papers.get("champion"), papers["base"]),
        general=compare_general(*general),
        memory=_weigh_memory(exam, sat),
        replay_loss=exam.replay_loss,
        bias=measure_gaps(
            [one.group for one in exam.swaps],
            [sat.judge("candidate", one.plain) for one in exam.swaps],
            [sat.judge("candidate", one.swapped) for one in exam.swaps],
        ),
    )


def _weigh_memory(exam: Exam, sat: Sat) -> MemoryFacts:
    context = Context(is_catalogue_name=exam.is_catalogue_name)
    recalls, personal = [], 0
    for one in exam.memory:
        answer = sat.find("candidate", pose_memory(one)).answer
        recalls.append(weigh_recall(one, answer))
        personal += bool(find_personal(answer, [message["content"] for message in one.messages], context))
    return gather(recalls, personal)


def summarise(gate: Gate) -> str:
    """The worst of what an exam can tell."""
    return find_worst(gate.stage(name).verdict for name in FIRST_STAGES)  # type: ignore[arg-type]


def write_exam(folder: Path, facts: Facts, gate: Gate) -> dict[str, str]:
    """Write report, facts and gate, without a word of a pair; their SHA-256 by name. Raises OSError."""
    assert facts.automatic is not None
    told: dict[str, Any] = {
        REPORT: facts.automatic.report.as_json(),
        FACTS: facts.as_json(),
        GATE: gate.as_json(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in told.items():
        write_json(folder / name, value)
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in told}
