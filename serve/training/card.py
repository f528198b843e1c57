"""All that is kept of an adapter version, put together for its model card."""

from __future__ import annotations

from serve.adapters.registry import Version
from serve.datasets.administration import Damaged
from serve.errors import Conflict, NotFound
from serve.people.moments import now_utc
from serve.training.administration import Training
from serve.training.judging import Judging
from serve.training.run import Decision, Run
from train.card.card import Decision as CardDecision
from train.card.card import Subject
from train.card.lineage import read_lineage
from train.datasets.folder import DatasetFolder


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
        as_of=now_utc().date().isoformat(),
    )


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


def _tell(decision: Decision) -> CardDecision:
    what = decision.decision
    if decision.alias:
        what = f"{what}: {decision.alias}, {decision.share} %"
    return CardDecision(
        at=decision.at.isoformat(timespec="seconds"),
        who=decision.who,
        what=what,
        why=decision.why,
        override=decision.override,
    )
