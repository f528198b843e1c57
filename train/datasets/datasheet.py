"""The datasheet of a version, after Gebru et al., "Datasheets for Datasets" (CACM 64/12, 2021).

It tells nothing of when and by whom the version was made: that is in the manifest, so that the same pairs
give the same datasheet. Of the exam it tells numbers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retrieval.records import Record
from train.datasets.candidate import Member
from train.datasets.cautions import count_of, describe_unknown, find_cautions
from train.datasets.selection import Exclusion
from train.datasets.split import Parts
from train.datasets.spread import Table, spread_pairs, spread_records
from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Section:
    """One of the datasheet's sections: sentences to read, then tables."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Datasheet:
    """The sections, what was left out, and what should be known before training, in plain sentences."""

    name: str
    sections: tuple[Section, ...]
    exclusions: tuple[Exclusion, ...]
    warnings: tuple[str, ...]


def make_datasheet(
    name: str,
    parts: Parts,
    exclusions: Sequence[Exclusion],
    records: Mapping[str, Record],
    *,
    library: str,
    tombstones: Sequence[str] = (),
) -> Datasheet:
    """Describe the parts of a version. `records` are those behind the pairs, as far as the index has them."""
    pairs = [member.pair for member in _members(parts)]
    own, behind = spread_pairs(pairs, records), spread_records(pairs, records)
    unknown = sorted({item.record_id for pair in pairs for item in pair.evidence} - set(records))
    left = sum(len(one.pairs) for one in exclusions)
    by_key = {table.key: table for table in own}
    sections = (
        Section(
            "motivation",
            "Motivation",
            (
                f"Made by the staff of {library} so that a model answers questions about its collections "
                "from passages it is shown, with citations, and says so when they do not answer.",
                "Who had this version made, when and why, is in manifest.json beside this file.",
            ),
        ),
        Section(
            "composition",
            "Composition",
            (
                f"{count_of(len(pairs), 'pair')}: {len(parts.train)} to train on and {len(parts.exam)} held "
                "out as the exam. Each is a question, the answer it should get, and the passages that show "
                "it.",
                f"The exam is held out by source record: pairs that share a record or are almost the same "
                f"({count_of(parts.groups, 'group')}, the largest of {count_of(parts.largest, 'pair')}) are "
                "on one side, and a record once in the exam stays there in later versions.",
                *_describe_synthetic(pairs),
            ),
            tuple(
                by_key[key] for key in ("collection", "kind", "origin", "source", "contributor", "language")
            ),
        ),
        Section(
            "balance",
            "Balance, as the records behind the pairs tell it",
            (
                *filter(None, (table.describe_dominant() for table in (*own, *behind))),
                *describe_unknown(unknown),
            ),
            behind,
        ),
        Section(
            "rights",
            "Licences and consent",
            ("Every pair names a licence, and somebody has agreed to its use.",),
            (by_key["licence"], by_key["consent"]),
        ),
        Section(
            "exclusions",
            "What was left out, and why",
            (
                f"{count_of(left, 'approved pair')} left out." if left else "No approved pair was left out.",
                *(f"{len(one.pairs)}: {one.sentence}" for one in exclusions),
                *_describe_tombstones(tombstones),
            ),
        ),
        Section(
            "process",
            "How it was collected and checked",
            (
                "Pairs come from what patrons asked and agreed to leave, from staff, from files, or are "
                "drafts of a model that a person confirmed. Each passed the checks for duplicates, support "
                "by its passages, citations, personal data, restricted material, rights, length and "
                "language, or the finding was waived with a reason.",
                *_describe_approval(pairs),
            ),
            (by_key["approver"],),
        ),
        Section(
            "uses",
            "Uses",
            (
                "For training and examining adapters that answer from passages. The exam part is never "
                "trained on, and is not shown to who writes pairs.",
                "Not for finding out about people named in it, nor as a source about the collections: the "
                "records themselves are. Passing it on needs the licences above, each for its pairs.",
            ),
        ),
        Section(
            "maintenance",
            "Maintenance",
            (
                "This version never changes. Pairs that are withdrawn later are left out of the next "
                "version, and the desk says how many of them this one holds.",
                f"{library} keeps it; verify it with: reading-room dataset verify",
            ),
        ),
    )
    return Datasheet(
        name, sections, tuple(exclusions), tuple(find_cautions(pairs, parts, (*own, *behind), unknown))
    )


def as_json(sheet: Datasheet) -> dict[str, Any]:
    """The datasheet for programs; tables by their keys."""
    return {
        "name": sheet.name,
        "warnings": list(sheet.warnings),
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "sentences": list(section.sentences),
                "tables": [
                    {
                        "key": table.key,
                        "title": table.title,
                        "total": table.total,
                        "rows": [{"value": value, "pairs": pairs} for value, pairs in table.rows],
                        "more": table.more,
                    }
                    for table in section.tables
                ],
            }
            for section in sheet.sections
        ],
        "exclusions": [
            {
                "reason": one.reason,
                "sentence": one.sentence,
                "pairs": list(one.pairs),
                "notes": dict(one.notes),
            }
            for one in sheet.exclusions
        ],
    }


def _members(parts: Parts) -> list[Member]:
    return sorted((*parts.train, *parts.exam), key=lambda member: member.pair.id)


def _describe_synthetic(pairs: Sequence[Pair]) -> Iterator[str]:
    drafted = sum(pair.is_synthetic for pair in pairs)
    if drafted:
        yield f"{drafted} of them were drafted by a model and confirmed by a person."


def _describe_tombstones(tombstones: Sequence[str]) -> Iterator[str]:
    if tombstones:
        yield f"{count_of(len(tombstones), 'pair')} of earlier versions had been withdrawn by then."


def _describe_approval(pairs: Sequence[Pair]) -> Iterator[str]:
    waived = sum(bool(pair.waiver) for pair in pairs)
    yield f"{len(pairs) - waived} were approved by a second person, {waived} with a reason why not."
