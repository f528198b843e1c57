"""Transcriptions in plain text: letters with and without a header block, and books of letters."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.records import Record
from retrieval.sources.reading import SourceOptions, read_file
from retrieval.spans import Span
from retrieval.store.reading import Reading

DATA = Path(__file__).parent / "data"


def read_text(tmp_path: Path, text: str, name: str = "letter_04.txt") -> Reading:
    folder = tmp_path / "marsh_letters"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    reading = read_file(folder / name, SourceOptions())
    assert not reading.problems
    return reading


def test_a_header_block_fills_the_fields_and_the_rest_is_text() -> None:
    top, letter = read_file(DATA / "letters" / "1905-04-16.txt", SourceOptions()).records
    assert letter == Record(
        id="cabmss0077/1905-04-16",
        collection_id="cabmss0077",
        level="item",
        title="Ellen Marsh to Thomas Marsh",
        collection="Autograph Letters, Pruett collection",
        breadcrumb=("Autograph Letters, Pruett collection",),
        parent_id="cabmss0077/collection",
        position=1,
        dates="16 April 1905",
        spans=(Span("1905-04-16", "1905-04-16"),),
        call_number="cabmss0077",
        container="Box 3, Folder 1",
        container_origin="stated",
        creator="Ellen Marsh",
        names=("Ellen Marsh", "Thomas Marsh"),
        text="[page 1]\nCobb Street School Sunday, April 16th, 1905\nDear Tom,\n"
        "You will have had the bare news by wire.\n[page 2]\nHere is the rest.",
        transcribed=True,
        source="1905-04-16.txt",
    )
    assert (top.id, top.level, top.title, top.creator) == (
        "cabmss0077/collection",
        "collection",
        letter.collection,
        "",
    )


@pytest.mark.parametrize(
    ("text", "title", "dates", "names"),
    [
        ("[page 1]\nDear Mother,\n\nNothing since May 3, 1901, and nothing old.\n", "Letter 04", "", ()),
        ("DIARY OF THE FLOOD\n\nNovember 4, 1927.\n\nRain.\n", "DIARY OF THE FLOOD", "November 4, 1927", ()),
        ("[p. 2] Minutes, 1931\n\nPresent: all.\n", "Minutes, 1931", "1931", ()),
        ("From: Ellen Marsh\nTo: Ruth Calloway\n\nDear Ruth,\n", "Letter from Ellen Marsh to Ruth Calloway", "",
         ("Ellen Marsh", "Ruth Calloway")),
        ("To: my brother\n\nHow are you?\n", "To: my brother", "", ()),
        ("_Burnt Fork, April 18, 1909._\n\nDEAR MRS. CONEY,--\n\nHello.\n", "Burnt Fork, April 18, 1909",
         "April 18, 1909", ("Mrs. Coney",)),
    ],
)  # fmt: skip
def test_title_and_date_without_a_block(
    tmp_path: Path, text: str, title: str, dates: str, names: tuple[str, ...]
) -> None:
    top, letter = read_text(tmp_path, text).records
    assert (letter.title, letter.dates, letter.names) == (title, dates, names)
    assert (top.title, top.id, letter.id) == (
        "Marsh letters", "Marsh-letters/collection", "Marsh-letters/letter_04",
    )  # fmt: skip


def test_a_block_may_be_folded_ruled_off_and_hold_unknown_places(tmp_path: Path) -> None:
    _, letter = read_text(
        tmp_path,
        "---\nTitle: A long\n  title\nTranscribed by: a volunteer\nAccess: Closed until 2030.\n"
        "URL: javascript:alert(1)\n---\nBody: not a key any more\n",
    ).records
    assert (letter.title, letter.access, letter.access_from, letter.link) == (
        "A long title", "Closed until 2030.", "A long title", "",
    )  # fmt: skip
    assert letter.text == "Body: not a key any more"


def book(headings: list[str], *, contents: bool = True) -> str:
    """A book of letters with a table of contents that repeats its headings."""
    front = "LETTERS OF A MILLER\n\nBY\n\n_Ada Holt_\n\n"
    if contents:
        front += "CONTENTS\n\n" + "\n\n".join(f"  {n}. {h}      {n * 7}" for n, h in enumerate(headings, 1))
    body = ""
    for number, heading in enumerate(headings, 1):
        roman = ["I", "II", "III", "IV", "V"][number - 1]
        body += f"\n\n\n{roman}\n\n{heading}\n\n     _May {number}, 190{number}._\n\nDEAR MRS. VANE,--\n\n"
        body += f"Of the {heading.lower()} there is much to say. " * 150
    return front + "\n\nTHE MILL LETTERS\n" + body + "\n\nTHE END\n"


def test_a_book_of_letters_is_cut_at_its_headings(tmp_path: Path) -> None:
    reading = read_text(tmp_path, book(["THE WEIR", "A FLOOD", "HARVEST HOME"]), "holt_letters.txt")
    top, *parts = reading.records
    assert (top.id, top.title, top.creator) == ("holt_letters/collection", "The Mill Letters", "Ada Holt")
    assert [(part.id, part.title, part.dates, part.years, part.names) for part in parts] == [
        ("holt_letters/I", "I. The Weir", "May 1, 1901", (1901, 1901), ("Ada Holt", "Mrs. Vane")),
        ("holt_letters/II", "II. A Flood", "May 2, 1902", (1902, 1902), ("Ada Holt", "Mrs. Vane")),
        ("holt_letters/III", "III. Harvest Home", "May 3, 1903", (1903, 1903), ("Ada Holt", "Mrs. Vane")),
    ]
    assert parts[1].text.startswith("May 2, 1902.\nDEAR MRS. VANE,--\nOf the a flood there is")
    assert "harvest" not in parts[1].text
    assert parts[1].breadcrumb == ("The Mill Letters",)


def test_a_long_text_without_plain_headings_stays_whole(tmp_path: Path) -> None:
    text = "Diary of a miller\n\n" + "The wheel turned all day and I ground oats.\n\n" * 500
    records = read_text(tmp_path, text).records
    assert [(record.level, record.title) for record in records] == [
        ("collection", "Marsh letters"), ("item", "Diary of a miller"),
    ]  # fmt: skip


def test_numerals_that_do_not_run_from_one_are_no_headings(tmp_path: Path) -> None:
    text = "Notes\n" + "".join(
        f"\n\n{numeral}\n\nTHE MILL\n\n{'Rain fell. ' * 600}" for numeral in ("V", "II", "IX")
    )
    assert len(read_text(tmp_path, text).records) == 2
