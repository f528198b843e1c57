"""Whose pairs are behind the versions in service, and which versions hold pairs that were withdrawn since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.adapters.registry import Snapshot
from serve.curation.pairs import read_withdrawn
from serve.curation.tables import StoredPairRow
from serve.database import Database
from serve.datasets.erasure import read_held
from serve.datasets.tables import DatasetPair
from serve.people.accounts import make_name_key
from serve.training.tables import RunRow


@dataclass(frozen=True, slots=True)
class Live:
    """Pairs of one person behind the version that an alias points to."""

    alias: str
    version: str
    dataset: str
    pairs: int

    @property
    def sentence(self) -> str:
        what = "correction is" if self.pairs == 1 else f"{self.pairs} corrections are"
        return f"Your {what} live in {self.version}."


@dataclass(frozen=True, slots=True)
class Affected:
    """A version that was trained on pairs withdrawn since; `aliases` are those that have it in use."""

    version: str
    state: str
    aliases: tuple[str, ...]
    run: str
    dataset: str
    withdrawn: int

    @property
    def sentence(self) -> str:
        pairs = "pair that was" if self.withdrawn == 1 else "pairs that were"
        use = f" It answers for {', '.join(self.aliases)}." if self.aliases else ""
        name = self.dataset.partition("--")[0]
        return (
            f"{self.version} was trained on {self.withdrawn} {pairs} withdrawn since.{use} Build the next "
            f"version of {name}, train from it, and retire this one."
        )


def find_live(database: Database, snapshot: Snapshot, name: str) -> tuple[Live, ...]:
    """Where the pairs of somebody called `name` are in service, by alias."""
    with database.readings() as session:
        found = []
        for alias in snapshot.aliases:
            row = session.scalars(select(RunRow).where(RunRow.version == alias.stable)).first()
            pairs = _count_pairs(session, row.dataset, name) if row and row.version else 0
            if row and pairs:
                found.append(Live(alias.name, row.version, row.dataset, pairs))
    return tuple(found)


def find_affected(database: Database, snapshot: Snapshot) -> tuple[Affected, ...]:
    """The versions that hold withdrawn pairs, those in service first."""
    with database.readings() as session:
        held = read_held(session, read_withdrawn(session))
        withdrawn = Counter(one.version for one in held if one.part == "train")
        runs = session.scalars(select(RunRow).where(RunRow.version != "").order_by(RunRow.created)).all()
    states = {version.name: version.state for version in snapshot.versions}
    found = [
        Affected(
            version=run.version,
            state=states[run.version],
            aliases=tuple(alias.name for alias in snapshot.aliases if run.version in alias.weights),
            run=run.id,
            dataset=run.dataset,
            withdrawn=withdrawn[run.dataset],
        )
        for run in runs
        if withdrawn[run.dataset] and states.get(run.version, "purged") != "purged"
    ]
    return tuple(sorted(found, key=lambda one: not one.aliases))


def _count_pairs(session: Session, dataset: str, name: str) -> int:
    query = (
        select(StoredPairRow.contributor)
        .join(DatasetPair, DatasetPair.pair == StoredPairRow.id)
        .where(DatasetPair.version == dataset, DatasetPair.part == "train")
    )
    key = make_name_key(name)
    return sum(make_name_key(one) == key for one in session.scalars(query) if one)
