"""MARC files as they are met: cut off, wrongly framed, in another encoding than they say, or no MARC at all."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from retrieval.formats.marc.encoding import guess_encoding
from retrieval.sources.reading import SourceOptions, read_file
from retrieval.store.reading import Reading
from tests.retrieval.test_marc import BOOK, CATALOGUE, make

BLANK = b"00000nam  2200000   4500"


def read_bytes(tmp_path: Path, raw: bytes, name: str = "bad.mrc") -> Reading:
    file = tmp_path / name
    file.write_bytes(raw)
    return read_file(file, SourceOptions())


def frame(title: bytes, *, status: bytes = b"nam", coding: bytes = b" ") -> bytes:
    """A record of one 001 and one 245, whose title is given in bytes."""
    fields = [b"x1\x1e", b"10\x1fa" + title + b"\x1e"]
    directory = (
        b"001%04d%05d" % (len(fields[0]), 0) + b"245%04d%05d" % (len(fields[1]), len(fields[0])) + b"\x1e"
    )
    body = directory + b"".join(fields) + b"\x1d"
    base = 24 + len(directory)
    return b"%05d" % (24 + len(body)) + status + b" " + coding + b"22%05d   4500" % base + body


GOOD = bytes(make(BOOK, "001 good", "245 10$aA good record").as_marc())


def titles(reading: Reading) -> list[str]:
    return [record.title for record in reading.records if record.level != "collection"]


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b"", "is empty (0 bytes)"),
        (b"00714cam", "is no MARC 21"),
        (b"Dear Ada, the flood has come.", "is no MARC 21"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is no MARC 21"),
        (b"00000" * 1000, "is no MARC 21"),
        (b"<!DOCTYPE html><html><head><meta charset=utf-8></head><body>Not found</body></html>", "is HTML, which is not read yet"),
        (b"<html><body>Not found</body></html>", "is HTML, which is not read yet"),
        (b"<collection/>", "is XML with the root <collection>, which is not read yet"),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_marc_gives_one_line(tmp_path: Path, raw: bytes, problem: str) -> None:
    reading = read_bytes(tmp_path, raw)
    assert reading.records == ()
    (error,) = reading.problems
    assert error.problem.startswith(problem)
    assert error.remedy and "\n" not in str(error)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (GOOD[:-30], "record 2 is cut off at the end of the file"),
        (b"00000nam a2200000 a 4500\x1d", "record 2 cannot be read: "),
        (b"12345nam a22xxxxx a 4500" + b"\x1e\x1d", "record 2 cannot be read: lengths are no numbers"),
        (bytes(range(128, 160)) * 3 + b"\x1d", "record 2 cannot be read: "),
        (b"junk between records\x1d", "record 2 cannot be read: lengths are no numbers"),
        (bytes(make(BOOK, "001 x1").as_marc()), "record 2 has no descriptive field (100 or above)"),
    ],
    ids=range(6),
)
def test_a_bad_record_is_named_by_its_number_and_the_others_are_read(
    tmp_path: Path, bad: bytes, problem: str
) -> None:
    is_last = not bad.endswith(b"\x1d")
    reading = read_bytes(tmp_path, GOOD + bad + (b"" if is_last else GOOD.replace(b"A good", b"A fine")))
    assert titles(reading) == ["A good record"] + ([] if is_last else ["A fine record"])
    (error,) = reading.problems
    assert error.problem.startswith(problem)
    assert error.remedy


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda raw: b"99999" + raw[5:], id="length too long"),
        pytest.param(lambda raw: b"00030" + raw[5:], id="length too short"),
        pytest.param(lambda raw: raw[:12] + b"00040" + raw[17:], id="base address wrong"),
        pytest.param(lambda raw: raw[:28] + b"9999" + raw[32:], id="field length wrong"),
        pytest.param(lambda raw: b"\r\n" + raw, id="line break between records"),
    ],
)
def test_a_wrong_frame_is_mended(tmp_path: Path, wrong: object) -> None:
    assert callable(wrong)
    record = bytes(make(BOOK, "001 x1", "100 1 $aVane, Ada", "245 10$aDiary of the flood").as_marc())
    reading = read_bytes(tmp_path, GOOD + wrong(record) + GOOD)
    assert titles(reading) == ["A good record", "Diary of the flood", "A good record"]
    assert reading.records[2].names == ("Vane, Ada",)


@pytest.mark.parametrize(
    ("raw", "coding", "title", "remark"),
    [
        ("Müller, Québec".encode(), b"a", "Müller, Québec", ""),
        ("Müller, Québec".encode(), b" ", "Müller, Québec", "says marc-8 and was read as utf-8"),
        (b"M\xe8uller, Qu\xe2ebec", b" ", "Müller, Québec", ""),
        (b"M\xe8uller, Qu\xe2ebec", b"a", "Müller, Québec", "says utf-8 and was read as marc-8"),
        ("Müller, Québec".encode("cp1252"), b"a", "Müller, Québec", "says utf-8 and was read as windows-1252"),
        ("“Müller”, Québec".encode("cp1252"), b" ", "“Müller”, Québec", "says marc-8 and was read as windows-1252"),
        (b"\x1b(N\x74KHAU\x1b(B (Chekhov)", b" ", "тКХАУ (Chekhov)", ""),
        ("Müller, Québec, né".encode().replace(b"n\xc3\xa9", b"n\xe9"), b"a", "Müller, Québec, n?", "has 1 byte(s) that are not UTF-8, shown as ?"),
        (b"al-\xe5a\xf2h\xe5a", b" ", "al-\u0101\u1e25\u0101", ""),
    ],
)  # fmt: skip
def test_the_encoding_is_what_the_bytes_are(
    tmp_path: Path, raw: bytes, coding: bytes, title: str, remark: str
) -> None:
    reading = read_bytes(tmp_path, frame(raw, coding=coding))
    assert [found.casefold() for found in titles(reading)] == [title.casefold()]
    assert [error.problem for error in reading.problems] == ([f"record 1 {remark}"] if remark else [])


@pytest.mark.parametrize(
    "word", ["Québec", "café noir", "Müller", "señor", "Málaga", "François", "Göttingen", "évêque du siècle"]
)
def test_western_accents_in_one_byte_are_no_marc8(word: str) -> None:
    assert guess_encoding(BLANK + word.encode("cp1252") + b" x") == "windows-1252"


@pytest.mark.parametrize(
    "raw", [b"M\xe8uller", b"Qu\xe2ebec", b"\xe5Ab\xf2hath", b"gar\xf0con", b"se\xe4nor", b"\xb0Ali"]
)
def test_marc8_is_told_by_accents_before_their_letters(raw: bytes) -> None:
    assert guess_encoding(BLANK + raw + b" x") == "marc-8"


@pytest.mark.parametrize(
    ("language", "text", "encoding"),
    [("rus", "Основы расчета", "windows-1251"), ("gre", "Ελλάδα", "windows-1253"), ("pol", "Łódź, żółw", "windows-1250")],
)  # fmt: skip
def test_other_code_pages_are_told_by_the_language_of_the_record(
    tmp_path: Path, language: str, text: str, encoding: str
) -> None:
    record = make(BOOK, "001 x1", f"008 050101s2005    xx{' ' * 18}{language} d", "245 10$aTITLE")
    raw = bytes(record.as_marc()).replace(b"TITLE", text.encode(encoding))
    reading = read_bytes(tmp_path, raw)
    assert titles(reading) == [text]
    assert any(encoding in error.problem or "directory" in error.problem for error in reading.problems)


def test_unimarc_is_told_and_not_misread(tmp_path: Path) -> None:
    reading = read_bytes(tmp_path, GOOD + bytes(make(BOOK, "001 u1", "200 1 $aTitre$fAuteur").as_marc()))
    assert titles(reading) == ["A good record"]
    assert [error.problem for error in reading.problems] == ["record 2 is UNIMARC, not MARC 21"]


def test_a_book_without_accents_needs_no_remark(tmp_path: Path) -> None:
    assert read_bytes(tmp_path, frame(b"Plain title")).problems == ()


def test_long_trouble_is_summed_up(tmp_path: Path) -> None:
    reading = read_bytes(tmp_path, GOOD + b"junk between records\x1d" * 50)
    assert len(reading.problems) == 21
    assert reading.problems[-1].problem == "has 30 more records with such trouble"


def test_a_huge_field_is_read_and_a_huge_title_cut(tmp_path: Path) -> None:
    xml = "<collection><record><leader>00000nam a2200000 a 4500</leader><datafield tag='245' ind1='0' ind2='0'><subfield code='a'>{}</subfield></datafield><datafield tag='520' ind1=' ' ind2=' '><subfield code='a'>{}</subfield></datafield></record></collection>"
    started = time.process_time()
    raw = xml.format("Flood " * 5_000, "Water rose. " * 200_000).encode()
    (top, book) = read_bytes(tmp_path, raw, "big.xml").records
    assert time.process_time() - started < 5
    assert len(book.title) <= 404 and book.title.endswith(" …")
    assert book.text.count("Water rose.") == 200_000


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        (b'<!DOCTYPE c [<!ENTITY a "x"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
         b"<collection><record><leader>&c;</leader></record></collection>", "declares entities that grow"),
        (b"<collection>" + b"<record>" * 5_000 + b"</record>" * 5_000 + b"</collection>", "nests elements deeper"),
        (b"<collection><record><leader/></record>", "is not well-formed XML"),
    ],
    ids=range(3),
)  # fmt: skip
def test_marcxml_is_read_as_if_from_a_stranger(tmp_path: Path, raw: bytes, problem: str) -> None:
    reading = read_bytes(tmp_path, raw, "bad.xml")
    assert reading.records == ()
    assert reading.problems[0].problem.startswith(problem)


def test_every_cut_of_a_real_file_gives_records_or_problems_and_no_error(tmp_path: Path) -> None:
    raw = (CATALOGUE / "books.mrc").read_bytes()
    whole = titles(read_bytes(tmp_path, raw))
    for end in range(0, len(raw), 97):
        reading = read_bytes(tmp_path, raw[:end])
        assert titles(reading) == whole[: len(titles(reading))]
        assert reading.problems or end == 0
        assert not any(error.problem.startswith("could not be read:") for error in reading.problems)


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_never_ends_in_an_error(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    raw = bytearray((CATALOGUE / "books.mrc").read_bytes())
    for _ in range(chance.choice([1, 3, 20, 100])):
        place = chance.randrange(len(raw))
        raw[place] = chance.choice([chance.randrange(256), 0x1B, 0x1D, 0x1E, 0x1F, 0x20, 0x30])
        if chance.random() < 0.3:
            del raw[place : place + chance.randrange(1, 9)]
    reading = read_bytes(tmp_path, bytes(raw))
    assert reading.records or reading.problems
    assert not any(error.problem.startswith("could not be read:") for error in reading.problems)
    assert len({record.id for record in reading.records}) == len(reading.records)


def test_damaged_marc_8_is_told_as_a_remark_and_not_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_of_three_bytes = b"A good r\x1b$1!0"
    reading = read_bytes(tmp_path, GOOD.replace(b"A good record", two_of_three_bytes))
    assert titles(reading) == ["A good r"]
    assert [problem.problem for problem in reading.problems] == [
        "record 1 has MARC-8 characters that are damaged, left out"
    ]
    assert capsys.readouterr().err == ""
