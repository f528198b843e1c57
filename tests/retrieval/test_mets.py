"""METS with its ALTO pages: an issue of a newspaper as published, and what goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file, read_sources
from retrieval.spans import Span
from retrieval.store.reading import Reading

DATA = Path(__file__).parent / "digital"
XLINK = 'xmlns="http://www.loc.gov/METS/" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mods="http://www.loc.gov/mods/v3"'
MODS = (
    '<dmdSec ID="d"><mdWrap MDTYPE="MODS"><xmlData><mods:mods><mods:titleInfo><mods:nonSort>The</mods:nonSort>'
    "<mods:title>log of the Swift</mods:title></mods:titleInfo><mods:name><mods:namePart>Vane, Peter</mods:namePart>"
    "<mods:role><mods:roleTerm>author</mods:roleTerm></mods:role></mods:name><mods:originInfo>"
    '<mods:place><mods:placeTerm type="text">Bath</mods:placeTerm></mods:place>'
    "<mods:dateCreated>circa 1841</mods:dateCreated></mods:originInfo><mods:language>"
    '<mods:languageTerm type="code">eng</mods:languageTerm></mods:language><mods:accessCondition type="status">Open'
    '</mods:accessCondition><mods:accessCondition type="player">63</mods:accessCondition><mods:accessCondition '
    'type="use and reproduction">http://creativecommons.org/licenses/by-nc/4.0/</mods:accessCondition>'
    '<mods:relatedItem type="host"><mods:titleInfo><mods:title>Vane papers</mods:title></mods:titleInfo>'
    "</mods:relatedItem><mods:location><mods:physicalLocation>Harbour Library</mods:physicalLocation>"
    "<mods:shelfLocator>MS 7</mods:shelfLocator></mods:location></mods:mods></xmlData></mdWrap></dmdSec>"
)


def write_alto(path: Path, *lines: str) -> Path:
    """A page with a text block of lines, each the inside of a TextLine."""
    inside = "".join(f"<TextLine>{line}</TextLine>" for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<alto><Layout><Page><PrintSpace><TextBlock>{inside}</TextBlock></PrintSpace></Page></Layout></alto>"
    )
    return path


def words(*texts: str) -> str:
    return "<SP/>".join(f'<String CONTENT="{text}"/>' for text in texts)


def write_mets(tmp_path: Path, *hrefs: str, labels: tuple[str, ...] = ("1", "2"), more: str = "") -> Path:
    """A METS of MODS that names these files as the text of its pages."""
    files = "".join(
        f'<file ID="f{n}" MIMETYPE="text/xml"><FLocat xlink:href="{href}"/></file>'
        for n, href in enumerate(hrefs)
    )
    images = "".join(
        f'<file ID="i{n}" MIMETYPE="image/jpeg"><FLocat xlink:href="https://pictures.example.org/{n}.jpg"/></file>'
        for n, _ in enumerate(hrefs)
    )
    pages = "".join(
        f'<div TYPE="page" ORDER="{n + 1}" ORDERLABEL="{label}"><fptr FILEID="i{n}"/><fptr FILEID="f{n}"/></div>'
        for n, label in zip(range(len(hrefs)), labels, strict=False)
    )
    file = tmp_path / "object.xml"
    file.write_text(
        f'<mets {XLINK} OBJID="swift">{MODS}<fileSec><fileGrp USE="ALTO">{files}</fileGrp>'
        f'<fileGrp USE="DEFAULT">{images}</fileGrp></fileSec><structMap TYPE="LOGICAL"><div DMDID="d" LABEL="Log">'
        f'<div LABEL="Storm off Harrow Point"/></div></structMap><structMap TYPE="PHYSICAL"><div>{pages}</div>'
        f"</structMap>{more}</mets>"
    )
    return file


def read(path: Path) -> Reading:
    return read_file(path, SourceOptions())


def test_a_newspaper_issue_is_one_record_with_a_child_for_each_page() -> None:
    reading = read(DATA / "1866043001.xml")
    assert (reading.format, reading.problems) == ("mets", ())
    top, issue, page = reading.records
    assert (top.level, top.id, top.title) == ("collection", "The-Evening-star/collection", "The Evening star")
    assert (issue.level, issue.id) == ("file", "The-Evening-star/1866043001")
    assert issue.heading == "The Evening star, vol. 27, no. 4,103, 1866-04-30"
    assert (issue.spans, issue.kinds) == ((Span("1866-04-30", "1866-04-30"),), ("newspaper",))
    assert issue.identifiers == ("sn83045462",)
    assert (page.id, page.parent_id) == ("The-Evening-star/1866043001-page-1", issue.id)
    assert page.title == "The Evening star, page 1"
    assert (page.dates, page.spans, page.transcribed) == ("1866-04-30", issue.spans, True)
    assert page.breadcrumb == ("The Evening star", "The Evening star, vol. 27, no. 4,103")
    first, amendment, _ = page.text.split("\n")
    assert first.startswith("THE EVENING STAR")
    assert "the Senatorand Representatives irom such State" in amendment


def test_a_page_that_a_mets_names_is_not_read_twice() -> None:
    readings = list(read_sources([DATA / "0765.xml", DATA / "1866043001.xml"]))
    assert [(reading.path.name, len(reading.records)) for reading in readings] == [("1866043001.xml", 3)]
    assert [path.name for path in readings[0].parts] == ["0765.xml"]


def test_a_page_without_its_mets_is_read_by_itself() -> None:
    top, page = read(DATA / "0765.xml").records
    assert (top.title, page.title, page.id) == ("Digital", "0765", "Digital/0765")
    assert page.transcribed


def test_two_issues_share_the_newspaper(tmp_path: Path) -> None:
    source = (DATA / "1866043001.xml").read_text()
    for day in ("1866-04-30", "1866-05-01"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "issue.xml").write_text(source.replace("1866-04-30", day))
        write_alto(tmp_path / day / "0765.xml", words("News", "of", day))
    records = [record for reading in read_sources([tmp_path]) for record in reading.records]
    assert [(record.id, record.level, record.dates) for record in records] == [
        ("The-Evening-star/collection", "collection", ""),
        ("The-Evening-star/issue", "file", "1866-04-30"),
        ("The-Evening-star/issue-page-1", "item", "1866-04-30"),
        ("The-Evening-star/issue~2", "file", "1866-05-01"),
        ("The-Evening-star/issue-page-1~2", "item", "1866-05-01"),
    ]
    assert records[4].parent_id == "The-Evening-star/issue~2"
    assert records[4].text == "News of 1866-05-01"


def test_an_object_says_all_that_its_mods_says(tmp_path: Path) -> None:
    write_alto(tmp_path / "alto/1.xml", words("Set", "sail"))
    write_alto(tmp_path / "alto/2.xml", words("Storm"))
    reading = read(write_mets(tmp_path, "alto/1.xml", "file://alto/2.xml", labels=("[3]", "cover")))
    assert reading.problems == ()
    top, item, first, second = reading.records
    assert (top.title, item.id) == ("Vane papers", "Vane-papers/swift")
    assert item == Record(
        id="Vane-papers/swift", collection_id="Vane-papers", level="item", title="The log of the Swift",
        collection="Vane papers", breadcrumb=("Vane papers",), parent_id=top.id, position=1, dates="circa 1841",
        spans=item.spans, call_number="MS 7", identifiers=("swift",), repository="Harbour Library",
        creator="Vane, Peter", names=("Vane, Peter",), places=("Bath",), language="English", extent="2 pages",
        access="Open", access_from="The log of the Swift",
        use="CC BY-NC 4.0 (http://creativecommons.org/licenses/by-nc/4.0/)",
        text="Contents: Log; Storm off Harrow Point", source="object.xml",
    )  # fmt: skip
    assert item.spans[0].certainty == "approximate"
    assert [(page.title, page.text, page.link) for page in (first, second)] == [
        ("The log of the Swift, page [3]", "Set sail", "https://pictures.example.org/0.jpg"),
        ("The log of the Swift, cover", "Storm", "https://pictures.example.org/1.jpg"),
    ]
    assert (first.access, first.call_number) == ("Open", "MS 7")


def test_the_closure_of_an_object_holds_for_its_pages_and_says_where_it_stands(tmp_path: Path) -> None:
    write_alto(tmp_path / "1.xml", words("Secret"))
    mets = write_mets(tmp_path, "1.xml")
    mets.write_text(mets.read_text().replace(">Open<", ">Closed until 2050.<"))
    (reading,) = read_sources([tmp_path])
    assert [(record.access, record.access_from) for record in reading.records[1:]] == [
        ("Closed until 2050.", "The log of the Swift")
    ] * 2


def test_rights_sections_close_an_object_and_name_its_owner(tmp_path: Path) -> None:
    rights = (
        '<amdSec><rightsMD ID="r"><mdWrap><xmlData><RightsDeclarationMD><RightsDeclaration>Access restricted until '
        "2050.</RightsDeclaration></RightsDeclarationMD><rights><owner>Harbour Library</owner></rights></xmlData>"
        "</mdWrap></rightsMD></amdSec>"
    )
    (tmp_path / "a.xml").write_text(f"<mets {XLINK} LABEL='Log'>{rights}</mets>")
    item = read(tmp_path / "a.xml").records[1]
    assert (item.access, item.repository) == ("Access restricted until 2050.", "Harbour Library")


def test_finding_aids_are_read_before_what_may_belong_to_them(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<TEI><teiHeader/><text><body><p>Dear Ada</p></body></text></TEI>")
    write_mets(tmp_path)
    (tmp_path / "z.xml").write_text(
        '<?xml version="1.0"?><!-- <TEI> --><!DOCTYPE ead [<!ENTITY a "b">]><ead><archdesc><did>'
        "<unittitle>Vane papers</unittitle></did></archdesc></ead>"
    )
    assert [reading.format for reading in read_sources([tmp_path])] == ["ead2002", "mets", "tei"]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (('<String CONTENT="conven" SUBS_TYPE="HypPart1" SUBS_CONTENT="convention"/><HYP CONTENT="-"/>',
          '<String CONTENT="tion" SUBS_TYPE="HypPart2" SUBS_CONTENT="convention"/>' + words("met")), "convention met"),
        ((words("the", "amend") + '<HYP CONTENT="-"/>', words("ment", "passed")), "the amendment passed"),
        ((words("the", "wom-"), words("en's", "vote")), "the women's vote"),
        ((words("Jones-"), words("Smith")), "Jones- Smith"),
        ((words("5-"), words("tons")), "5- tons"),
        (('<String CONTENT="lost" SUBS_TYPE="HypPart2" SUBS_CONTENT=""/>',), "lost"),
        ((words("&lt;script&gt;", "x"), ), "<script> x"),
    ],
)  # fmt: skip
def test_words_parted_at_line_ends(tmp_path: Path, lines: tuple[str, ...], text: str) -> None:
    records = read(write_alto(tmp_path / "p.xml", *lines)).records
    assert records[1].text == text


def test_margins_and_empty_blocks_are_left_out(tmp_path: Path) -> None:
    block = "<TextBlock><TextLine><String CONTENT='{}'/></TextLine></TextBlock>"
    (tmp_path / "p.xml").write_text(
        f"<alto><Layout><Page><TopMargin>{block.format('Running head')}</TopMargin><PrintSpace><ComposedBlock>"
        f"{block.format('One')}<TextBlock/></ComposedBlock>{block.format('Two')}</PrintSpace></Page></Layout></alto>"
    )
    assert read(tmp_path / "p.xml").records[1].text == "One\nTwo"


def test_missing_pages_are_counted_in_one_line_and_the_others_kept(tmp_path: Path) -> None:
    write_alto(tmp_path / "1.xml", words("Here"))
    reading = read(write_mets(tmp_path, "1.xml", "2.xml", "3.xml", labels=("1", "2", "3")))
    assert [record.title for record in reading.records[2:]] == ["The log of the Swift, page 1"]
    assert [error.problem for error in reading.problems] == [
        "names the text of 3 pages, of which 2 are not beside it: 2.xml"
    ]


@pytest.mark.parametrize(
    "href", ["../secret.xml", "/etc/passwd", "file:///etc/passwd", "http://example.org/1.xml", "object.xml", "%2e%2e/secret.xml", "a%00.xml"]
)  # fmt: skip
def test_nothing_outside_its_folder_is_read(tmp_path: Path, href: str) -> None:
    write_alto(tmp_path / "secret.xml", words("secret"))
    folder = tmp_path / "objects"
    folder.mkdir()
    reading = read(write_mets(folder, href))
    assert len(reading.records) == 2
    assert reading.parts == ()
    assert "names the text of 1 pages, of which 1 are not beside it" in reading.problems[0].problem


def test_a_broken_page_costs_only_itself(tmp_path: Path) -> None:
    write_alto(tmp_path / "1.xml", words("Good"))
    (tmp_path / "2.xml").write_text("<alto><Layout>")
    reading = read(write_mets(tmp_path, "1.xml", "2.xml"))
    assert [record.text for record in reading.records[2:]] == ["Good"]
    assert [(error.path.name, error.problem[:22]) for error in reading.problems] == [
        ("2.xml", "is not well-formed XML")
    ]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("<alto/>", "is ALTO without any text"),
        ("<alto><Layout><Page><PrintSpace/></Page></Layout></alto>", "is ALTO without any text"),
        ("<mets", "is not well-formed XML"),
    ],
)
def test_bad_files_give_one_line(tmp_path: Path, raw: str, problem: str) -> None:
    (tmp_path / "bad.xml").write_text(raw)
    reading = read(tmp_path / "bad.xml")
    assert reading.records == ()
    assert [error.problem.startswith(problem) and bool(error.remedy) for error in reading.problems] == [True]


def test_a_mets_that_describes_nothing_is_named_after_its_file(tmp_path: Path) -> None:
    (tmp_path / "scan_12.xml").write_text(f"<mets {XLINK}/>")
    top, item = read(tmp_path / "scan_12.xml").records
    assert (item.title, item.text, item.dates) == ("Scan 12", "", "")
    assert item.parent_id == top.id


@pytest.mark.parametrize(
    ("described", "title", "creator", "dates"),
    [
        (
            '<record xmlns="http://www.loc.gov/MARC21/slim"><leader>00000npc a2200000 a 4500</leader>'
            '<datafield tag="100" ind1="1" ind2=" "><subfield code="a">Vane, Ada</subfield></datafield>'
            '<datafield tag="245" ind1="1" ind2="0"><subfield code="a">Diary,</subfield><subfield code="f">1905'
            "</subfield></datafield></record>",
            "Vane, Ada. Diary",
            "Vane, Ada",
            "1905",
        ),
        (
            '<oai_dc:dc xmlns:oai_dc="http://www.openarchives.org/OAI/2.0/oai_dc/" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Diary</dc:title><dc:creator>Vane, Ada'
            "</dc:creator><dc:date>1905</dc:date></oai_dc:dc>",
            "Diary",
            "Vane, Ada",
            "1905",
        ),
        (
            '<mods xmlns="http://www.loc.gov/mods/v3"><titleInfo><title>Diary</title></titleInfo><name><namePart>'
            "Vane, Ada</namePart></name><originInfo><dateCreated>1905</dateCreated></originInfo><originInfo>"
            "<place><placeTerm>Berlin</placeTerm></place><dateCaptured>2011</dateCaptured><edition>[Electronic ed.]"
            "</edition></originInfo><note type='agencyResponsible'>lib</note></mods>",
            "Diary",
            "Vane, Ada",
            "1905",
        ),
    ],
    ids=["marc", "dublin core", "mods"],
)
def test_an_object_may_be_described_in_any_catalogue_format(
    tmp_path: Path, described: str, title: str, creator: str, dates: str
) -> None:
    (tmp_path / "a.xml").write_text(
        f"<mets {XLINK} OBJID='d1'><dmdSec ID='d'><mdWrap><xmlData>{described}</xmlData></mdWrap></dmdSec></mets>"
    )
    item = read(tmp_path / "a.xml").records[1]
    assert (item.title, item.creator, item.dates, item.places) == (title, creator, dates, ())
    assert item.text == ""
