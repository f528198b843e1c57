"""A few made-up collections as records, for tests of the index."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from retrieval.embedding import Embedder
from retrieval.errors import SourceError
from retrieval.records import Record
from retrieval.spans import of_years
from retrieval.store.builder import Built, build_index
from retrieval.store.reading import Reading

MARSH, BAND = "Marsh family papers", "Town band photographs"


def make_record(**fields: Any) -> Record:
    """A record with the fields given and plain ones for what must not be empty."""
    plain: dict[str, Any] = {
        "id": "ms1/x", "collection_id": "ms1", "level": "item", "title": "A title", "collection": MARSH,
        "call_number": "MS 1", "repository": "Harbour Library",
    }  # fmt: skip
    return Record(**{**plain, **fields})


def _letter(number: int, title: str, dates: str, years: tuple[int, int] | None, text: str = "") -> Record:
    return make_record(
        id=f"ms1/{number}", parent_id="ms1/letters", title=title, dates=dates, spans=of_years(years), text=text,
        breadcrumb=(MARSH, "Correspondence"), container=f"Box 2, Folder {number}", position=number,
    )  # fmt: skip


def shelf_records() -> list[Record]:
    """Two collections: a family's letters, some with only a date for a title, and photographs."""
    marsh = make_record(
        id="ms1", level="collection", title=MARSH, dates="1850-1940", spans=of_years((1850, 1940)),
        extent="4.5 linear feet (9 boxes)", creator="Marsh family", subjects=("Women's suffrage",),
        access="Open for research.", access_from=MARSH,
        text="Papers of a family of mill owners.\nEllen Marsh (1871-1938) was born in Harrow Point and taught "
        "school there until 1909.\nThe railway strike of 1894 is well documented.",
    )  # fmt: skip
    letters = make_record(
        id="ms1/letters", parent_id="ms1", level="series", title="Correspondence", dates="1880-1930",
        spans=of_years((1880, 1930)), breadcrumb=(MARSH,), position=1,
    )  # fmt: skip
    clara = make_record(
        id="ms1/clara", parent_id="ms1/letters", level="series", title="Clara Wadley papers",
        dates="1874-1920", spans=of_years((1874, 1920)), breadcrumb=(MARSH, "Correspondence"), position=9,
    )  # fmt: skip
    folders = [
        make_record(
            id=f"ms1/clara/{number}",
            parent_id="ms1/clara",
            level="file",
            title=title,
            dates=title,
            spans=of_years((year, year)),
            position=number,
            breadcrumb=(MARSH, "Correspondence", "Clara Wadley papers"),
        )  # fmt: skip
        for number, (title, year) in enumerate(
            [("1904, July-December", 1904), ("1905, January-June", 1905), ("1905, July-December", 1905)]
        )
    ]
    band = make_record(
        id="ph2", collection_id="ph2", collection=BAND, level="collection", title=BAND, dates="1970-1980",
        spans=of_years((1970, 1980)), call_number="PH.00002", text="Photographs of the town band on parade.",
    )  # fmt: skip
    parade = make_record(
        id="ph2/1", collection_id="ph2", collection=BAND, parent_id="ph2", title="Parade on Main Street",
        dates="1975", spans=of_years((1975, 1975)), call_number="PH.00002", breadcrumb=(BAND,), names=("Vance, Otto",),
    )  # fmt: skip
    return [
        marsh,
        letters,
        _letter(1, "W[illia]m H[oward] Taft TLS to Harry Goddard", "1905 April 6", (1905, 1905)),
        _letter(2, "W[illia]m H[oward] Taft TLS to Harry Goddard", "1912 May 1", (1912, 1912)),
        _letter(
            3, "Ellen Marsh ALS to Thomas Marsh", "1905 March 14", (1905, 1905), "The flood at the mill."
        ),
        _letter(4, "Ellen Marsh ALS to Thomas Marsh", "1894 July 2", (1894, 1894), "Trains have stopped."),
        _letter(5, "Ellen Marsh ALS to Thomas Marsh", "", None, "The orchard and the new bridge."),
        clara,
        *folders,
        band,
        parade,
    ]


def shelf_readings(records: Sequence[Record] | None = None) -> list[Reading]:
    """The shelf as a reader would give it, with one file that could not be read."""
    broken = SourceError("broken.xml", "is not well formed", line=3, remedy="close the tag")
    given = shelf_records() if records is None else records
    return [
        Reading(Path("marsh.xml"), "ead2002", tuple(r for r in given if r.collection_id == "ms1")),
        Reading(Path("broken.xml"), "", (), (broken,)),
        Reading(Path("band.csv"), "csv", tuple(r for r in given if r.collection_id == "ph2")),
    ]


def build_shelf(root: Path, embedder: Embedder, records: Sequence[Record] | None = None) -> Built:
    """Build a snapshot of the shelf in `root`."""
    return build_index(root, shelf_readings(records), embedder, lambda step, done, total=None: None)
