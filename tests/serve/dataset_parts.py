"""Approved pairs in a database, versions built of them, and builds in processes of their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from serve.curation.pairs import store_pairs, tell
from serve.curation.steps import find_pair
from serve.curation.tables import StoredPairRow
from serve.database import Database
from serve.datasets.administration import Datasets
from serve.datasets.store import DatasetStore
from serve.people.authority import Actor, Role
from train.pairs.pair import Pair

ADA = Actor(Role.CURATOR, "s-1", "ada")
BEN = Actor(Role.APPROVER, "s-2", "ben")
DATASET_TABLES = ("dataset_version", "dataset_pair")


def make_datasets(database: Database, root: Path, index_root: Path | None = None) -> Datasets:
    return Datasets(
        database,
        DatasetStore(root),
        index_root=index_root or root.parent / "index",
        library="Harrow Point Library",
        find_base=lambda: "b" * 64,
        count_tokens=len,
    )


def approve(database: Database, pairs: Iterable[Pair]) -> None:
    """Put pairs into the database as if they had gone through both pairs of hands; one there is changed."""
    given = list(pairs)
    with database.sessions.begin() as session:
        store_pairs(session, ADA, given)
        for pair in given:
            row = session.get(StoredPairRow, pair.id)
            assert row is not None
            row.question, row.answer = pair.question, pair.answer
            row.state, row.approver, row.waiver = "approved", pair.approver, pair.waiver
            row.consent, row.licence, row.contributor = pair.consent, pair.licence, pair.contributor
            row.revision += 1
            session.flush()
            tell(session, BEN, row, "approved")


def withdraw(database: Database, *ids: str) -> None:
    with database.sessions.begin() as session:
        withdraw_in(session, *ids)


def withdraw_in(session: Session, *ids: str) -> None:
    for one in ids:
        row = find_pair(session, one)
        row.state = "withdrawn"
        row.revision += 1
        session.flush()
        tell(session, BEN, row, "withdrawn", "the patron asked for it")


def reopen(database: Database, one: str) -> None:
    with database.sessions.begin() as session:
        session.execute(update(StoredPairRow).where(StoredPairRow.id == one).values(state="draft"))


def reword(pair: Pair) -> Pair:
    return replace(pair, answer=pair.answer.replace("wrote", "once wrote"))
