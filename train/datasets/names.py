"""What a dataset version and its files are called, and what its parts are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from train.datasets.errors import DatasetRefused

Part = Literal["train", "exam"]
"""Which side a pair is on: trained on, or held out to examine with."""

PAIRS, EXAM, SPLIT = "pairs.jsonl", "exam.jsonl", "split.json"
SHEET, SHEET_TEXT, MANIFEST = "datasheet.json", "datasheet.md", "manifest.json"
DESCRIBED = (EXAM, PAIRS, SHEET, SHEET_TEXT, SPLIT)
"""The files whose SHA-256 the manifest lists."""
HIDDEN = (EXAM, SPLIT)
"""Files that tell what the exam asks: no other account of the machine may read them."""

_NAME = r"(?!.*--.*--)[a-z0-9](?:[a-z0-9-]{0,39}[a-z0-9])?"
_DATASET = re.compile(r"(?!.*--)[a-z0-9](?:[a-z0-9-]{0,39}[a-z0-9])?")
_VERSION = re.compile(rf"(?P<name>{_NAME})--v(?P<number>[1-9][0-9]{{0,5}})-(?P<digest>[0-9a-f]{{8}})")
MOST_NUMBER = 999_999


@dataclass(frozen=True, slots=True)
class VersionName:
    """The parts of a version's full name, such as letters--v3-1a2b3c4d; `digest` are 8 hex digits."""

    name: str
    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.name}--v{self.number}-{self.digest}"


def parse_version(text: str) -> VersionName | None:
    """The parts of `text`; None where no version can be called so, and so no folder is looked for."""
    matched = _VERSION.fullmatch(text)
    return VersionName(matched["name"], int(matched["number"]), matched["digest"]) if matched else None


def check_dataset_name(name: str) -> str:
    """The name itself. Raises DatasetRefused where no dataset may be called so."""
    if not _DATASET.fullmatch(name):
        raise DatasetRefused(
            "Expected a dataset's name of 1 to 41 small letters, digits and single hyphens, such as letters; "
            f"found {ascii(name)[:80]}. Choose such a name."
        )
    return name
