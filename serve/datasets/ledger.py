"""The rows of dataset versions: written in the one transaction that makes a version known."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from serve.curation.pairs import read_withdrawn
from serve.datasets.erasure import read_held
from serve.datasets.tables import DatasetPair, DatasetVersion
from serve.datasets.version import Version, load_version
from train.datasets.candidate import Member
from train.datasets.manifest import Manifest, render_manifest
from train.datasets.names import Part


def enter_version(
    session: Session, manifest: Manifest, train: Iterable[Member], exam: Iterable[Member]
) -> None:
    """Write a version's rows, sent to the database when this returns."""
    version = str(manifest.version)
    session.add(
        DatasetVersion(
            version=version,
            name=manifest.name,
            number=manifest.number,
            sha256=manifest.sha256,
            manifest_sha256=hashlib.sha256(render_manifest(manifest)).hexdigest(),
            parent=manifest.parent,
            pairs=manifest.counts["pairs"],
            exam=manifest.counts["exam"],
            excluded=manifest.counts["excluded"],
            created=_read_moment(manifest.created),
            who=manifest.who,
            why=manifest.why,
        )
    )
    session.flush()
    sides: tuple[tuple[Part, Iterable[Member]], ...] = (("train", train), ("exam", exam))
    rows = [
        {"version": version, "pair": one.pair.id, "revision": one.revision, "part": part}
        for part, members in sides
        for one in members
    ]
    if rows:
        session.execute(insert(DatasetPair), rows)


def read_versions(session: Session) -> tuple[Version, ...]:
    """Every version, the newest first, with what was withdrawn of each since."""
    withdrawn = Counter(held.version for held in read_held(session, read_withdrawn(session)))
    order = select(DatasetVersion).order_by(DatasetVersion.created.desc(), DatasetVersion.number.desc())
    return tuple(load_version(row, withdrawn[row.version]) for row in session.scalars(order))


def read_withdrawn_pairs(session: Session, version: str) -> dict[str, Part]:
    """The withdrawn pairs that a version holds, with the part each is in."""
    held = read_held(session, read_withdrawn(session))
    return {one.pair: "exam" if one.part == "exam" else "train" for one in held if one.version == version}


def _read_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
