"""Pairs as a curator would leave them, about made-up letters; and whole versions in a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from retrieval.records import Record
from retrieval.spans import of_years
from train.datasets.candidate import Candidate
from train.datasets.folder import DatasetFolder, open_dataset
from train.datasets.making import Beside, Plan, look_back, plan_version, write_version
from train.pairs.pair import Evidence, Pair

WORDS = """orchard bloom creamery ledger harbor mill sermon choir flood bridge railway quarry school
teacher nurse soldier camp voyage whale net ferry lantern clock organ quilt loom tannery brewery
picnic parade election mayor fire engine storm lighthouse tower cellar attic""".split()
CREATED = "2026-11-21T20:00:00+00:00"


def make_evidence(record: str, collection: str = "ms1", **changed: Any) -> Evidence:
    made = Evidence(
        record_id=record,
        collection_id=collection,
        heading=f"Letter about the {record} (Box 1)",
        breadcrumb=("Marsh Family Papers",),
        text=f"The {record} was seen.",
        source="marsh.xml",
    )
    return replace(made, **changed)


def make_pair(number: int, record: str = "", **changed: Any) -> Pair:
    """Pair `number`, about a record of its own unless one is named."""
    word = f"{WORDS[number % len(WORDS)]}{WORDS[number // len(WORDS)] if number >= len(WORDS) else ''}"
    made = Pair(
        id=f"p{number:04}",
        question=f"Who wrote of the {word} in {1000 + number}?",
        answer=f"Ellen Marsh wrote of the {word} [1].",
        evidence=(make_evidence(record or f"r-{word}"),),
        contributor="ada",
        approver="ben",
        consent="patron",
        origin="feedback",
        licence="CC0-1.0",
    )
    return replace(made, **changed)


def make_refusal(number: int) -> Pair:
    return make_pair(
        number, kind="refusal", answer="The passages I was given do not answer that.", evidence=()
    )


def make_pairs(many: int, start: int = 0) -> list[Pair]:
    return [make_pair(number) for number in range(start, start + many)]


def make_record(id: str, **changed: Any) -> Record:
    made = Record(
        id=id,
        collection_id="ms1",
        level="item",
        title=f"Letter about the {id}",
        collection="Marsh Family Papers",
        names=("Marsh, Ellen",),
        places=("Harrow Point",),
        spans=of_years((1905, 1905)),
        dates="1905",
        kinds=("letter",),
        language="English",
    )
    return replace(made, **changed)


def know_all(pairs: Iterable[Pair]) -> Mapping[str, Record]:
    return {item.record_id: make_record(item.record_id) for pair in pairs for item in pair.evidence}


def plan(
    pairs: Iterable[Pair],
    before: DatasetFolder | None = None,
    withdrawn: Iterable[str] = (),
    revision: int = 1,
    name: str = "letters",
) -> Plan:
    return plan_version(
        name,
        [Candidate(pair, revision) for pair in pairs],
        frozenset(withdrawn),
        look_back(before),
        know_all,
        library="Harrow Point Library",
    )


def make_version(
    root: Path,
    pairs: Iterable[Pair],
    before: DatasetFolder | None = None,
    withdrawn: Iterable[str] = (),
    *,
    created: str = CREATED,
    who: str = "ada",
    why: str = "the first",
    revision: int = 1,
    name: str = "letters",
) -> DatasetFolder:
    """A version of these pairs in a folder of its own under `root`."""
    draft = root / "draft"
    draft.mkdir(parents=True)
    manifest = write_version(
        draft,
        plan(pairs, before, withdrawn, revision, name),
        Beside("b" * 64, "1", "20261121T200000-00000000"),
        number=before.manifest.number + 1 if before else 1,
        created=created,
        who=who,
        why=why,
    )
    return open_dataset(draft.rename(root / str(manifest.version)))


def ids(members: Iterable[object]) -> set[str]:
    return {member.pair.id for member in members}  # type: ignore[attr-defined]
