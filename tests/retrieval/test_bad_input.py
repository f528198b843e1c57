"""Files that cannot be read give one line each, with file, line and remedy; the others are still read."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from retrieval.sources.reading import SourceOptions, read_file, read_sources
from retrieval.store.reading import Reading

GOOD = "<ead><archdesc><did><unittitle>Vane papers</unittitle></did></archdesc></ead>"


def read_bytes(tmp_path: Path, raw: bytes | str, name: str = "bad.xml") -> Reading:
    file = tmp_path / name
    file.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    return read_file(file, SourceOptions())


def bomb(use: str) -> str:
    steps = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE ead [<!ENTITY l0 "lol">{steps}]><ead><archdesc {use}</archdesc></ead>'


@pytest.mark.parametrize(
    ("raw", "line", "problem"),
    [
        ("<ead>\n<archdesc>\n<did><unittitle>x</did></archdesc></ead>", 3, "is not well-formed XML"),
        ("hello", 1, "is not well-formed XML"),
        (bytes(range(200, 255)), 1, "is not well-formed XML"),
        ('<?xml version="1.0"?>\n<ead>\n<x>Caf\xe9</x></ead>'.encode("latin-1"), 3, "has bytes that do not fit"),
        ('<?xml version="1.0" encoding="klingon"?><ead/>', 1, "declares an encoding that cannot be read"),
        ("", None, "is empty (0 bytes)"),
        ("<ead/>", None, "has no <archdesc>"),
        ("<ead><archdesc>" + "<c>" * 200_000 + "</c>" * 200_000 + "</archdesc></ead>", 1, "nests elements deeper than"),
        (bomb("><did><unittitle>&l9;</unittitle></did>"), 1, "declares entities that grow beyond any memory"),
        (bomb('level="&l9;">'), 1, "declares entities that grow beyond any memory"),
        (f'<!DOCTYPE ead [<!ENTITY a "{"a" * 100_000}">]><ead>{"&a;" * 50_000}</ead>', 1, "declares entities that grow"),
        ("<ead><archdesc>" + "x" * 11_000_000 + "</archdesc></ead>", 1, "has one text or name beyond what is read"),
        ('<TEI xmlns="http://www.tei-c.org/ns/1.0"/>', 1, "is TEI without a text, a letter or a manuscript"),
        ("<alto/>", 1, "is ALTO without any text"),
        ('<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"/>', 1, "has no records"),
        ("<recipe/>", 1, "is XML with the root <recipe>, which is not read yet"),
    ],
    ids=range(16),
)  # fmt: skip
def test_bad_xml_gives_one_line_with_place_and_remedy(
    tmp_path: Path, raw: bytes | str, line: int | None, problem: str
) -> None:
    started = time.process_time()
    reading = read_bytes(tmp_path, raw)
    assert time.process_time() - started < 5
    assert reading.records == ()
    (error,) = reading.problems
    assert error.problem.startswith(problem)
    assert error.line == line
    assert error.remedy
    assert "\n" not in str(error)
    assert str(error).startswith(f"{tmp_path / 'bad.xml'}{f':{line}' if line else ''}: ")


@pytest.mark.parametrize(
    ("name", "most"),
    [("big.xml", 200), ("big.csv", 200), ("big.tsv", 200), ("big.txt", 200), ("big.mrc", 200)]
    + [("big.json", 50), ("big.pdf", 200), ("big.xlsx", 200)],
)
def test_a_gigabyte_is_refused_before_it_is_read(tmp_path: Path, name: str, most: int) -> None:
    file = tmp_path / name
    with file.open("wb") as stream:
        stream.truncate(1_000_000_000)
    tracemalloc.start()
    reading = read_file(file, SourceOptions())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert [error.problem for error in reading.problems] == [
        f"is 1,000 MB, more than the {most} MB that are read"
    ]
    assert reading.problems[0].remedy == "split it by collection or series"


def test_no_file_and_no_address_is_ever_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the reading room key")
    reading = read_bytes(
        tmp_path,
        f'<!DOCTYPE ead SYSTEM "http://127.0.0.1:9/ead.dtd" [<!ENTITY key SYSTEM "{secret.as_uri()}">'
        '<!ENTITY uni "University of Wexcombe">]>\n<ead><archdesc><did>'
        "<unittitle>Caf&eacute; &uni; &key; papers</unittitle></did></archdesc></ead>",
    )
    assert [record.title for record in reading.records] == ["Café University of Wexcombe papers"]
    assert [(error.line, error.problem) for error in reading.problems] == [
        (2, "refers to &key;, which is not in this file and was left out")
    ]


def test_a_whole_file_marked_internal_is_read_with_a_warning(tmp_path: Path) -> None:
    reading = read_bytes(tmp_path, GOOD.replace("<archdesc>", '<archdesc audience="internal">'))
    assert [record.title for record in reading.records] == ["Vane papers"]
    assert "internal" in reading.problems[0].problem


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        (
            "a.pdf",
            b"%PDF-1.7",
            "is no PDF that can be read: Failed to load document (PDFium: Data format error).",
        ),
        ("a.xlsx", b"PK", "is no XLSX workbook: File is not a zip file"),
        ("a.jpg", b"\xff\xd8", "is of no format that is read (.jpg)"),
        ("README", b"hello", "is of no format that is read (no ending)"),
        ("a.csv", b"id,title\n1,\x00\n", "holds zero bytes, so it is no text"),
        ("a.csv", b"\xff\xfe\x00", "is not the UTF-16 it says it is"),
        ("a.csv", b"\n\n", "has no rows"),
        ("a.txt", b"\n \n", "holds no words"),
    ],
)
def test_other_files_that_give_nothing(tmp_path: Path, name: str, raw: bytes, problem: str) -> None:
    reading = read_bytes(tmp_path, raw, name)
    assert reading.records == ()
    assert [error.problem for error in reading.problems] == [problem]
    assert reading.problems[0].remedy


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    (error,) = read_file(tmp_path / "gone.xml", SourceOptions()).problems
    assert str(error) == f"{tmp_path / 'gone.xml'}: cannot be opened: No such file or directory"


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<ead>")
    (tmp_path / "b.xml").write_text(GOOD)
    (tmp_path / "c.csv").write_text("alpha\n1\n")
    (tmp_path / "d.txt").write_text("Note\n\nText.\n")
    readings = list(read_sources([tmp_path]))
    assert [(reading.path.name, len(reading.records), len(reading.problems)) for reading in readings] == [
        ("a.xml", 0, 1), ("b.xml", 1, 0), ("c.csv", 0, 1), ("d.txt", 2, 0),
    ]  # fmt: skip


def test_a_finding_aid_with_no_components_is_a_collection_by_itself(tmp_path: Path) -> None:
    reading = read_bytes(tmp_path, GOOD)
    assert reading.problems == ()
    assert [(record.level, record.id) for record in reading.records] == [("collection", "bad/collection")]
