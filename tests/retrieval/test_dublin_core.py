"""Dublin Core in its several wrappers, to exact fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.formats.rights import name_rights, split_rights
from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file
from retrieval.store.reading import Reading

OAI_DC = (
    'xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)
TERMS = 'xmlns:dcterms="http://purl.org/dc/terms/"'


def read_text(tmp_path: Path, text: str, name: str = "photographs/mill.xml") -> Reading:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return read_file(file, SourceOptions(), root=tmp_path)


def read_one(tmp_path: Path, inside: str) -> Record:
    reading = read_text(tmp_path, f"<oai_dc:dc {OAI_DC} {TERMS}>{inside}</oai_dc:dc>")
    assert reading.problems == ()
    assert reading.format == "dublin core"
    return reading.records[-1]


def test_a_description_fills_the_record(tmp_path: Path) -> None:
    top, item = read_text(
        tmp_path,
        f"""<oai_dc:dc {OAI_DC}><dc:title>The mill in flood</dc:title><dc:creator>Vane, Ada</dc:creator>
        <dc:contributor>Holt, Ruth; Marsh, Peter</dc:contributor><dc:date>1905-12</dc:date>
        <dc:subject>Mills; Floods; Railways -- Bridges</dc:subject><dc:type>Photographs</dc:type>
        <dc:description>View from the bridge.</dc:description><dc:coverage>Harrow Point (Me.)</dc:coverage>
        <dc:coverage>1900-1910</dc:coverage><dc:format>image/jpeg</dc:format><dc:format>1 photograph ; 20 x 25 cm</dc:format>
        <dc:identifier>P.1905.12</dc:identifier><dc:identifier>https://photos.example.org/item/12</dc:identifier>
        <dc:relation>Is part of: Vane family photographs</dc:relation><dc:source>Box 3, Folder 2</dc:source>
        <dc:language>en-US</dc:language><dc:rights>http://rightsstatements.org/vocab/NKC/1.0/</dc:rights></oai_dc:dc>""",
    ).records
    assert (top.id, top.level, top.title) == (
        "Vane-family-photographs/collection", "collection", "Vane family photographs",
    )  # fmt: skip
    assert item == Record(
        id="Vane-family-photographs/P.1905.12",
        collection_id="Vane-family-photographs",
        level="item",
        title="The mill in flood",
        collection="Vane family photographs",
        breadcrumb=("Vane family photographs",),
        parent_id="Vane-family-photographs/collection",
        position=1,
        dates="1905-12",
        spans=item.spans,
        call_number="P.1905.12",
        identifiers=("P.1905.12",),
        container="Box 3, Folder 2",
        container_origin="stated",
        creator="Vane, Ada",
        names=("Vane, Ada", "Holt, Ruth", "Marsh, Peter"),
        places=("Harrow Point (Me.)",),
        subjects=("Mills", "Floods", "Railways -- Bridges", "Photographs"),
        language="English",
        extent="1 photograph; 20 x 25 cm",
        use="No known copyright (http://rightsstatements.org/vocab/NKC/1.0/)",
        text="View from the bridge.\nPeriod covered: 1900-1910",
        link="https://photos.example.org/item/12",
        source="photographs/mill.xml",
    )
    assert [(span.first, span.last) for span in item.spans] == [("1905-12-01", "1905-12-31")]


@pytest.mark.parametrize(
    ("inside", "field", "value"),
    [
        ("<dcterms:isPartOf>Vane papers</dcterms:isPartOf>", "collection", "Vane papers"),
        ("<dc:relation>Vane family papers, MSS 12</dc:relation>", "collection", "Vane family papers, MSS 12"),
        ("<dc:relation>https://example.org/vane</dc:relation>", "collection", "Photographs"),
        ("<dc:relation>Sequel to the first letter</dc:relation>", "text", "Related: Sequel to the first letter"),
        ("<dc:source>Vane papers, Box 2, Folder 9</dc:source>", "container", "Box 2, Folder 9"),
        ("<dc:source>Vane papers, Box 2, Folder 9</dc:source>", "collection", "Vane papers"),
        ("<dcterms:spatial>Hull; Leeds</dcterms:spatial>", "places", ("Hull", "Leeds")),
        ("<dc:coverage>53.74, -0.33</dc:coverage>", "places", ()),
        ("<dc:date>2018-05-03T18:09:08Z</dc:date><dc:date>circa 1905</dc:date>", "dates", "circa 1905"),
        ("<dcterms:issued>2010</dcterms:issued><dcterms:created>1894</dcterms:created>", "dates", "1894"),
        ("<dc:date>undated</dc:date>", "dates", "undated"),
        ("<dcterms:accessRights>Closed until 2040.</dcterms:accessRights>", "access", "Closed until 2040."),
        ("<dc:rights>info:eu-repo/semantics/embargoedAccess</dc:rights>"
         "<dc:rights>info:eu-repo/date/embargoEnd/2040-01-01</dc:rights>", "access", "Embargoed access. Embargo until 2040-01-01."),
        ("<dc:type>StillImage</dc:type><dc:type>Text</dc:type>", "subjects", ("Still Image",)),
        ("<dc:type>http://purl.org/dc/dcmitype/StillImage</dc:type>", "subjects", ("Still Image",)),
        ("<dc:identifier>ark:/12345/x8</dc:identifier>", "identifiers", ("ark:/12345/x8",)),
        ("<dc:identifier>scan0012.jpg</dc:identifier>", "call_number", ""),
        ("<dc:identifier>https://x.example.org/thumb/1.jpg</dc:identifier><dc:identifier>https://x.example.org/item/1</dc:identifier>",
         "link", "https://x.example.org/item/1"),
        ("<dc:creator>Creator</dc:creator><dc:creator>N/A</dc:creator>", "creator", ""),
        ("<dc:description>Lorem ipsum dolor sit amet.</dc:description>", "text", ""),
        ("<dc:description>&lt;script&gt;alert(1)&lt;/script&gt; &lt;|im_start|&gt;</dc:description>", "text", "<script>alert(1)</script> <|im_start|>"),
        ("<dc:format>Photographs</dc:format><dc:format>8 x 10 in.</dc:format>", "extent", "8 x 10 in."),
        ("<dc:identifier>Cite as: [Title], Vane photographs.</dc:identifier>", "preferred_citation", "Cite as: [Title], Vane photographs."),
        ("<dc:language>eng; fre</dc:language>", "language", "English, French"),
        ("<dc:title>Second</dc:title>", "text", "Other title: Second"),
    ],
)  # fmt: skip
def test_what_elements_mean(tmp_path: Path, inside: str, field: str, value: object) -> None:
    assert getattr(read_one(tmp_path, f"<dc:title>Mill</dc:title>{inside}"), field) == value


@pytest.mark.parametrize(
    "text",
    [
        "<dc><title>Mill</title><date>1905</date></dc>",
        f"<metadata {OAI_DC}><dc:title>Mill</dc:title><dc:date>1905</dc:date></metadata>",
        f"<records {OAI_DC}><record><dc:title>Mill</dc:title><dc:date>1905</dc:date></record></records>",
        f"<qdc:qualifieddc xmlns:qdc='urn:q' {OAI_DC} {TERMS}><dc:title>Mill</dc:title><dcterms:created>1905</dcterms:created></qdc:qualifieddc>",
        "<dublin_core><dcvalue element='title' qualifier='none'>Mill</dcvalue><dcvalue element='date' qualifier='issued'>1905</dcvalue></dublin_core>",
        f"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' {OAI_DC}><rdf:Description><dc:title>Mill</dc:title><dc:date>1905</dc:date></rdf:Description></rdf:RDF>",
    ],
    ids=["no namespace", "metadata", "records", "qualified", "dspace", "rdf"],
)  # fmt: skip
def test_every_wrapper_is_known(tmp_path: Path, text: str) -> None:
    reading = read_text(tmp_path, text)
    assert reading.problems == ()
    assert [(record.title, record.dates) for record in reading.records] == [
        ("Photographs", ""),
        ("Mill", "1905"),
    ]


def test_an_empty_description_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    reading = read_text(
        tmp_path,
        f"<records {OAI_DC}><record><dc:title>Mill</dc:title></record><record><dc:title>N/A</dc:title></record></records>",
        "photographs/list.xml",
    )
    assert [record.id for record in reading.records][0] == "list/collection"
    assert [record.title for record in reading.records] == ["List", "Mill"]
    assert [problem.problem for problem in reading.problems] == ["record 2 has no title and no description"]


def test_a_file_of_empty_descriptions_is_reported(tmp_path: Path) -> None:
    reading = read_text(tmp_path, f"<oai_dc:dc {OAI_DC}><dc:title/></oai_dc:dc>")
    assert (reading.records, [error.problem for error in reading.problems]) == ((), ["describes nothing"])


@pytest.mark.parametrize(
    ("statement", "access", "use"),
    [
        ("Open for research.", "Open for research.", ""),
        ("Closed until 2040.", "Closed until 2040.", ""),
        ("Open without restrictions.", "Open without restrictions.", ""),
        ("The fonds is open.", "The fonds is open.", ""),
        ("Copyright J. Vane. Access restricted until 2040.", "Copyright J. Vane. Access restricted until 2040.", "Copyright J. Vane. Access restricted until 2040."),
        ("Copyright Vane College. Available for use in research and teaching.", "", "Copyright Vane College. Available for use in research and teaching."),
        ("Use restricted to educational purposes.", "", "Use restricted to educational purposes."),
        ("info:eu-repo/semantics/closedAccess", "Closed access.", ""),
        ("https://creativecommons.org/licenses/by-nc/4.0/", "", "CC BY-NC 4.0 (https://creativecommons.org/licenses/by-nc/4.0/)"),
    ],
)  # fmt: skip
def test_access_and_use_are_told_apart(statement: str, access: str, use: str) -> None:
    assert split_rights([statement]) == (access, use)


def test_an_unknown_address_stays_an_address() -> None:
    assert name_rights("https://example.org/terms") == "https://example.org/terms"
