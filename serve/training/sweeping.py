"""Takes away what runs that came to nothing have left: adapters nobody was told of, weights, checkpoints."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from serve.adapters.administration import Administration
from serve.adapters.folder import MANIFEST, NAME
from serve.adapters.weights import parse_object
from serve.datasets.ledger import read_withdrawn_pairs
from serve.errors import ServeError
from serve.jobs.job import ENDED
from serve.jobs.tables import JobRow
from serve.training.administration import Training
from serve.training.sheet import forget
from serve.training.sitting import EXAM, SHEETS
from serve.training.tables import RunRow
from train.lora.files import ADAPTER, CHECKPOINTS, MODEL, RESULT

log = logging.getLogger(__name__)


def sweep(training: Training, administration: Administration) -> None:
    """Remove what ended runs have left. What cannot be removed now is tried again by the next run."""
    with training.database.readings() as session:
        columns = (RunRow.id, RunRow.version, RunRow.trained, RunRow.dataset, JobRow.state)
        query = select(*columns).join(JobRow, JobRow.id == RunRow.job)
        ended = session.execute(query.where(JobRow.state.in_(ENDED))).all()
        withdrawn = {row.dataset: read_withdrawn_pairs(session, row.dataset) for row in ended}
    for row in ended:
        folder, gone = training.root / row.id, withdrawn[row.dataset]
        _sweep_folder(folder, row.state, has_model=bool(row.trained and not row.version), tainted=bool(gone))
        _forget(folder, gone)
    _sweep_store(administration, {row.id: row.version for row in ended})


def _sweep_folder(folder: Path, state: str, *, has_model: bool, tainted: bool) -> None:
    """A version lies in the adapter folder, and a whole model nowhere else. A failed run can go on, unless
    pairs were withdrawn since: its checkpoint holds their words."""
    if state != "succeeded":
        with suppress(OSError):
            (folder / RESULT).unlink()  # first: with a result a run counts as done
    left = {"succeeded": [ADAPTER], "failed": [ADAPTER, MODEL], "cancelled": [ADAPTER, MODEL, CHECKPOINTS]}
    names = [] if has_model else left[state]
    for name in [*names, *([CHECKPOINTS] if tainted else [])]:
        shutil.rmtree(folder / name, ignore_errors=True)


def _forget(folder: Path, pairs: Collection[str]) -> None:
    """Take the answers to withdrawn questions out of a run's exam."""
    for sheet in sorted((folder / EXAM).glob(SHEETS)) if pairs else ():
        try:
            forget(sheet, pairs)
        except OSError as error:
            log.warning("%s: answers to withdrawn questions cannot be taken out: %s", folder.name, error)


def _sweep_store(administration: Administration, ended: dict[str, str]) -> None:
    """Purge the versions that ended runs made and did not publish."""
    store = administration.store
    known = {version.name for version in administration.registry.snapshot().versions}
    for path in sorted(store.root.glob("*--v*")) if store.root.is_dir() else ():
        if path.name in known or not NAME.fullmatch(path.name):
            continue
        run = _read_run(path)
        if run in ended and ended[run] != path.name:
            try:
                store.purge(path.name)
                log.info("%s came of %s, which has ended without it; it was removed", path.name, run)
            except ServeError as error:
                log.warning("%s is left over and cannot be removed: %s", path.name, error)


def _read_run(path: Path) -> str:
    """The run that a version's manifest names; "" where it names none."""
    try:
        lineage = parse_object((path / MANIFEST).read_bytes()).get("lineage")
    except (OSError, ValueError):
        return ""
    return str(lineage.get("run", "")) if isinstance(lineage, dict) else ""
