"""The same item in two formats: what makes two descriptions one, and what keeps them apart."""

from __future__ import annotations

from typing import Any

import pytest

from retrieval.ranking.duplicates import find_duplicates
from retrieval.records import Record
from retrieval.spans import Span, of_years
from tests.retrieval.shelf import make_record

DAY, NEXT_DAY = (Span("1905-05-22", "1905-05-22"),), (Span("1905-05-23", "1905-05-23"),)


def describe(source: str, **fields: Any) -> Record:
    plain: dict[str, Any] = {
        "id": source, "source": source, "title": "View of the harbour from the old mill", "spans": of_years((1905, 1905)),
        "collection": "Harbour views", "call_number": "",
    }  # fmt: skip
    return make_record(**{**plain, **fields})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"title": "View of the harbour from the old mill, 1905"}, {}),
        ({"collection": "Photographs of the town"}, {}),
        ({"title": "Harbour"}, {"title": "Harbour"}),
        (
            {"title": "Vane to Marsh", "spans": DAY, "container": "Box 3", "collection": "A"},
            {"title": "Vane to Marsh", "spans": DAY, "container": "Box 3", "collection": "A, inventory"},
        ),
        ({"spans": DAY}, {}),
        ({"identifiers": ("ark:/99999/x1",)}, {"identifiers": ("ark:/99999/x1",), "title": "Untitled"}),
        (
            {"title": "Harbour", "collection": "A", "call_number": "PH 7"},
            {"title": "Harbour", "collection": "B", "call_number": "ph.7"},
        ),
        (
            {"level": "collection", "title": "Marsh family papers"},
            {"level": "collection", "title": "The Marsh Family Papers", "collection": "Catalogue"},
        ),
    ],
)
def test_one_item_twice(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert find_duplicates([describe("a.xml", **one), describe("b.mrc", **other)]) == [0, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"spans": of_years((1906, 1906))}, {}),
        ({"title": "Correspondence", "collection": "A"}, {"title": "Correspondence", "collection": "B"}),
        ({"spans": DAY}, {"spans": NEXT_DAY}),
        ({"container": "Box 1"}, {"container": "Box 2"}),
        ({"identifiers": ("1",), "title": "Nets"}, {"identifiers": ("1",), "title": "Sails"}),
        ({"level": "collection"}, {}),
    ],
)
def test_two_items(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert find_duplicates([describe("a.xml", **one), describe("b.mrc", **other)]) == [0, 1]


def test_folders_of_one_finding_aid_are_two_folders() -> None:
    assert find_duplicates([describe("a.xml", id="a/1"), describe("a.xml", id="a/2")]) == [0, 1]


def test_each_stands_for_those_behind_it() -> None:
    nets = {"title": "Nets drying on the harbour wall"}
    records = [describe("a"), describe("b", **nets), describe("c"), describe("d", **nets), describe("e")]
    assert find_duplicates(records) == [0, 1, 0, 1, 0]
