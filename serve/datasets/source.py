"""Approved pairs and what is known of them, as a build wants them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from retrieval.audience import PUBLIC
from retrieval.errors import IndexMissing
from retrieval.records import Record
from retrieval.store.catalog import Catalog
from retrieval.store.parts import open_catalog, open_parts
from retrieval.store.snapshot import read_current, read_manifest
from serve.curation.pairs import StoredPair, read_approved
from train.datasets.candidate import Candidate
from train.pairs.checks import Context, check_all
from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Records:
    """The records of the index in use; none, and version "", where there is no index."""

    version: str = ""
    catalog: Catalog | None = None

    def find(self, pairs: Iterable[Pair]) -> Mapping[str, Record]:
        """Those behind the evidence of pairs, by id, as far as the index has them."""
        if self.catalog is None:
            return {}
        wanted = {item.record_id for pair in pairs for item in pair.evidence}
        found = {one: self.catalog.record(one) for one in sorted(wanted)}
        return {one: record for one, record in found.items() if record}


def open_records(root: Path) -> Records:
    """The records of the index that is in use in `root`. Raises IndexDamaged where it cannot be trusted."""
    try:
        version = read_current(root)
    except IndexMissing:
        return Records()
    manifest = read_manifest(root / version)
    return Records(version, open_catalog(root / version, open_parts(root / version, manifest)))


def read_candidates(
    session: Session, records: Records, count_tokens: Callable[[str], int]
) -> list[Candidate]:
    """Every approved pair, checked once more: what it is checked against may have changed since."""
    stored = read_approved(session)
    pairs = [one.pair for one in stored]
    behind = records.find(pairs)
    closed = {one for one, record in behind.items() if not PUBLIC.may_see(record)}
    found = check_all(pairs, Context(is_catalogue_name=_know_names(behind), count_tokens=count_tokens))
    return [
        Candidate(
            pair=one.pair,
            revision=one.revision,
            stops=_find_stops(
                one, [finding.code for finding in found[one.pair.id] if finding.severity == "stop"]
            ),
            closed=any(item.record_id in closed for item in one.pair.evidence),
        )
        for one in stored
    ]


def _find_stops(stored: StoredPair, codes: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(codes) - set(stored.waived)))


def _know_names(records: Mapping[str, Record]) -> Callable[[str], bool]:
    """Whether a name stands in one of these records: such names are content."""
    known = {
        _fold(name)
        for record in records.values()
        for name in (*record.names, *record.senders, *record.recipients, record.creator)
        if name
    }
    return lambda name: _fold(name) in known


def _fold(name: str) -> str:
    """`Marsh, Ellen` and `Ellen Marsh` are one."""
    last, comma, first = name.partition(",")
    return " ".join(f"{first} {last}".split() if comma else name.split()).casefold()
