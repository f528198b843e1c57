"""Inventories in CSV and TSV."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import SourceError
from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file
from retrieval.spans import Span
from retrieval.store.reading import Reading

DATA = Path(__file__).parent / "data"


def read_text(tmp_path: Path, text: str | bytes, name: str = "photo_inventory.csv") -> Reading:
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_file(file, SourceOptions())


def lines(reading: Reading) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.problem) for problem in reading.problems]


def test_plain_headers_are_understood_as_they_are(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path,
        "Photo No.,Title,Date,Photographer,Description,Box,Folder,Extent,Restrictions,Subjects,URL\n"
        'PH-1,"Bridge, with flood",1927 November 4,Leander Frayne,"Taken from\\nthe mill.",5,2,1 print,'
        "Closed until 2030.,Bridges; Floods | Mills,https://example.org/1\n",
    )
    assert reading.problems == ()
    top, row = reading.records
    assert (top.id, top.level, top.title) == ("photo_inventory/collection", "collection", "Photo inventory")
    assert row == Record(
        id="photo_inventory/PH-1",
        collection_id="photo_inventory",
        level="file",
        title="Bridge, with flood",
        collection="Photo inventory",
        breadcrumb=("Photo inventory",),
        parent_id="photo_inventory/collection",
        position=1,
        dates="1927 November 4",
        spans=(Span("1927-11-04", "1927-11-04"),),
        container="Box 5, Folder 2",
        container_origin="stated",
        creator="Leander Frayne",
        names=("Leander Frayne",),
        subjects=("Bridges", "Floods", "Mills"),
        extent="1 print",
        access="Closed until 2030.",
        access_from="Bridge, with flood",
        text="Taken from the mill.",
        link="https://example.org/1",
        source="photo_inventory.csv",
    )


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("\ufeffid;title;box\n7;Café;Box 3\n".encode(), "a.csv"),
        ("id\ttitle\tbox\n7\tCafé\t3\n".encode(), "a.tsv"),
        ("id|title|box\n7|Café|3\n".encode(), "a.csv"),
        ("id,title,box\r\n7,Café,3\r\n".encode("utf-16"), "a.csv"),
        ("Inventory of the Harbour Office,,\n,,\nid,title,box\n7,Café,3,\n".encode(), "a.csv"),
    ],
)
def test_delimiters_marks_and_title_lines_are_sniffed(tmp_path: Path, raw: bytes, name: str) -> None:
    reading = read_text(tmp_path, raw, name)
    assert reading.problems == ()
    assert [(r.id.split("/")[1], r.title, r.container) for r in reading.records[1:]] == [
        ("7", "Café", "Box 3")
    ]
    assert reading.records[0].title == ("Inventory of the Harbour Office" if b"Harbour" in raw else "A")


def test_windows_text_is_read_and_said_so(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "id,title\n1,Plain\n2,Café “Bleu”\n".encode("cp1252"))
    assert reading.records[2].title == "Café “Bleu”"
    assert lines(reading) == [(3, "is not UTF-8 and was read as Windows-1252")]


def test_ragged_and_broken_rows_are_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path, 'id,title,box\n1,One,1\n2,Two,1,extra\n3,Three\n\n4,"Four" x,1\n5,"Five\nand a half",2\n'
    )
    assert [record.title for record in reading.records[1:]] == ["One", "Five and a half"]
    problems = lines(reading)
    assert problems[0] == (6, "row has broken quotes (',' expected after '\"')")
    assert problems[1:] == [
        (3, "row has 4 cells where the headers have 3"),
        (4, "row has 2 cells where the headers have 3"),
    ]


def test_many_bad_rows_are_summed_up(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "id,title\n" + "1,One,extra\n" * 50 + "2,Two\n")
    assert len(reading.problems) == 21
    assert reading.problems[-1].problem == "has 30 more rows with such trouble"
    assert [record.title for record in reading.records[1:]] == ["Two"]


def test_spreadsheet_serials_are_no_dates(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "id,title,date\n1,One,29640\n2,Two,1905\n")
    assert [(r.dates, r.years) for r in reading.records[1:]] == [("", None), ("1905", (1905, 1905))]
    assert lines(reading) == [(2, "date 29640 is a spreadsheet serial and was left out")]


def test_unknown_headers_are_named_with_the_remedy(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "alpha,beta\n1,2\n")
    assert reading.records == ()
    (problem,) = reading.problems
    assert str(problem) == (
        f"{tmp_path / 'photo_inventory.csv'}:1: has no column known as a title or description; its headers are "
        "'alpha', 'beta' (write photo_inventory.columns.toml beside it, with [columns] and title = \"...\")"
    )


@pytest.mark.parametrize(
    ("toml", "found"),
    [
        (
            '[columns]\ntitle = "gamma"\n',
            "has no column 'gamma', which its mapping names; its headers are 'alpha', 'beta'",
        ),
        ('[columns]\nheading = "alpha"\n', "sets columns.heading, which means nothing here"),
        ("[columns]\ntitle = 3\n", "columns.title is 3"),
        ('colour = "red"\n', "sets colour, which means nothing here"),
        ("[columns\n", "is not valid TOML: "),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(tmp_path: Path, toml: str, found: str) -> None:
    (tmp_path / "columns.toml").write_text(toml)
    reading = read_text(tmp_path, "alpha,beta\n1,2\n")
    assert reading.records == ()
    assert found in reading.problems[0].problem


def test_a_mapping_makes_a_transcribed_list_readable() -> None:
    reading = read_file(DATA / "stevedores.csv", SourceOptions(carry_containers=True))
    assert reading.problems == ()
    top = "Foremen Stevedores' Association records"
    got = [
        (r.id, r.level, r.heading, " > ".join(r.breadcrumb[1:]), r.container, r.container_origin)
        for r in reading.records
    ]
    second = "GROUP 2. CORRESPONDENCE"
    assert [row[1:] for row in got] == [
        ("collection", top, "", "", ""),
        ("series", "GROUP 1. MINUTES", "", "", ""),
        ("series", "Minute Books 1945-1965", "GROUP 1. MINUTES", "", ""),
        ("file", "Minute Book 1945-54, 27 Feb. 1945 - 29 Jan. 1954", "GROUP 1. MINUTES > Minute Books 1945-1965",
         "Unit 1", "stated"),
        ("series", second, "", "", ""),
        ("series", "Between branches", second, "", ""),
        ("file", "Munro to Scott, 17 Aug.1945", f"{second} > Between branches", "Units 13&14", "stated"),
        ("file", "Hains to Scott, 19 Aug. 1945", f"{second} > Between branches", "Units 13&14", "carried"),
        ("file", "Hains to Scott [ditto]. Re reply from R. Vane, 12 Oct. 1945", f"{second} > Between branches",
         "Units 13&14", "carried"),
    ]  # fmt: skip
    assert [row[0] for row in got[5:]] == ["MS-63/2-1", "MS-63/2-1-18", "MS-63/2-1-19", "MS-63/2-1-20"]
    last = reading.records[-1]
    assert last.names == ("Hains", "Scott")
    assert last.text == "Hains to Scott [ditto]. Re reply from R. Vane. 1p."
    assert (last.call_number, last.repository) == ("MS 63", "Harbour Archive")
    assert last.access == "Open, except Unit 20, which is closed until 2030."
    assert last.access_from == top


def test_a_column_of_collections_gives_each_its_own(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "collection,id,title\nOak papers,1,A\nElm papers,1,B\nOak papers,2,C\n")
    assert [(r.id, r.collection) for r in reading.records] == [
        ("Oak-papers/collection", "Oak papers"),
        ("Elm-papers/collection", "Elm papers"),
        ("Oak-papers/1", "Oak papers"),
        ("Elm-papers/1", "Elm papers"),
        ("Oak-papers/2", "Oak papers"),
    ]


def test_ditto_in_any_cell_is_written_out(tmp_path: Path) -> None:
    reading = read_text(tmp_path, 'id,title,date,box\n1,"Ledger, mill",1901,3\n2,Ditto,1902,"""\n')
    assert [(r.title, r.dates, r.container) for r in reading.records[1:]] == [
        ("Ledger, mill", "1901", "Box 3")
    ]
    reading = read_text(tmp_path, 'id,title,date,box\n1,"Ledger, mill",1901,3\n2,Ditto,1902,ditto\n')
    assert [(r.title, r.dates, r.container) for r in reading.records[1:]] == [
        ("Ledger, mill", "1901", "Box 3"),
        ("Ledger, mill [ditto]", "1902", "Box 3"),
    ]


def test_headers_alone_make_an_empty_collection_and_a_remark(tmp_path: Path) -> None:
    reading = read_text(tmp_path, "id,title\n")
    assert [record.level for record in reading.records] == ["collection"]
    assert lines(reading) == [(1, "has headers but no rows")]
    assert isinstance(reading.problems[0], SourceError)


def test_longer_headers_are_understood_by_a_telling_word_and_private_columns_left_out(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path,
        "Object No,Object Name,Title,Photographer / Maker,Date Made,Store Location,Access Note,Donor,Valuation\n"
        '1931.4.4,glass negative,Wreck of the Hedvig,"Trevanion, Enoch",8 February 1904,"Store A, Box 1",'
        "By appointment.,A. Donor,400 pounds\n",
    )
    assert reading.problems == ()
    row = reading.records[1]
    assert (row.id, row.title, row.creator) == (
        "photo_inventory/1931.4.4",
        "Wreck of the Hedvig",
        "Trevanion, Enoch",
    )
    assert (row.dates, row.spans) == ("8 February 1904", (Span("1904-02-08", "1904-02-08"),))
    assert (row.container, row.access, row.subjects) == (
        "Store A, Box 1",
        "By appointment.",
        ("glass negative",),
    )
    assert not any(private in repr(row) for private in ("Donor", "400"))
