"""People, families and bodies from EAC-CPF: description without holdings."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.passages import cut_record
from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file, read_sources
from retrieval.store.reading import Reading

CATALOGUE = Path(__file__).parent / "catalogue"


def read_text(tmp_path: Path, text: str, name: str = "vane.xml") -> Reading:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return read_file(file, SourceOptions())


def read_one(tmp_path: Path, names: str, description: str = "", rest: str = "") -> Record:
    reading = read_text(
        tmp_path,
        "<eac-cpf xmlns='urn:isbn:1-931666-33-4' xmlns:xlink='http://www.w3.org/1999/xlink'>"
        "<control><recordId>v1</recordId><maintenanceHistory><maintenanceEvent><agent>A. Clerk</agent></maintenanceEvent>"
        "</maintenanceHistory></control><cpfDescription><identity><entityType>person</entityType>"
        f"{names}</identity><description>{description}</description>{rest}</cpfDescription></eac-cpf>",
    )
    assert (reading.format, reading.problems) == ("eac-cpf", ())
    return reading.records[-1]


def test_a_real_person_is_a_biography_under_the_authority_file() -> None:
    top, walcott = read_file(CATALOGUE / "walcott.xml", SourceOptions()).records
    assert (top.id, top.level, top.repository) == (
        "People-families-and-organisations/collection",
        "collection",
        "",
    )
    assert (walcott.id, walcott.level) == ("People-families-and-organisations/RU007004", "item")
    assert walcott.title == "Walcott, Charles D. (Charles Doolittle), 1850-1927"
    assert (walcott.dates, walcott.spans) == ("", ())
    assert walcott.names == (
        "Walcott, Charles D. (Charles Doolittle), 1850-1927", "Walcott, Charles D., 1850-1927",
        "Walcott, Charles D.", "Walcott, Charles Doolittle", "Walcott, C. D.",
    )  # fmt: skip
    assert walcott.identifiers == ("RU007004", "SIA RU007004")
    assert walcott.repository == "Smithsonian Institution Archives"
    assert walcott.places[0] == "New York Mills (N. Y.)"
    lines = walcott.text.splitlines()
    assert lines[2:5] == [
        "Dates of existence: 1850-1927",
        "Occupation: Paleontologist",
        "Occupation: Geologist",
    ]
    assert "Birthplace: New York Mills (N. Y.)" in lines
    assert "Biography or history: March 31, 1850: Born in New York Mills, New York" in lines
    assert "Related: Agassiz, Louis, 1807-1873" in lines
    assert "Tammy Peters" not in walcott.text


def test_where_someone_was_born_stands_in_one_passage() -> None:
    walcott = read_file(CATALOGUE / "walcott.xml", SourceOptions()).records[1]
    assert any(
        "Charles D. Walcott (1850-1927) was born in New York Mills, New York" in passage.text
        for passage in cut_record(walcott)
    )


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("<nameEntry><part>Vane, Ada</part></nameEntry><nameEntry><part>Vane, Ada, 1871-1938</part><authorizedForm>lc</authorizedForm></nameEntry>",
         ("Vane, Ada, 1871-1938", "Vane, Ada")),
        ("<nameEntry><part localType='surname'>Vane</part><part localType='forename'>Ada</part><part localType='dates'>1871-1938</part></nameEntry>",
         ("Vane, Ada, 1871-1938",)),
        ("<nameEntry><part>Vane, A. B.1871-1938</part></nameEntry>", ("Vane, A. B., 1871-1938",)),
        ("<nameEntry><part>Vane, Ada</part></nameEntry><nameEntry><part>Vane, Ada.</part></nameEntry>", ("Vane, Ada",)),
        ("<nameEntryParallel><nameEntry><part>Толстой</part></nameEntry><nameEntry><part>Tolstoy</part></nameEntry></nameEntryParallel>",
         ("Толстой", "Tolstoy")),
    ],
    ids=range(5),
)  # fmt: skip
def test_names_in_every_form(tmp_path: Path, names: str, expected: tuple[str, ...]) -> None:
    vane = read_one(tmp_path, names)
    assert vane.names == expected
    assert vane.title == expected[0]


@pytest.mark.parametrize(
    ("description", "line"),
    [
        ("<existDates><dateRange><fromDate>1871</fromDate><toDate>1938</toDate></dateRange></existDates>", "Dates of existence: 1871-1938"),
        ("<existDates><date>1905</date></existDates>", "Dates of existence: 1905"),
        ("<place><placeRole>Residence</placeRole><placeEntry>Hull</placeEntry><dateRange><fromDate>1890</fromDate><toDate>1899</toDate></dateRange></place>",
         "Residence: Hull (1890-1899)"),
        ("<occupation><term>Teacher</term></occupation>", "Occupation: Teacher"),
        ("<functions><function><term>Schooling</term></function></functions>", "Function: Schooling"),
        ("<biogHist><p>Born in Hull.</p></biogHist>", "Biography or history: Born in Hull."),
        ("<biogHist><abstract>Teacher.</abstract><p>Born in Hull.</p></biogHist>", "Biography or history: Teacher."),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_life_is_told_in_lines(tmp_path: Path, description: str, line: str) -> None:
    assert (
        line
        in read_one(tmp_path, "<nameEntry><part>Vane, Ada</part></nameEntry>", description).text.splitlines()
    )


def test_relations_say_who_and_what(tmp_path: Path) -> None:
    vane = read_one(
        tmp_path,
        "<nameEntry><part>Vane, Ada</part></nameEntry>",
        rest="<relations><cpfRelation cpfRelationType='family' xlink:arcrole='http://x#childOf'><relationEntry>Vane, Peter</relationEntry></cpfRelation>"
        "<resourceRelation xlink:arcrole='creatorOf'><relationEntry>Vane papers, 1890-1912</relationEntry></resourceRelation>"
        "<resourceRelation xlink:arcrole='referencedIn'><relationEntry>Holt papers</relationEntry></resourceRelation>"
        "<resourceRelation xlink:arcrole='creatorOf'><relationEntry>Vane papers, 1890-1912</relationEntry></resourceRelation></relations>",
    )
    assert vane.text.splitlines() == [
        "Person.", "Related: Vane, Peter (child of)", "Created: Vane papers, 1890-1912", "Material about: Holt papers",
    ]  # fmt: skip


def test_the_second_edition_is_read_too(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path,
        "<eac xmlns='https://archivists.org/ns/eac/v2'><control><recordId>v2</recordId></control><cpfDescription><identity>"
        "<entityType value='corporateBody'/><nameEntry preferredForm='true'><part>Vane Mill</part></nameEntry></identity>"
        "<relations><relation><targetEntity targetType='person'><part>Vane, Ada</part></targetEntity></relation></relations>"
        "</cpfDescription></eac>",
    )
    (_, mill) = reading.records
    assert (mill.id, mill.title) == ("People-families-and-organisations/v2", "Vane Mill")
    assert mill.text == "Organisation.\nRelated: Vane, Ada"


def test_many_files_make_one_authority_file(tmp_path: Path) -> None:
    for name in ("Ada", "Ruth"):
        text = f"<eac-cpf><cpfDescription><identity><nameEntry><part>Vane, {name}</part></nameEntry></identity></cpfDescription></eac-cpf>"
        (tmp_path / f"{name}.xml").write_text(text, encoding="utf-8")
    found = [record for reading in read_sources([tmp_path]) for record in reading.records]
    assert [record.id for record in found] == [
        "People-families-and-organisations/collection", "People-families-and-organisations/Ada",
        "People-families-and-organisations/Ruth",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<eac-cpf><control/></eac-cpf>", "names nobody"),
        ("<eac-cpf><cpfDescription><identity><nameEntry><part>Personal name</part></nameEntry></identity></cpfDescription></eac-cpf>", "names nobody"),
        ("<eac-cpf>", "is not well-formed XML"),
    ],
    ids=range(3),
)  # fmt: skip
def test_a_file_that_names_nobody_gives_one_line(tmp_path: Path, text: str, problem: str) -> None:
    reading = read_text(tmp_path, text)
    assert reading.records == ()
    (error,) = reading.problems
    assert error.problem.startswith(problem)
    assert error.remedy
