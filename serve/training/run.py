"""A run and the decisions on it, as everybody but the database sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from serve.adapters.administration import RUN_PREFIX
from serve.people.moments import as_utc
from serve.training.tables import RunDecisionRow, RunRow

__all__ = ["CHOICES", "RUN_PREFIX", "Choice", "Decision", "Run", "Verdict", "load_decision", "load_run"]

Choice = Literal["promote", "keep", "more data"]
"""Put the version into service; keep the one there is; keep it, for the data cannot tell."""
CHOICES: tuple[Choice, ...] = ("promote", "keep", "more data")
Verdict = Literal["", "pass", "fail", "not enough evidence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was asked for, and what came of it.

    `asked` are the settings that were laid down. `job` trains; `exam_job` has the version sit its exam, the
    newest one. `version` is the adapter version, "" where there is none (yet). `verdict` is the gate's;
    `files` are SHA-256 of report and gate, by name.
    """

    id: str
    created: datetime
    created_by: str
    why: str
    dataset: str
    dataset_sha256: str
    adapter: str
    base: str
    base_sha256: str
    asked: Mapping[str, Any]
    pairs: int
    exam: int
    job: str
    version: str
    trained: datetime | None
    exam_job: str
    examined: datetime | None
    verdict: Verdict
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who decided what on a run, when and why.

    `alias` and `share` say what the version was promoted to, `verdict` and `gate` what the gate said then;
    `override` is why it was promoted all the same.
    """

    number: int
    run: str
    at: datetime
    who_id: str
    who: str
    decision: Choice
    version: str
    alias: str
    share: int
    verdict: Verdict
    gate: Mapping[str, Any] | None
    why: str
    override: str


def load_run(row: RunRow) -> Run:
    """A row as it is now."""
    return Run(
        id=row.id,
        created=as_utc(row.created),
        created_by=row.created_by,
        why=row.why,
        dataset=row.dataset,
        dataset_sha256=row.dataset_sha256,
        adapter=row.adapter,
        base=row.base,
        base_sha256=row.base_sha256,
        asked=row.asked,
        pairs=row.pairs,
        exam=row.exam,
        job=row.job,
        version=row.version,
        trained=as_utc(row.trained) if row.trained else None,
        exam_job=row.exam_job,
        examined=as_utc(row.examined) if row.examined else None,
        verdict=cast(Verdict, row.verdict),
        files=row.files,
    )


def load_decision(row: RunDecisionRow) -> Decision:
    """A row, which never changes."""
    return Decision(
        number=row.number,
        run=row.run,
        at=as_utc(row.at),
        who_id=row.who_id,
        who=row.who,
        decision=cast(Choice, row.decision),
        version=row.version,
        alias=row.alias,
        share=row.share,
        verdict=cast(Verdict, row.verdict),
        gate=row.gate,
        why=row.why,
        override=row.override,
    )
