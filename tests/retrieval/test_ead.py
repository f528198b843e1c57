"""Finding aids in the manner of two institutions, to exact components."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file
from retrieval.spans import Span, of_years
from retrieval.store.reading import Reading

DATA = Path(__file__).parent / "data"
PRUETT = "Autograph Letters, Pruett collection"
ORCHARD = "Orchard Growers' League records"

_TOLD = {
    "orchard_records.xml": [
        (55, 'the date reads "1935 July 18" but its machine form "1835/1835"; the words were taken')
    ]
}


def read(name: str, *, carry: bool = False, links: str = "") -> Reading:
    reading = read_file(DATA / name, SourceOptions(carry_containers=carry, link_template=links))
    told = [(problem.line, problem.problem) for problem in reading.problems]
    assert told == _TOLD.get(name, []), told
    return reading


def read_components(
    tmp_path: Path, components: str, *, did: str = "", notes: str = "", **options: str
) -> list[Record]:
    """Records of a small EAD 2002 finding aid around the given components."""
    file = tmp_path / "small.xml"
    file.write_text(
        "<ead><eadheader><eadid>small</eadid></eadheader><archdesc level='collection'>"
        f"<did><unittitle>Vane papers</unittitle>{did}</did>{notes}<dsc>{components}</dsc></archdesc></ead>",
        encoding="utf-8",
    )
    reading = read_file(file, SourceOptions(link_template=options.get("links", "")))
    assert not reading.problems
    return list(reading.records)


def read_one(tmp_path: Path, did: str, level: str = "file", rest: str = "") -> Record:
    return read_components(tmp_path, f"<c level='{level}'><did>{did}</did>{rest}</c>")[1]


def test_components_without_a_namespace_come_out_whole_and_in_order() -> None:
    reading = read("cabinet_letters.xml")
    assert reading.format == "ead2002"
    got = [(r.position, r.level, r.title, r.dates, r.years, r.container, r.names) for r in reading.records]
    inherited = "1731-1919, bulk 1790-1880"
    assert got == [
        (0, "collection", PRUETT, inherited, (1731, 1919), "",
         ("Pruett, Amos B., 1861-1939", "Taft, William Howard, 1857-1930", "United States. Navy")),
        (1, "series", "Letters", inherited, (1731, 1919), "", ()),
        (2, "item", "J[ohn] Aske ALS to [Peter] Vane; s.l.", "1731/2 March 21", (1731, 1732), "Box 1",
         ("John Aske", "Peter Vane")),
        (3, "item", "W[illia]m H[oward] Taft TLS to Harry Orme; Washington, [D.C.]", "1905 April 6",
         (1905, 1905), "", ("William Howard Taft", "Harry Orme")),
        (4, "item", "Rennie, Thomas", "1 January 1806-1 February 1809", (1806, 1809), "Folder 3",
         ("Rennie, Thomas",)),
        (5, "item", "Thomas Parke ALS to Humphrey Marsh [Humphry Marsh], October 19, 1790",
         "October 19, 1790", (1790, 1790), "", ("Thomas Parke", "Humphrey Marsh", "Humphry Marsh")),
        (6, "series", "Portraits. NOT PRESENTLY OPEN FOR RESEARCH", inherited, (1731, 1919), "", ()),
        (7, "file", "undated", "undated", None, "", ()),
        (8, "file", "Untitled (Portraits. NOT PRESENTLY OPEN FOR RESEARCH)", inherited, (1731, 1919), "", ()),
        (9, "file", "Miniatures", inherited, (1731, 1919), "Box 27 [closed]", ()),
    ]  # fmt: skip


def test_the_collection_says_all_that_a_reader_needs() -> None:
    top = read("cabinet_letters.xml").records[0]
    assert top == Record(
        id="cab-M-77let/collection",
        collection_id="cab-M-77let",
        level="collection",
        title=PRUETT,
        collection=PRUETT,
        dates="1731-1919, bulk 1790-1880",
        spans=of_years((1731, 1919)),
        bulk=Span("1790-01-01", "1880-12-31"),
        call_number="cabmss0077",
        identifiers=("cab-M-77let",),
        repository="Cabinet Library, University of Wexcombe",
        creator="Pruett, Amos B., 1861-1939",
        names=("Pruett, Amos B., 1861-1939", "Taft, William Howard, 1857-1930", "United States. Navy"),
        places=("Wexcombe (Ardane)",),
        subjects=("Oratory", "Wexcombe (Ardane)", "Letters (correspondence)"),
        language="English, French",
        extent="1.5 linear feet",
        access="The collection is open for research.",
        access_from=PRUETT,
        use="Copyright status is unknown",
        preferred_citation="Autograph Letters, Pruett Collection, Cabinet Library, University of Wexcombe",
        text="Abstract: Letters gathered by the collector Amos Pruett.\n"
        "Biography or history: Amos Pruett sold almanacs in Wexcombe.\n"
        "1861: Born in Wexcombe\n"
        "1939: Died there\n"
        "Arrangement: The letters are in two series: Series 1: Letters; Series 2: Portraits\n"
        "Scope and content: Letters of statesmen.\n"
        "A few portraits.\n"
        "Acquisition: 1920..",
        source="cabinet_letters.xml",
    )


def test_an_item_carries_what_holds_for_it_from_above() -> None:
    item = read("cabinet_letters.xml").records[2]
    assert item.breadcrumb == (PRUETT, "Letters")
    assert (item.collection, item.call_number) == (PRUETT, "cabmss0077")
    assert item.repository == "Cabinet Library, University of Wexcombe"
    assert item.creator == "Pruett, Amos B., 1861-1939"
    assert item.language == "English, French"
    assert item.extent == "2 pages"
    assert item.text == 'Thanks for a "barrel of oysters".'
    assert item.heading == "J[ohn] Aske ALS to [Peter] Vane; s.l., 1731/2 March 21"
    assert not item.dates_inherited
    assert read("cabinet_letters.xml").records[1].dates_inherited


def test_internal_and_staff_only_elements_are_never_read() -> None:
    for record in read("cabinet_letters.xml").records:
        whole = repr(record)
        for secret in ("Forged", "server-7", "Processed by", "M-77,", "Gift"):
            assert secret not in whole


def test_closures_come_down_and_say_where_they_stand() -> None:
    records = {record.title: record for record in read("cabinet_letters.xml").records}
    restricted = records["Thomas Parke ALS to Humphrey Marsh [Humphry Marsh], October 19, 1790"]
    assert (restricted.access, restricted.access_from) == ("[RESTRICTED]", restricted.title)
    assert records["Rennie, Thomas"].access == "The collection is open for research."
    undated = records["undated"]
    assert undated.access == "NOT PRESENTLY OPEN FOR RESEARCH"
    assert undated.access_from == "Portraits. NOT PRESENTLY OPEN FOR RESEARCH"
    assert records["Miniatures"].access == (
        "This file: Box 27 [closed]. Portraits. NOT PRESENTLY OPEN FOR RESEARCH."
    )


def test_a_permission_below_never_drops_a_closure_above() -> None:
    receipts = read("orchard_records.xml").records[3]
    assert receipts.access == (
        "This file: This folder is open without restriction. "
        "Orchard Growers' League records: Loan files are closed until 2040; the rest is open."
    )
    assert receipts.access_from == "Receipts"


def test_containers_are_carried_from_the_item_before_only_when_asked() -> None:
    plain = [(r.container, r.container_origin) for r in read("cabinet_letters.xml").records]
    carried = [(r.container, r.container_origin) for r in read("cabinet_letters.xml", carry=True).records]
    assert plain[2:6] == [("Box 1", "stated"), ("", ""), ("Folder 3", "stated"), ("", "")]
    assert carried[2:6] == [
        ("Box 1", "stated"), ("Box 1", "carried"), ("Box 1, Folder 3", "carried"), ("Box 1, Folder 3", "carried"),
    ]  # fmt: skip
    assert carried[6:9] == [("", ""), ("", ""), ("", "")], "a new series begins with no box"


def test_a_heading_over_items_gets_no_carried_box(tmp_path: Path) -> None:
    file = tmp_path / "carry.xml"
    file.write_text(
        "<ead><archdesc><did><unittitle>Vane papers</unittitle></did><dsc>"
        "<c01 level='file'><did><container type='box'>1</container><unittitle>A</unittitle></did></c01>"
        "<c01 level='file'><did><unittitle>B</unittitle></did>"
        "<c02 level='item'><did><unittitle>C</unittitle></did></c02></c01></dsc></archdesc></ead>"
    )
    records = read_file(file, SourceOptions(carry_containers=True)).records
    assert [(r.title, r.container, r.container_origin) for r in records[1:]] == [
        ("A", "Box 1", "stated"), ("B", "", ""), ("C", "Box 1", "carried"),
    ]  # fmt: skip


def test_ead3_components_come_out_whole() -> None:
    reading = read("orchard_records.xml")
    assert reading.format == "ead3"
    got = [
        (r.level, r.title, r.dates, r.years, r.container, r.container_origin, r.link) for r in reading.records
    ]
    assert got == [
        ("collection", ORCHARD, "1917-1955, bulk 1930s-1940s", (1917, 1955), "", "", "https://archives.example.org/orc12"),
        ("file", "Letters to Emma Young", "1918-1919", (1918, 1919), "Box 4", "stated", ""),
        ("file", "Folder 2", "26 July 1918- 27 August 1918", (1918, 1918), "Box 4, Folder 2", "inherited",
         "http://purl.example.org/150924"),
        ("file", "Receipts", "1918-1919", (1918, 1919), "Box 4, Folder 3-5", "inherited", ""),
        ("series", "Prizes", "1935 July 18", (1935, 1935), "", "", ""),
        ("file", "Cups", "1935 July 18", (1935, 1935), "", "", ""),
    ]  # fmt: skip
    top = reading.records[0]
    assert top.repository == "Lakeland College. Farm Archives"
    assert top.creator == "Orchard Growers' League. Women's Committee"
    assert top.extent == "6 boxes; 2.4 cubic feet"
    assert top.language == "English, Swedish"
    assert top.subjects == ("Fruit growers -- Ardane -- Lakeland", "Lake Averill (Ardane)")
    assert top.text == "Location: Stored off-site: three business days' notice."


@pytest.mark.parametrize(
    ("did", "container"),
    [
        ('<container type="box" label="Mixed Materials [32101070780000]">3</container>'
         '<container type="folder">12</container>', "Box 3, Folder 12"),
        ('<container label="Mixed Materials" type="Box">3</container><container type="Box">26-27</container>',
         "Box 3, Folder 26-27"),
        ('<container type="box" label="Box">3</container><container type="box" label="Box">4</container>',
         "Box 3; Box 4"),
        ('<container type="box">OP4</container><container/>', "Box OP4"),
        ('<container type="box">-</container><container type="folder">-</container>', ""),
        ('<container type="port">Port. 1</container>', "Portfolio 1"),
        ('<container type="Oversize" label="Box">93</container>', "Oversize Box 93"),
        ('<container type="Offsite-Box">7</container><container type="Folder">4</container>',
         "Offsite Box 7, Folder 4"),
        ('<container type="volume" label="Oversize Volume">7</container>', "Oversize Volume 7"),
        ('<container type="volume" label="vol.">2</container><container type="page">80-81</container>',
         "Volume 2, Page 80-81"),
        ('<container type="drawer" label="Folder">: Oversize Manuscripts</container>', "Oversize Manuscripts"),
        ('<container type="box-folder">3:12</container>', "Box 3, Folder 12"),
        ('<container type="box">Box 9</container>', "Box 9"),
        ('<container type="box">Vault</container>', "Vault"),
    ],
)  # fmt: skip
def test_containers_read_as_a_request_slip_would(tmp_path: Path, did: str, container: str) -> None:
    assert read_one(tmp_path, f"<unittitle>Notes</unittitle>{did}").container == container


@pytest.mark.parametrize(
    ("did", "title", "dates"),
    [
        ("<unittitle>Diary, <unitdate>1903</unitdate></unittitle>", "Diary", "1903"),
        ("<unittitle><unitdate>28 October 1795</unitdate>, Rittenhouse</unittitle>", "Rittenhouse", "28 October 1795"),
        ("<unittitle><unitdate>1921</unitdate> (Draft copy)</unittitle>", "1921 (Draft copy)", "1921"),
        ("<unittitle>Photocopy of <unitdate>1928</unitdate> Log</unittitle>", "Photocopy of 1928 Log", "1928"),
        ("<unittitle>Copp, R., <unitdate>1885</unitdate> and <unitdate>undated</unitdate></unittitle>",
         "Copp, R., 1885 and undated", "1885, undated"),
        ("<unittitle>Papers<unitdate>1776-1786</unitdate> <unitdate type='bulk'>1781-1783</unitdate></unittitle>",
         "Papers", "1776-1786, bulk 1781-1783"),
        ("<unittitle>A</unittitle><unittitle type='sort'>Zz</unittitle><unittitle>B</unittitle>", "A; B", ""),
        ("<unittitle>The <title render='italic'>Tempest</title> and <persname>W. Scott</persname> </unittitle>",
         "The Tempest and W. Scott", ""),
        ("<unittitle/><unitdate>1992</unitdate>", "1992", "1992"),
        ("<unittitle>Gazette, vol. 3 &amp;uuml;ber Boote, </unittitle>", "Gazette, vol. 3 über Boote", ""),
        ("<unittitle>Smith, J., Jr.</unittitle><unitdate>n.d.</unitdate>", "Smith, J., Jr.", "n.d."),
        ("<unittitle>Minutes.</unittitle><unitdate>(bulk 1918-1919).</unitdate>", "Minutes", "bulk 1918-1919"),
        ("<physdesc>1 item</physdesc>", "Untitled (Vane papers)", ""),
    ],
)  # fmt: skip
def test_titles_and_dates_are_told_apart(tmp_path: Path, did: str, title: str, dates: str) -> None:
    record = read_one(tmp_path, did)
    assert (record.title, record.dates) == (title, dates)


def test_numbered_and_plain_components_mean_the_same(tmp_path: Path) -> None:
    inner = "<did><unittitle>Letters</unittitle></did>"
    numbered = read_components(tmp_path, f"<c01 level='series'>{inner}<c02 level='file'>{inner}</c02></c01>")
    plain = read_components(tmp_path, f"<c level='series'>{inner}<c level='file'>{inner}</c></c>")
    assert numbered == plain
    assert [record.level for record in plain] == ["collection", "series", "file"]


def test_ids_stay_the_same_when_a_sibling_is_added_before(tmp_path: Path) -> None:
    def component(title: str) -> str:
        return f"<c level='file'><did><unittitle>{title}</unittitle></did></c>"

    before = read_components(tmp_path, component("Letters") + component("Letters"))
    after = read_components(tmp_path, component("Accounts") + component("Letters") + component("Letters"))
    assert [record.id for record in before[1:]] == [record.id for record in after[2:]]
    assert before[1].id != before[2].id


def test_an_overview_of_series_is_not_counted_beside_the_full_listing(tmp_path: Path) -> None:
    series = "<c01 level='series'><did><unittitle>Letters</unittitle></did></c01>"
    file = tmp_path / "two.xml"
    file.write_text(
        "<ead><archdesc><did><unittitle>Vane papers</unittitle></did>"
        f"<dsc type='analyticover'>{series}</dsc><dsc type='in-depth'>{series}</dsc></archdesc></ead>"
    )
    assert [record.title for record in read_file(file, SourceOptions()).records] == ["Vane papers", "Letters"]


def test_links_follow_the_template_only_when_all_of_it_is_known(tmp_path: Path) -> None:
    components = (
        "<c id='aspace_1'><did><unittitle>A</unittitle></did></c><c><did><unittitle>B</unittitle></did></c>"
        "<c id='x'><did><unittitle>C</unittitle><dao href='https://example.org/c'/></did></c>"
        "<c id='y'><did><unittitle>D</unittitle><dao audience='internal' href='https://example.org/d'/></did></c>"
    )
    records = read_components(tmp_path, components, links="https://find.example.org/{eadid}_{id}")
    assert [record.link for record in records[1:]] == [
        "https://find.example.org/small_aspace_1", "", "https://example.org/c", "https://find.example.org/small_y",
    ]  # fmt: skip


def test_a_reference_code_of_its_own_is_the_call_number_of_an_item(tmp_path: Path) -> None:
    records = read_components(
        tmp_path,
        "<c><did><unitid>MS 4/1/2</unitid><unittitle>A</unittitle></did></c>"
        "<c><did><unitid>Series 2</unitid><unitid type='aspace_uri'>/repositories/2</unitid>"
        "<unittitle>B</unittitle></did></c>",
        did="<unitid>MS 4</unitid>",
    )
    assert [record.call_number for record in records] == ["MS 4", "MS 4/1/2", "MS 4"]


def test_a_closure_comes_down_through_levels_in_between(tmp_path: Path) -> None:
    records = read_components(
        tmp_path,
        "<c level='series'><did><unittitle>Diaries</unittitle></did>"
        "<accessrestrict><p>Diaries are closed for the lifetime of the donor.</p></accessrestrict>"
        "<c level='file'><did><unittitle>Volumes</unittitle></did><c level='item'>"
        "<did><unittitle>Diary 1</unittitle></did><accessrestrict><p>Open in part.</p></accessrestrict></c></c></c>",
        notes="<accessrestrict><head>Access</head><p>Open for research.</p></accessrestrict>",
    )
    assert records[2].access == "Diaries are closed for the lifetime of the donor."
    assert records[2].access_from == "Diaries"
    assert records[3].access == (
        "This item: Open in part. Diaries: Diaries are closed for the lifetime of the donor."
    )


def test_a_placeholder_left_in_a_template_is_no_creator(tmp_path: Path) -> None:
    record = read_one(
        tmp_path, "<unittitle>A</unittitle><origination><persname>Personal name.</persname></origination>"
    )
    assert record.creator == ""


@pytest.mark.parametrize(
    ("did", "title"),
    [
        ("<unittitle>Steamer<title>Ella</title></unittitle>", "Steamer Ella"),
        ("<unittitle><title>Defense</title>Typescript</unittitle>", "Defense Typescript"),
        ("<unittitle>From<persname>Vane, Ada</persname></unittitle>", "From Vane, Ada"),
        (
            "<unittitle><title>The Sun</title>'s copy, re<title>dux</title></unittitle>",
            "The Sun's copy, redux",
        ),
        ("<unittitle/><container type='box'>4</container>", "Box 4"),
        (
            "<unittitle><title>Concerto</title> <geogname>Leipzig</geogname>: <unitdate>1912</unitdate>.</unittitle>",
            "Concerto Leipzig: 1912",
        ),
        (
            "<unittitle>Suite, <unitdate>1999</unitdate><lb/><emph>see</emph> Diary</unittitle>",
            "Suite, 1999 see Diary",
        ),
        ("<unittitle>data_value_missing_7f3a Letters</unittitle>", "Letters"),
    ],
)
def test_a_title_reads_as_words(tmp_path: Path, did: str, title: str) -> None:
    assert read_one(tmp_path, did).title == title


def test_a_title_of_a_page_is_cut_and_told_whole_in_the_text(tmp_path: Path) -> None:
    title = "Plans by customer: " + "; ".join(f"R. Annan, Freeport, order {n}" for n in range(40))
    record = read_one(tmp_path, f"<unittitle>{title}</unittitle>")
    assert record.title == (
        "Plans by customer: R. Annan, Freeport, order 0; R. Annan, Freeport, order 1; R. Annan, Freeport, order 2; "
        "R. Annan, Freeport, order 3; R. Annan, Freeport, order 4; R. Annan, Freeport, order 5; R. Annan, Freeport, "
        "order 6 …"
    )
    assert record.text == title


@pytest.mark.parametrize(
    ("did", "dates", "spans"),
    [
        ("<unittitle>Interview, undated</unittitle>", "undated", ()),
        ("<unittitle>Interview (n.d.)</unittitle>", "n.d.", ()),
        ("<unittitle>Interview</unittitle><unitdate>-</unitdate>", "1900-1910", of_years((1900, 1910))),
        (
            "<unittitle>Interview</unittitle><unitdate normal='1905/1906'/>",
            "1905-1906",
            of_years((1905, 1906)),
        ),
        ("<unittitle>Interview</unittitle>", "1900-1910", of_years((1900, 1910))),
    ],
)
def test_what_says_that_it_is_undated_takes_no_date_from_above(
    tmp_path: Path, did: str, dates: str, spans: tuple[Span, ...]
) -> None:
    component = f"<c level='file'><did>{did}</did></c>"
    record = read_components(tmp_path, component, did="<unitdate>1900-1910</unitdate>")[1]
    assert (record.dates, record.spans) == (dates, spans)


@pytest.mark.parametrize(
    ("unit_id", "identifiers"),
    [
        ("MSS_152_ref11", ("MSS_152_ref11",)),
        ("ark:/12345/abc9", ("ark:/12345/abc9",)),
        ("Series 3", ()),
        ("IV", ()),
        ("12", ()),
        ("A/1/2", ()),
    ],
)
def test_a_unit_id_that_names_only_this_is_an_identifier(
    tmp_path: Path, unit_id: str, identifiers: tuple[str, ...]
) -> None:
    did = f"<unitid>{unit_id}</unitid><unittitle>Letters</unittitle>"
    assert read_one(tmp_path, did).identifiers == identifiers


def test_an_address_in_the_header_is_the_link_and_its_ark_an_identifier(tmp_path: Path) -> None:
    top, item = read_source(
        tmp_path,
        "<ead><eadheader><eadid url='https://find.example.org/ark:/13030/kt4c6037q8'>mc12</eadid></eadheader>"
        "<archdesc><did><unittitle>Vane papers</unittitle></did><dsc><c><did><unittitle>Letters</unittitle>"
        "<unitid type='ark'>https://find.example.org/ark:/13030/x9</unitid></did></c></dsc></archdesc></ead>",
    )
    assert (top.link, top.identifiers) == (
        "https://find.example.org/ark:/13030/kt4c6037q8",
        ("mc12", "ark:/13030/kt4c6037q8"),
    )
    assert (item.link, item.identifiers) == ("https://find.example.org/ark:/13030/x9", ("ark:/13030/x9",))


def read_source(tmp_path: Path, source: str) -> list[Record]:
    file = tmp_path / "aid.xml"
    file.write_text(source, encoding="utf-8")
    reading = read_file(file, SourceOptions())
    assert reading.problems == ()
    return list(reading.records)


def test_headings_give_places_and_the_numbers_of_names_in_authority_files(tmp_path: Path) -> None:
    headings = (
        "<controlaccess><persname source='naf' authfilenumber='n79058487'>Vane, Ada</persname>"
        "<corpname authfilenumber='(lccn)n821'>Orchard League</corpname>"
        "<geogname>Wexcombe (Ardane) -- History</geogname></controlaccess>"
    )
    record = read_one(tmp_path, "<unittitle>Letters</unittitle>", rest=headings)
    assert record.names == ("Vane, Ada", "Orchard League")
    assert record.authorities == (("Vane, Ada", "(naf)n79058487"), ("Orchard League", "(lccn)n821"))
    assert (record.places, record.subjects) == (("Wexcombe (Ardane)",), ("Wexcombe (Ardane) -- History",))


def test_the_boxes_of_a_whole_collection_are_no_box_of_a_folder(tmp_path: Path) -> None:
    boxes = "".join(f"<container type='box'>{number}</container>" for number in range(1, 4))
    component = "<c level='series'><did><unittitle>Minutes</unittitle></did></c>"
    top, series = read_components(tmp_path, component, did=boxes)
    assert (top.container, series.container) == ("Box 1; Box 2; Box 3", "")
    assert (
        read_components(tmp_path, component, did="<container type='box'>1</container>")[1].container
        == "Box 1"
    )


def test_text_in_a_group_and_an_index_are_read_after_the_description(tmp_path: Path) -> None:
    notes = (
        "<acqinfo><p>Given by Ada Vane, 1950.</p></acqinfo><descgrp><p>Box 2 is at the bindery.</p>"
        "<index><indexentry><persname>Moss, Lena</persname><ref>Box 1</ref></indexentry></index></descgrp>"
        "<scopecontent><p>Letters.</p></scopecontent>"
    )
    top = read_components(tmp_path, "", notes=notes)[0]
    assert top.text == (
        "Box 2 is at the bindery.\nScope and content: Letters.\nAcquisition: Given by Ada Vane, 1950.\n"
        "Index: Moss, Lena: Box 1"
    )


AID = (
    "<ead><eadheader><eadid>aid1</eadid></eadheader><archdesc><did><unittitle>{title}</unittitle></did>"
    "<dsc><c><did><unittitle>Letters</unittitle></did></c></dsc></archdesc></ead>"
)


@pytest.mark.parametrize(
    ("wrapper", "format_"),
    [
        (
            "<mets><dmdSec ID='ead'><mdWrap MDTYPE='EAD'><xmlData>{}</xmlData></mdWrap></dmdSec>"
            "<structMap><div DMDID='ead'/></structMap></mets>",
            "ead2002",
        ),
        ("<findingaids>{}</findingaids>", "ead2002"),
        (
            "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><ListRecords><record><header>"
            "<identifier>oai:x:1</identifier></header><metadata>{}</metadata></record></ListRecords></OAI-PMH>",
            "oai-pmh",
        ),
    ],
)
def test_a_finding_aid_inside_another_document_is_read_as_one(
    tmp_path: Path, wrapper: str, format_: str
) -> None:
    file = tmp_path / "wrapped.xml"
    file.write_text(wrapper.format(AID.format(title="Vane papers")), encoding="utf-8")
    reading = read_file(file, SourceOptions())
    assert (reading.format, reading.problems) == (format_, ())
    assert [(record.level, record.title) for record in reading.records] == [
        ("collection", "Vane papers"),
        ("file", "Letters"),
    ]


def test_two_finding_aids_with_one_identifier_in_a_file_stay_apart(tmp_path: Path) -> None:
    records = read_source(
        tmp_path, f"<eads>{AID.format(title='Vane papers')}{AID.format(title='Moss papers')}</eads>"
    )
    assert [(record.collection_id, record.title) for record in records if record.level == "collection"] == [
        ("aid1", "Vane papers"),
        ("aid1~2", "Moss papers"),
    ]
    assert len({record.id for record in records}) == 4


@pytest.mark.parametrize(
    ("did", "field", "value"),
    [
        (
            "<langmaterial><language langcode='eng'/></langmaterial><langmaterial>Materials are in English."
            "</langmaterial>",
            "language",
            "English",
        ),
        (
            "<langmaterial><language langcode='eng'/></langmaterial><langmaterial>Some letters are in Yiddish."
            "</langmaterial>",
            "language",
            "English Some letters are in Yiddish.",
        ),
        ("<langmaterial>Materials are in English.</langmaterial>", "language", "Materials are in English."),
        (
            "<physdesc><extent>2 items</extent><extent>27 boxes</extent></physdesc>",
            "extent",
            "2 items; 27 boxes",
        ),
        (
            "<physdesc><extent>2 linear feet</extent><extent>in 1 box</extent></physdesc>",
            "extent",
            "2 linear feet in 1 box",
        ),
        (
            "<physdesc><extent>.5 linear feet</extent> <extent>(1 box)</extent></physdesc>",
            "extent",
            ".5 linear feet (1 box)",
        ),
    ],
)
def test_languages_and_extents_are_said_once_and_apart(
    tmp_path: Path, did: str, field: str, value: str
) -> None:
    assert getattr(read_one(tmp_path, f"<unittitle>Letters</unittitle>{did}"), field) == value


@pytest.mark.parametrize(
    ("heading", "subject"),
    [
        (
            "Building trades |x Employees |z New York (State) |",
            "Building trades -- Employees -- New York (State)",
        ),
        ("Vane, Ada, |d 1880-", "Vane, Ada, 1880-"),
        ("Profits of $a million", "Profits of $a million"),
    ],
)
def test_subfield_signs_in_a_heading_are_what_they_mean(tmp_path: Path, heading: str, subject: str) -> None:
    headings = f"<controlaccess><subject>{heading}</subject></controlaccess>"
    assert read_one(tmp_path, "<unittitle>Letters</unittitle>", rest=headings).subjects == (subject,)


@pytest.mark.parametrize(
    ("above", "written", "spans"),
    [
        ("1905", "January-March", (Span("1905-01-01", "1905-03-31", "supplied"),)),
        ("1905", "29 October", (Span("1905-10-29", "1905-10-29", "supplied"),)),
        ("1905", "June 30", (Span("1905-06-30", "1905-06-30", "supplied"),)),
        ("1905-1906", "January-March", ()),
        ("1905", "x", ()),
    ],
)
def test_months_without_a_year_are_of_the_year_above(
    tmp_path: Path, above: str, written: str, spans: tuple[Span, ...]
) -> None:
    inner = f"<c level='file'><did><unittitle>Letters</unittitle><unitdate>{written}</unitdate></did></c>"
    outer = (
        f"<c level='series'><did><unittitle>Letters</unittitle><unitdate>{above}</unitdate></did>{inner}</c>"
    )
    record = read_components(tmp_path, outer)[2]
    assert (record.dates, record.spans, record.dates_inherited) == (written, spans, False)
