"""Walking folders, formats, and ids that are unique over a whole run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, find_files, read_file, read_sources

DATA = Path(__file__).parent / "data"
SAFE = re.compile(r"^[A-Za-z0-9._~-]+/[A-Za-z0-9._~-]+$")


def all_records(*paths: Path) -> list[Record]:
    return [record for reading in read_sources(paths) for record in reading.records]


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def test_files_are_found_in_order_without_hidden_ones_and_mappings(tmp_path: Path) -> None:
    for name in ("b/two.csv", "a/one.xml", ".git/config.xml", "b/.two.csv.swp", "b/columns.toml", "c.txt"):
        write(tmp_path, name, "x")
    found = [path.relative_to(tmp_path).as_posix() for path in find_files([tmp_path, tmp_path / "c.txt"])]
    assert found == ["a/one.xml", "b/two.csv", "c.txt"]


def test_every_id_of_a_run_is_unique_and_fits_into_an_address(tmp_path: Path) -> None:
    shutil.copytree(DATA, tmp_path / "one")
    shutil.copytree(DATA, tmp_path / "two")
    records = all_records(tmp_path)
    ids = [record.id for record in records]
    assert len(records) == 2 * (10 + 6 + 9) + 4 + 1
    assert len(ids) == len(set(ids))
    assert all(SAFE.match(identifier) for identifier in ids)
    assert {record.parent_id for record in records} <= {*ids, ""}
    assert all(record.id.startswith(record.collection_id + "/") for record in records)
    collections = {record.collection_id for record in records}
    assert collections == {"cab-M-77let", "cab-M-77let-2", "orc12", "orc12-2", "MS-63", "MS-63-2", "Letters"}


def test_ids_are_the_same_in_a_second_run() -> None:
    assert [record.id for record in all_records(DATA)] == [record.id for record in all_records(DATA)]


def test_the_source_is_the_path_below_the_given_root() -> None:
    sources = {record.source for record in all_records(DATA)}
    assert sources == {
        "cabinet_letters.xml", "orchard_records.xml", "stevedores.csv",
        "letters/1905-04-16.txt", "letters/untitled.txt",
    }  # fmt: skip
    lone = read_file(DATA / "letters" / "untitled.txt", SourceOptions())
    assert {record.source for record in lone.records} == {"untitled.txt"}


def test_a_transcription_joins_the_collection_its_call_number_names() -> None:
    records = all_records(DATA)
    (letter,) = [record for record in records if record.source == "letters/1905-04-16.txt"]
    assert (letter.collection_id, letter.parent_id) == ("cab-M-77let", "cab-M-77let/collection")
    assert letter.repository == "Cabinet Library, University of Wexcombe"
    assert letter.access == "The collection is open for research."
    assert sum(record.level == "collection" for record in records) == 4


def test_a_transcription_of_a_restricted_letter_is_restricted_like_it(tmp_path: Path) -> None:
    write(
        tmp_path, "a.xml",
        "<ead><eadheader><eadid>vane</eadid></eadheader><archdesc><did><unitid>MS 9</unitid>"
        "<unittitle>Vane papers</unittitle></did><dsc><c01 id='vane-7' level='item'><did>"
        "<container type='box'>2</container><unittitle>Peter Vane to Ada Holt</unittitle>"
        "<unitdate>1901</unitdate></did><accessrestrict><p>Closed until 2030.</p></accessrestrict>"
        "</c01></dsc></archdesc></ead>",
    )  # fmt: skip
    write(
        tmp_path, "letters/7.txt",
        "Title: Peter Vane to Ada Holt\nCollection: Vane Papers\nIdentifier: vane-7-transcription\n\nDear Ada,\n",
    )  # fmt: skip
    letter = all_records(tmp_path)[-1]
    assert letter.id == "vane/vane-7-transcription"
    assert letter.parent_id == "vane/vane-7"
    assert letter.breadcrumb == ("Vane papers", "Peter Vane to Ada Holt")
    assert (letter.access, letter.access_from) == ("Closed until 2030.", "Peter Vane to Ada Holt")
    assert (letter.container, letter.container_origin) == ("Box 2", "inherited")
    assert (letter.dates, letter.dates_inherited) == ("1901", True)


def test_letters_of_one_folder_share_one_collection(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path, f"holt/{number}.txt", f"Note {number}\n\nText.\n")
    records = all_records(tmp_path)
    assert [(record.level, record.id) for record in records] == [
        ("collection", "Holt/collection"), ("item", "Holt/1"), ("item", "Holt/2"), ("item", "Holt/3"),
    ]  # fmt: skip
    assert [record.position for record in records] == [0, 1, 1, 1]  # their files' names order them


def test_formats_are_told_by_what_is_in_the_file() -> None:
    formats = {reading.path.name: reading.format for reading in read_sources([DATA]) if reading.format}
    assert formats == {
        "cabinet_letters.xml": "ead2002", "orchard_records.xml": "ead3", "stevedores.csv": "csv",
        "1905-04-16.txt": "transcript", "untitled.txt": "transcript",
    }  # fmt: skip


def mods_of(holder: str, collection: str = "Family papers") -> str:
    return (
        "<mods xmlns='http://www.loc.gov/mods/v3'><titleInfo><title>Letter</title></titleInfo>"
        f"<relatedItem type='host'><titleInfo><title>{collection}</title></titleInfo></relatedItem>"
        f"<location><physicalLocation>{holder}</physicalLocation></location></mods>"
    )


@pytest.mark.parametrize(
    ("holder", "parent"),
    [
        ("Moss Library", "moss/collection"),
        ("Moss Library, Harbour", "moss/collection"),
        ("Vane Archives, University of Wexcombe", "vane/collection"),
        ("Harbour Archives", ""),
    ],
)
def test_two_houses_have_family_papers(tmp_path: Path, holder: str, parent: str) -> None:
    for name, repository in (("vane", "Vane Archives, University of Wexcombe"), ("moss", "Moss Library")):
        write(
            tmp_path, f"{name}.xml",
            f"<ead><eadheader><eadid>{name}</eadid></eadheader><archdesc><did><unittitle>Family papers</unittitle>"
            f"<repository>{repository}</repository></did></archdesc></ead>",
        )  # fmt: skip
    write(tmp_path, "digital/letter.xml", mods_of(holder))
    records = all_records(tmp_path)
    letter = next(record for record in records if record.title == "Letter")
    assert letter.parent_id == (parent or letter.parent_id)
    tops = [record.id for record in records if record.level == "collection"]
    assert len(tops) == (2 if parent else 3)
    assert letter.parent_id in tops
