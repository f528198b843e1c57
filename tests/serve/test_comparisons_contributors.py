"""Whose pairs a version was trained on, read from the dataset versions that its lineage names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from serve.adapters.alias import BASE
from serve.adapters.registry import Registry
from serve.comparisons.contributors import find_contributors, find_datasets
from serve.database import Database
from serve.datasets.administration import Datasets
from tests.serve.dataset_parts import BEN, approve, make_datasets
from tests.serve.registry_parts import A, make
from tests.train.datasets.made_pairs import make_pairs


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('d') / 'room.sqlite'}")
    database.migrate()
    yield database
    database.close()


@pytest.fixture(scope="module")
def datasets(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Datasets:
    return make_datasets(database, tmp_path_factory.mktemp("e") / "datasets")


@pytest.fixture(scope="module")
def version(database: Database, datasets: Datasets) -> str:
    """A dataset version of pairs by two people."""
    pairs = make_pairs(40)
    approve(
        database,
        [replace(pair, contributor=("Ada  Marsh", "Ben Oakes")[n % 2]) for n, pair in enumerate(pairs)],
    )
    return datasets.build("letters", actor=BEN, why="a test").version.version


def test_those_who_wrote_the_pairs(datasets: Datasets, version: str) -> None:
    assert find_contributors(datasets, A, [version]) == frozenset({"ada marsh", "ben oakes"})


def test_where_it_cannot_be_known(datasets: Datasets, version: str) -> None:
    assert find_contributors(datasets, A, []) is None
    assert find_contributors(datasets, A, ["letters--v9-00000000"]) is None
    assert find_contributors(datasets, A, [version, "letters--v9-00000000"]) is None
    assert find_contributors(datasets, BASE, []) == frozenset()


@pytest.mark.parametrize(
    ("number", "dataset", "named"),
    [
        (1, "letters--v1-1", ["letters--v1-1"]),
        (2, ["letters--v1-1", "maps--v1-2", 7, ""], ["letters--v1-1", "maps--v1-2"]),
        (3, {"version": "letters--v1-1", "sha256": "0" * 64}, ["letters--v1-1"]),
        (4, None, []),
        (5, {"sha256": "0" * 64}, []),
    ],
)
def test_what_a_lineage_names(database: Database, number: int, dataset: Any, named: list[str]) -> None:
    name = f"letters--v{number}-0000000{number}"
    Registry(database).register(replace(make(name), lineage={"dataset": dataset}), who="ada")
    with database.readings() as session:
        assert find_datasets(session, name) == named
        assert find_datasets(session, "nobody") == [] and find_datasets(session, "\x00") == []
