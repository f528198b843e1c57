"""The gate as it stands now: the exam's record, the files looked at again, votes and canary."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from serve.adapters.administration import Administration
from serve.comparisons.book import ComparisonBook
from serve.errors import Conflict
from serve.training.administration import Training
from serve.training.examining import FACTS, REPORT
from serve.training.facts import find_canary, find_data, find_people
from serve.training.run import Run
from serve.training.sitting import EXAM
from train.evaluation.errors import EvaluationRefused
from train.evaluation.gate.facts import Facts, IntegrityFacts, read_facts
from train.evaluation.gate.judging import judge_gate
from train.evaluation.gate.thresholds import Thresholds
from train.evaluation.gate.verdict import Gate


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges the runs of one database; changes nothing."""

    training: Training
    administration: Administration
    most_rank: int

    def judge(self, run: Run) -> Gate:
        """The gate on a run's version. Raises NotFound, Conflict for an exam that was tampered with."""
        facts = self._read_facts(run)
        registry, database = self.administration.registry, self.training.database
        withdrawn = self.training.datasets.find_withdrawn(run.dataset)
        dataset = self.training.datasets.open(run.dataset)
        facts = replace(
            facts,
            integrity=self._look_again(run, facts),
            data=find_data(dataset, withdrawn),
            people=find_people(ComparisonBook(database), run.version) if run.version else None,
            canary=find_canary(registry, database, run.version) if run.version else None,
        )
        return judge_gate(facts, Thresholds(most_rank=self.most_rank))

    def read_report(self, run: Run) -> dict[str, Any] | None:
        """The exam's report as it was written; None before the exam. Raises Conflict."""
        return self._read(run, REPORT) if run.examined else None

    def _read_facts(self, run: Run) -> Facts:
        if run.examined is None:
            return Facts()
        try:
            return read_facts(self._read(run, FACTS))
        except EvaluationRefused as refused:
            raise Conflict(f"{run.id}: {refused} Have it sit its exam again.") from refused

    def _read(self, run: Run, name: str) -> dict[str, Any]:
        expected = run.files.get(name, "")
        try:
            data = (self.training.folder(run) / EXAM / name).read_bytes()
        except OSError as error:
            raise Conflict(
                f"{run.id}: expected {name} of its exam, found none to read ({error.strerror}). Have it sit "
                "its exam again."
            ) from error
        found = hashlib.sha256(data).hexdigest()
        if found != expected:
            raise Conflict(
                f"{run.id}: {name}: expected SHA-256 {expected[:12]}…, found {found[:12]}…: it is not what "
                "the exam wrote. Have it sit its exam again."
            )
        told: dict[str, Any] = json.loads(data)
        return told

    def _look_again(self, run: Run, facts: Facts) -> IntegrityFacts | None:
        """What was found at the exam, but for files that have changed since."""
        if not run.version or facts.integrity is None:
            return facts.integrity
        (finding,) = self.administration.verify(run.version)
        return replace(facts.integrity, digests_match=not finding.problems)
