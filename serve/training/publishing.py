"""Makes what a run has made known: called in the transaction that finds the job still this worker's."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from serve.adapters.change import Change
from serve.adapters.change import take_turn as take_adapters_turn
from serve.adapters.folder import AdapterFolder
from serve.curation.pairs import take_turn as take_pairs_turn
from serve.datasets.ledger import read_withdrawn_pairs
from serve.jobs.errors import JobRefused
from serve.people.audit import audit
from serve.people.authority import Actor, Role
from serve.people.moments import now_utc
from serve.training.administration import submit_exam
from serve.training.book import find_row
from serve.training.refusals import find_withdrawal
from serve.training.run import Run

WORKER = Actor(Role.ADMINISTRATOR, "worker", "the worker")


def publish_version(
    session: Session, run: Run, version: AdapterFolder, reference: dict[str, Any] | None
) -> None:
    """Enter a run's version, which no alias points to, and put its exam into the queue.

    Raises JobRefused where pairs were withdrawn that it was trained on, Conflict where the registry knows
    it as failed or purged.
    """
    _refuse_withdrawn(session, run)
    take_adapters_turn(session)
    Change(session, run.created_by, f"run {run.id}").enter(version, "validated", reference)
    row = find_row(session, run.id, lock=True)
    row.version, row.trained = version.name, now_utc()
    row.exam_job = submit_exam(session, WORKER, row).id
    audit(session, WORKER, "trained", f"run {run.id}", details={"version": version.name})


def publish_model(session: Session, run: Run) -> None:
    """Write down that a full fine-tuning is done. Raises JobRefused as `publish_version` does."""
    _refuse_withdrawn(session, run)
    find_row(session, run.id, lock=True).trained = now_utc()
    audit(session, WORKER, "trained", f"run {run.id}")


def _refuse_withdrawn(session: Session, run: Run) -> None:
    """From here on an erasure waits for us, and finds the version that we publish."""
    take_pairs_turn(session)
    gone = [pair for pair, part in read_withdrawn_pairs(session, run.dataset).items() if part == "train"]
    if refusal := find_withdrawal(run.dataset, run.dataset.partition("--")[0], len(gone)):
        raise JobRefused(refusal)
