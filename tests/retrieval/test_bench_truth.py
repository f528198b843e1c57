"""The truth that the retrieval bench measures against: copies, generated questions, all matches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retrieval.spans import Span, of_years
from retrieval.store.reading import Reading
from tests.bench.retrieval_copies import enlarge
from tests.bench.retrieval_generated import Scan, make_by_name, make_by_topic
from tests.bench.retrieval_matches import find_letters, is_same, is_unsettled, key_of, make_wanted
from tests.retrieval.shelf import make_record

AID = [
    make_record(id="ms1", level="collection", title="Marsh papers", names=("Marsh, Ellen", "Hale, Otto, 1871-1938")),
    make_record(
        id="ms1/1", parent_id="ms1", level="file", title="Marsh, Ellen: letters on orchard grafting", dates="1904-1905",
        spans=(Span("1904-02-29", "1905-12-31"),), text="Ellen Marsh and Otto Hale in the 1900s; 12345 apples.",
    ),
    make_record(
        id="ms1/2", parent_id="ms1", level="file", title="Hale, Otto", dates="1905", spans=of_years((1905, 1905)),
        breadcrumb=("Marsh papers", "Correspondence"),
    ),
]  # fmt: skip


def test_copies_have_other_names_and_earlier_years() -> None:
    inventory = Reading(Path("a.csv"), "csv", (make_record(id="x"),))
    made = list(enlarge([Reading(Path("a.xml"), "ead2002", tuple(AID)), inventory], 12))
    assert [len(reading.records) for reading in made] == [3, 1, 3, 3, 3]
    assert [str(reading.path) for reading in made[2:4]] == ["copy1/a.xml", "copy2/a.xml"]
    copy = made[2].records[1]
    assert (copy.id, copy.parent_id, copy.collection_id) == ("copy1/ms1/1", "copy1/ms1", "copy1/ms1")
    assert (copy.dates, copy.spans) == ("1884-1885", (Span("1884-02-29", "1885-12-31"),))
    assert made[4].records[1].spans[0].first == "1844-02-29"
    assert copy.text.endswith("in the 1880s; 12345 apples.")
    seen = {word for reading in made[2:] for word in reading.records[1].text.split()[:2]}
    assert seen <= {"Ellen", "Otto", "Marsh", "Hale"}
    assert made[2].records == next(r for r in enlarge(made[:1], 6) if str(r.path) == "copy1/a.xml").records


def test_a_scan_knows_who_wrote_in_a_year() -> None:
    scan = Scan(AID)
    assert scan.find(["marsh", "ellen"], 1905, letters=True) == {1}
    assert scan.find(["hale", "otto"], 1905, letters=True) == {1, 2}
    assert scan.find(["hale", "otto"], 1904, letters=True) == {1}
    assert scan.find(["hale", "otto"], 1906, letters=True) == frozenset()
    assert scan.find(["orchard", "grafting"], 1904, letters=False) == {1}


def test_dates_of_what_a_component_belongs_to_are_no_strict_answer() -> None:
    undated = replace(AID[2], id="ms1/3", dates_inherited=True)
    whole = replace(AID[2], id="ms2", level="collection")
    scan = Scan([*AID, undated, whole])
    assert scan.find(["hale", "otto"], 1905, letters=True) == {1, 2}
    made = scan.make("Letters of Otto Hale of 1905?", ["hale", "otto"], 1905, letters=True)
    assert (set(made.relevant), set(made.loosely)) == ({1, 2}, {1, 2, 3})


def test_generated_questions_name_what_stands_in_a_title() -> None:
    scan = Scan(AID)
    by_name = {made.text: made.relevant for made in make_by_name(AID, scan, 9)}
    assert len(by_name) == 2
    assert all(1 in relevant for relevant in by_name.values())
    assert any("Otto Hale" in text and "1905" in text for text in by_name)
    assert list(make_by_topic(AID, scan, 9)) == []


@pytest.mark.parametrize(
    ("title", "dates", "sender", "recipient"),
    [
        ("W[illia]m H[oward] Taft TLS to Harry Goddard; Washington", "1905 April 6", "william howard taft", "harry goddard"),
        ("Karl Kraus an Arthur Schnitzler, Wien, 31. 10. 1892", "1892-10-31", "karl kraus", "arthur schnitzler"),
        ("Marsh, Ellen. ALS to Ruth Calloway; Long Acre, 9 August 1903", "", "ellen marsh", "ruth calloway"),
        ("1902 June 23. Woodrow Wilson ALsS to E. R. L. Gould", "1902 June 23", "woodrow wilson", "e r l gould"),
        ("Thomas Parke ADfS to Humphrey Marshal [Humphry Marshall], 1790", "", "thomas parke", "humphry marshall"),
    ],
)  # fmt: skip
def test_a_title_says_who_wrote_to_whom(title: str, dates: str, sender: str, recipient: str) -> None:
    [letter] = find_letters([make_record(title=title, dates=dates)])
    assert (" ".join(letter.sender), " ".join(letter.recipient)) == (sender, recipient)


@pytest.mark.parametrize(
    ("title", "dates"),
    [
        ("Ellen Marsh to Thomas Marsh", "1904-1905"),
        ("Ellen Marsh to Thomas Marsh", ""),
        ("The Committee to Save the Bridge", "1905"),
        ("Ellen and Otto Marsh to Thomas Marsh", "1905"),
        ("Parade on Main Street", "1905"),
    ],
)
def test_a_title_that_does_not(title: str, dates: str) -> None:
    assert find_letters([make_record(title=title, dates=dates)]) == []


def test_all_that_one_person_wrote_in_a_year() -> None:
    records = [
        make_record(id=str(number), title=title, dates=dates, text=text)
        for number, (title, dates, text) in enumerate(
            [
                ("Ellen Marsh ALS to Otto Hale", "1905 May 1", ""),
                ("E. Marsh to Thomas Reed", "1905 June 1", "The flood."),
                ("E. Marsh to Thomas Reed", "1905 June 1", "The flood."),
                ("Ellen Marsh to Otto Hale", "1906 May 1", ""),
                ("Thomas Marsh to Otto Hale", "1905 May 1", ""),
                ("Ruth Vance to Ada Finch", "1907", ""),
                ("Ruth Vance ADf to Ada Finch", "1907 May 1", ""),
            ]
        )
    ]
    wanted = {one.text: one.keys for one in make_wanted(find_letters(records), 20)}
    [keys] = {keys for text, keys in wanted.items() if "Ellen Marsh" in text}
    assert keys == {key_of(records[0]), key_of(records[1])}
    [ellen] = [one for one in make_wanted(find_letters(records), 20) if "Ellen Marsh" in one.text]
    married = make_record(title="Ellen Marsh Hale to Otto Hale", dates="1905")
    folder = make_record(
        level="file", title="Letters", breadcrumb=("Ellen Marsh papers",), spans=of_years((1904, 1906))
    )
    assert [is_unsettled(record, ellen) for record in (married, folder, records[3], AID[2])] == [
        True, True, False, False
    ]  # fmt: skip
    assert not any("Vance" in text for text in wanted), "a draft may be a letter or not"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("william howard taft", "w h taft", True),
        ("william taft", "william howard taft", True),
        ("william taft", "walter taft", False),
        ("william taft", "taft", False),
        ("w taft", "w hale", False),
    ],
)
def test_names_that_may_be_one_persons(one: str, other: str, same: bool) -> None:
    assert is_same(one.split(), other.split()) is same
