"""All that is kept of an adapter version, put together for its model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serve.adapters.folder import CONFIG, WEIGHTS
from serve.adapters.registry import Version
from serve.datasets.administration import Damaged
from serve.errors import Conflict, NotFound
from serve.people.moments import now_utc
from serve.training.administration import Training
from serve.training.judging import Judging
from serve.training.run import Decision, Run
from train.card.card import Decision as CardDecision
from train.card.card import Subject
from train.card.lineage import Lineage, read_lineage
from train.card.making import make_card
from train.card.markdown import render_card
from train.card.publishing import README
from train.datasets.folder import DatasetFolder
from train.lora.files import file_sha256, read_json, write_whole


def gather(judging: Judging, name: str, *, library: str) -> Subject:
    """What is known of the version `name` now. Raises NotFound; and Conflict for an exam tampered with."""
    training = judging.training
    version = find_version(judging, name)
    lineage = read_lineage(version.lineage)
    run = find_run(training, version)
    dataset = _open_dataset(training, lineage.dataset)
    return Subject(
        version=version.name,
        sha256=version.sha256,
        base_sha256=version.base_sha256,
        rank=version.rank,
        targets=version.targets,
        library=library,
        lineage=lineage,
        dataset=dataset.manifest if dataset else None,
        sheet=dataset.sheet() if dataset else {},
        report=(judging.read_report(run) or {}) if run else {},
        gate=judging.judge(run).as_json() if run and run.examined and dataset else {},
        decisions=tuple(map(_tell, training.decisions(run.id))) if run else (),
        withdrawn_since=_count_withdrawn(training, lineage),
        as_of=now_utc().date().isoformat(),
    )


def write_first_card(
    adapter: Path, run: Run, lineage: Mapping[str, Any], dataset: DatasetFolder, library: str
) -> None:
    """Put README.md beside a run's adapter, before it has a version's name: all but exam and decisions.

    `adapter` is the folder as peft wrote it. Raises OSError, ValueError where it is none.
    """
    config = read_json(adapter / CONFIG)
    base = lineage.get("base") or {}
    subject = Subject(
        version=f"{run.adapter}, as {run.id} made it",
        sha256=file_sha256(adapter / WEIGHTS),
        base_sha256=str(base.get("sha256", "")),
        rank=int(config.get("r") or 0),
        targets=tuple(sorted(map(str, config.get("target_modules") or ()))),
        library=library,
        lineage=read_lineage(lineage),
        dataset=dataset.manifest,
        sheet=dataset.sheet(),
        as_of=now_utc().date().isoformat(),
    )
    write_whole(adapter / README, render_card(make_card(subject)).encode())


def find_version(judging: Judging, name: str) -> Version:
    """The version in the registry. Raises NotFound."""
    for version in judging.administration.registry.snapshot().versions:
        if version.name == name:
            return version
    raise NotFound(f"There is no adapter version {name[:80]!r}. List them: reading-room adapters list")


def find_run(training: Training, version: Version) -> Run | None:
    """The run that made a version; None for one that came from elsewhere."""
    try:
        return training.find_by_version(version.name)
    except NotFound:
        return None


def _open_dataset(training: Training, name: str) -> DatasetFolder | None:
    """The dataset version where it is still here and whole."""
    try:
        return training.datasets.open(name) if name else None
    except (NotFound, Damaged, Conflict):
        return None


def _count_withdrawn(training: Training, lineage: Lineage) -> int:
    """Pairs the version was trained on that were withdrawn since."""
    if not lineage.dataset:
        return 0
    return list(training.datasets.find_withdrawn(lineage.dataset).values()).count("train")


def _tell(decision: Decision) -> CardDecision:
    what: str = decision.decision
    if decision.alias:
        what = f"{what}: {decision.alias}, {decision.share} %"
    return CardDecision(
        at=decision.at.isoformat(timespec="seconds"),
        who=decision.who,
        what=what,
        why=decision.why,
        override=decision.override,
    )
