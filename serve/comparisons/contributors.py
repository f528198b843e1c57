"""Who wrote the pairs that a version was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from serve.adapters.alias import BASE
from serve.datasets.administration import Datasets
from serve.errors import ServeError
from serve.people.accounts import make_name_key
from serve.tables import AdapterVersion
from train.datasets.errors import DatasetDamaged


def find_datasets(session: Session, version: str) -> Sequence[str]:
    """The dataset versions that an adapter version was trained on, as far as its lineage names any."""
    row = session.get(AdapterVersion, version) if "\x00" not in version else None
    named: object = row.lineage.get("dataset") if row else None
    if isinstance(named, dict):
        named = named.get("version")
    return [
        name for name in (named if isinstance(named, list) else [named]) if isinstance(name, str) and name
    ]


def find_contributors(datasets: Datasets, version: str, named: Sequence[str]) -> frozenset[str] | None:
    """The name keys of those who wrote the pairs in dataset versions; None where that cannot be known.

    The base was trained on nobody's pairs.
    """
    if not named:
        return frozenset() if version == BASE else None
    found: set[str] = set()
    try:
        for name in named:
            found |= {make_name_key(member.pair.contributor) for member in datasets.open(name).train()}
    except (ServeError, DatasetDamaged, OSError):
        return None
    return frozenset(found - {""})
