"""The model card: what is known of an adapter version, in sections of sentences and tables.

After Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019), and the card that the Hugging Face hub
reads. Every sentence is made of what was kept when the version was trained, measured and decided on; what
was not kept is said to be not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from train.card.lineage import Lineage
from train.datasets.manifest import Manifest

NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a named person decided on a version: `at` in ISO 8601; `override` is the reason for passing over
    the gate's verdict, "" where it was not."""

    at: str
    who: str
    what: str
    why: str
    override: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that a card is made of; None or empty where there is none of it.

    `sha256` is the digest of the adapter's weights. `dataset` and `sheet` are the dataset version's manifest
    and datasheet, `report` and `gate` what `train.evaluation` wrote. `withdrawn_since` counts pairs it was
    trained on that may not be used any more; `as_of` is the day of the card.
    """

    version: str
    sha256: str
    base_sha256: str
    rank: int
    targets: tuple[str, ...]
    library: str
    lineage: Lineage
    dataset: Manifest | None = None
    sheet: Mapping[str, Any] = field(default_factory=dict)
    report: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    withdrawn_since: int = 0
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under headings, as many in each."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One of the card's sections: sentences to read, then tables, then texts to be taken as they are."""

    key: str
    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    code: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """A card; `front` are its facts for programs, as the hub's front matter names them."""

    title: str
    front: Mapping[str, Any]
    sections: tuple[Section, ...]


def describe_card(card: Card) -> dict[str, Any]:
    """The card for programs and for the desk: plain texts, nothing escaped."""
    return {
        "title": card.title,
        "front": dict(card.front),
        "sections": [
            {
                "key": section.key,
                "title": section.title,
                "sentences": list(section.sentences),
                "tables": [
                    {
                        "title": table.title,
                        "headings": list(table.headings),
                        "rows": [list(r) for r in table.rows],
                    }
                    for table in section.tables
                ],
                "code": list(section.code),
            }
            for section in card.sections
        ],
    }


def known(text: object) -> str:
    """The text, or that it is not known."""
    return str(text) if text not in (None, "", 0) else NOT_KNOWN


def name_values(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values of a mapping as rows of a table; what lies deeper by its path."""
    for key, value in told.items():
        if isinstance(value, Mapping):
            yield from ((f"{key} {deeper}", text) for deeper, text in name_values(value))
        elif isinstance(value, list | tuple):
            yield key, ", ".join(map(str, value)) or "none"
        else:
            yield key, show_value(value)


def show_value(value: object) -> str:
    """A plain value as people read it."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)
