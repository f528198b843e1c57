"""From approved pairs to a version: choose, part, describe, write. The same in, the same bytes out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from retrieval.records import Record
from train.datasets.candidate import Candidate
from train.datasets.datasheet import Datasheet, make_datasheet
from train.datasets.errors import DatasetRefused
from train.datasets.folder import DatasetFolder, write_manifest, write_parts
from train.datasets.manifest import FORMAT, Manifest, digest_manifest
from train.datasets.selection import Exclusion, gather_exclusions, select_pairs
from train.datasets.split import Parts, Split, part_pairs
from train.pairs.pair import Pair, digest


@dataclass(frozen=True, slots=True)
class Before:
    """The version before of the same name: its full name, split, the ids of all its pairs, its tombstones.
    All empty for the first."""

    version: str = ""
    split: Split = field(default_factory=Split)
    pairs: frozenset[str] = frozenset()
    tombstones: frozenset[str] = frozenset()
    digests: frozenset[str] = frozenset()
    """Of its pairs, to tell whether anything has changed since."""


def look_back(folder: DatasetFolder | None) -> Before:
    """What the next version goes on from; nothing where there is no version before. Raises DatasetDamaged."""
    if folder is None:
        return Before()
    pairs = [member.pair for member in (*folder.train(), *folder.exam())]
    return Before(
        version=str(folder.manifest.version),
        split=folder.split(),
        pairs=frozenset(pair.id for pair in pairs),
        tombstones=frozenset(folder.manifest.tombstones),
        digests=frozenset(map(digest, pairs)),
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """What a version is made beside: SHA-256 of the base model's weights, prompt and index version."""

    base: str = ""
    prompt_version: str = ""
    index_version: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A version as it would be. `refusal` says why it cannot be made and what to do, "" where it can."""

    name: str
    before: Before
    parts: Parts
    exclusions: tuple[Exclusion, ...]
    tombstones: tuple[str, ...]
    sheet: Datasheet
    refusal: str

    @property
    def warnings(self) -> tuple[str, ...]:
        """What should be known before it is made, in plain sentences."""
        pairs = (member.pair for member in (*self.parts.train, *self.parts.exam))
        if not self.before.version or frozenset(map(digest, pairs)) != self.before.digests:
            return self.sheet.warnings
        return (
            f"It holds the same pairs as {self.before.version}: nothing has changed.",
            *self.sheet.warnings,
        )


def plan_version(
    name: str,
    candidates: Iterable[Candidate],
    withdrawn: frozenset[str],
    before: Before,
    find_records: Callable[[Iterable[Pair]], Mapping[str, Record]],
    *,
    library: str,
) -> Plan:
    """What the next version of `name` would be.

    `withdrawn` are ids of all pairs that were ever withdrawn; `find_records` gives the records behind pairs.
    """
    given = [replace(one, withdrawn=True) if one.pair.id in withdrawn else one for one in candidates]
    members, left = select_pairs(given, before.pairs)
    parts = part_pairs(members, before.split)
    known = {one.pair.id for one in given}
    left += [(one, "reopened", "") for one in before.pairs - withdrawn - known]
    left += [(one, "between", "") for one in parts.between]
    left += [(one, "withdrawn", "") for one in before.pairs & withdrawn - known]
    exclusions = gather_exclusions(left)
    tombstones = tuple(sorted(before.tombstones | before.pairs & withdrawn))
    records = find_records(member.pair for member in (*parts.train, *parts.exam))
    sheet = make_datasheet(name, parts, exclusions, records, library=library, tombstones=tombstones)
    return Plan(name, before, parts, exclusions, tombstones, sheet, _find_refusal(parts, exclusions))


def write_version(
    folder: Path, plan: Plan, beside: Beside, *, number: int, created: str, who: str, why: str
) -> Manifest:
    """Write a planned version into the empty `folder`, read-only and on the disk. Raises DatasetRefused."""
    if plan.refusal:
        raise DatasetRefused(plan.refusal)
    manifest = Manifest(
        format=FORMAT,
        name=plan.name,
        number=number,
        created=created,
        who=who,
        why=why,
        parent=plan.before.version,
        base=beside.base,
        prompt_version=beside.prompt_version,
        index_version=beside.index_version,
        counts={
            "pairs": len(plan.parts.train),
            "exam": len(plan.parts.exam),
            "excluded": sum(len(one.pairs) for one in plan.exclusions),
        },
        tombstones=plan.tombstones,
        files=write_parts(folder, plan.parts, plan.sheet),
    )
    manifest = replace(manifest, sha256=digest_manifest(manifest))
    write_manifest(folder, manifest)
    return manifest


def _find_refusal(parts: Parts, exclusions: Iterable[Exclusion]) -> str:
    left = "; ".join(f"{len(one.pairs)}: {one.sentence}" for one in exclusions)
    because = f" Left out were {left}" if left else ""
    if not parts.train and not parts.exam:
        return (
            "Expected approved pairs that may be trained on, found none."
            f"{because} Approve pairs, or mend those that were left out."
        )
    if not parts.exam or not parts.train:
        total = len(parts.train) + len(parts.exam)
        found = "1 pair" if total == 1 else f"{total} pairs that all hang together by their records"
        return (
            "Expected pairs about two records at least, one to train on and one to hold out for the exam; "
            f"found {found}.{because} Approve pairs about other records."
        )
    return ""
