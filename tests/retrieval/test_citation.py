"""Citations come from fields, in the collection's own preferred form where it has one."""

from __future__ import annotations

import pytest

from retrieval.citation import cite
from retrieval.records import Record


def make(**changes: object) -> Record:
    fields: dict[str, object] = {
        "id": "m/1", "collection_id": "m", "level": "item", "title": "Ellen Marsh to Ruth", "dates": "3 June 1905",
        "collection": "Marsh Papers", "call_number": "MS 101", "repository": "Harrow Point", "container": "Box 3, Folder 4",
    }  # fmt: skip
    return Record(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("template", "citation"),
    [
        ("", "Ellen Marsh to Ruth, 3 June 1905, Box 3, Folder 4, Marsh Papers, MS 101, Harrow Point."),
        (
            "[Identification of item], Marsh Papers, MS 101, Harrow Point.",
            "Ellen Marsh to Ruth, 3 June 1905, Box 3, Folder 4, Marsh Papers, MS 101, Harrow Point.",
        ),
        (
            "[Identification of item], [date], Marsh Papers, MS 101, Box [number], Folder [number], Harrow Point",
            "Ellen Marsh to Ruth, 3 June 1905, Marsh Papers, MS 101, Box 3, Folder 4, Harrow Point.",
        ),
        (
            "Preferred citation: [Item], [unit number], Marsh Papers. Harrow Point.",
            "Ellen Marsh to Ruth, 3 June 1905, Box 3, Folder 4, Marsh Papers. Harrow Point.",
        ),
        (
            "Cite as: [item, folder title, box number], Marsh Papers",
            "Ellen Marsh to Ruth, 3 June 1905, Box 3, Folder 4, Marsh Papers.",
        ),
        (
            "Marsh Papers, Harrow Point",
            "Ellen Marsh to Ruth, 3 June 1905, Box 3, Folder 4, Marsh Papers, Harrow Point.",
        ),
    ],
)
def test_templates(template: str, citation: str) -> None:
    assert cite(make(preferred_citation=template)) == citation


def test_what_a_record_does_not_have_is_left_out() -> None:
    template = "[Identification of item], [date], Marsh Papers, Box [number], Harrow Point"
    assert (
        cite(make(preferred_citation=template, dates="", container=""))
        == "Ellen Marsh to Ruth, Marsh Papers, Harrow Point."
    )


def test_a_collection_is_cited_without_an_item() -> None:
    record = make(level="collection", title="Marsh Papers", container="", dates="1870-1920")
    assert cite(record) == "Marsh Papers, 1870-1920, MS 101, Harrow Point."
    template = "[Identification of item], Marsh Papers, MS 101, Harrow Point"
    assert (
        cite(make(level="collection", container="", preferred_citation=template))
        == "Marsh Papers, MS 101, Harrow Point."
    )
