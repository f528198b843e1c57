"""What was read from a question, as the patron sees it: small labels, each of which can be taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ChipKind = Literal[
    "person",
    "sender",
    "recipient",
    "date",
    "material",
    "place",
    "collection",
    "call_number",
    "container",
]
NAMING = frozenset[ChipKind]({"person", "sender", "recipient", "container", "call_number"})
"""Readings that name something in particular; of kinds, places and dates alone far too much fits."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One reading of a question. `id` stays the same for the same reading, and is how it is taken away.

    `id` is the kind, a colon and the value: `sender:ellen marsh`, `date:1905-01-01/1905-12-31`,
    `material:letter`, `collection:ms1`, `container:box4`. `label` is what a patron reads: "from Ellen
    Marsh", "1905", "letters".
    """

    id: str
    kind: ChipKind
    label: str
