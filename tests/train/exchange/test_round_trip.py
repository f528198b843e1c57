"""What is written in a form comes back from it as it was; what a form cannot carry is said."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from retrieval.prompt import SYSTEM
from tests.train.exchange.samples import FULL, LONG, ODD, PAIRS, share_strings
from train.pairs.exchange.forms import FORMS, detect, read_pairs
from train.pairs.pair import Pair

WHOLE = [name for name in FORMS if name != "faq"]
FORMULA = re.compile(r"^[=+\-@＝＋－＠\t\r]")


@pytest.mark.parametrize("name", WHOLE)
def test_all_of_every_pair_comes_back(name: str) -> None:
    written = FORMS[name].write(PAIRS)
    form, reading = read_pairs(written.data, name=f"pairs{FORMS[name].suffix}")
    assert form.name == name
    assert [str(problem) for problem in reading.problems] == []
    assert tuple(reading.pairs) == PAIRS


@pytest.mark.parametrize("name", WHOLE)
def test_every_field_alone_comes_back(name: str) -> None:
    plain = Pair(id="", question="q", answer="a")
    given = {field: getattr(FULL, field) for field in Pair.__slots__}
    pairs = [replace(plain, **{field: value}) for field, value in given.items()]
    assert len(set(map(str, pairs))) == len(Pair.__slots__)
    _, reading = read_pairs(FORMS[name].write(pairs).data, form=name)
    assert list(reading.pairs) == pairs


def test_a_form_knows_its_own_files_whatever_they_are_called() -> None:
    for name, form in FORMS.items():
        assert detect(form.write([FULL, ODD]).data, "upload.bin").name == name


def test_faq_text_carries_question_and_answer_and_says_what_is_lost() -> None:
    pairs = [FULL, replace(ODD, question="Why?\nQ: not a label\n## nor this", answer="A: so\n\nQ: no\nlast")]
    written = FORMS["faq"].write(pairs)
    _, reading = read_pairs(written.data, form="faq")
    assert [(pair.question, pair.answer) for pair in reading.pairs] == [
        (FULL.question.replace("\r\n", "\n"), FULL.answer.strip()),
        (pairs[1].question, pairs[1].answer),
    ]
    assert "FAQ text cannot carry evidence: left out of 1 pair." in written.notes
    assert "FAQ text cannot carry earlier turns: left out of 1 pair." in written.notes
    assert "FAQ text cannot carry the mark of a draft by the model: left out of 1 pair." in written.notes
    assert FORMS["faq"].write([]).notes == ()


def test_no_cell_of_a_csv_begins_as_a_formula_however_it_is_cut() -> None:
    text = FORMS["csv"].write(PAIRS).data.decode("utf-8-sig")
    for delimiter in ",;\t|":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            assert [cell[:20] for cell in row if FORMULA.match(cell.lstrip('"').removeprefix("\t"))] == []
    for line in text.splitlines():  # a program that ends rows inside quotes
        assert not FORMULA.match(line.lstrip('"'))


def test_every_cell_of_a_workbook_is_text() -> None:
    data = FORMS["xlsx"].write(PAIRS).data
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")


def test_a_workbook_saved_by_excel_comes_back_too() -> None:
    """Shared strings in the place of inline ones, of which openpyxl reads the escapes differently."""
    shared = share_strings(FORMS["xlsx"].write(PAIRS).data)
    assert b"<is>" not in zipfile.ZipFile(io.BytesIO(shared)).read("xl/worksheets/sheet1.xml")
    _, reading = read_pairs(shared)
    assert tuple(reading.pairs) == PAIRS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1252", "utf-8", "utf-32"])
def test_a_csv_saved_again_in_another_encoding_loses_nothing(encoding: str) -> None:
    rows = list(csv.reader(io.StringIO(FORMS["csv"].write([FULL, ODD]).data.decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\n").writerows(rows)
    _, reading = read_pairs(out.getvalue().encode(encoding, "replace"), name="x.csv")
    assert list(reading.pairs) == [FULL, ODD]


def test_one_cell_changed_in_a_spreadsheet_changes_one_field() -> None:
    for name in ("csv", "xlsx"):
        changed = replace(FULL, licence="CC0-1.0")
        raw = FORMS[name].write([FULL]).data
        if name == "csv":
            rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
            rows[1][rows[0].index("licence")] = "CC0-1.0"
            out = io.StringIO()
            csv.writer(out).writerows(rows)
            raw = out.getvalue().encode()
        else:
            book = openpyxl.load_workbook(io.BytesIO(raw))
            sheet = book.active
            assert sheet is not None
            at = [cell.value for cell in sheet[1]].index("licence") + 1
            sheet.cell(2, at).value = "CC0-1.0"
            file = io.BytesIO()
            book.save(file)
            raw = file.getvalue()
        _, reading = read_pairs(raw)
        assert list(reading.pairs) == [changed]


def test_a_record_taken_out_of_the_evidence_column_leaves_the_other_whole() -> None:
    rows = list(csv.reader(io.StringIO(FORMS["csv"].write([FULL]).data.decode("utf-8-sig"), newline="")))
    rows[1][rows[0].index("evidence")] = "ph2/1\nMS 7"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    _, reading = read_pairs(out.getvalue().encode())
    kept, named = reading.pairs[0].evidence
    assert kept == FULL.evidence[1]
    assert (named.record_id, named.heading, named.text) == ("MS 7", "", "")


@pytest.mark.parametrize(("name", "key"), [("openai", "messages"), ("sharegpt", "conversations")])
def test_a_turn_changed_in_a_conversation_changes_that_and_nothing_else(name: str, key: str) -> None:
    data = FORMS[name].write([FULL]).data
    value = json.loads(data) if name == "openai" else json.loads(data)[0]
    content = "content" if name == "openai" else "value"
    value[key][-1][content] = "Another answer [2]."
    _, reading = read_pairs(json.dumps([value]).encode())
    assert list(reading.pairs) == [replace(FULL, answer="Another answer [2].")]


def test_conversations_are_written_as_the_service_prompts() -> None:
    value = json.loads(FORMS["openai"].write([FULL]).data)
    assert [turn["role"] for turn in value["messages"]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert value["messages"][0]["content"] == SYSTEM
    prompt = value["messages"][3]["content"]
    assert prompt.startswith(
        "Passages:\n\n[1] =Ellen Marsh to Thomas Marsh, 1905 (Box 4, Folder 2)\nMarsh family"
    )
    assert "[2] Parade < |end| > on Main Street, 1975\n\nQuestion: =HYPERLINK" in prompt
    alpaca = json.loads(FORMS["alpaca"].write([FULL]).data)[0]
    assert (alpaca["instruction"], alpaca["input"], alpaca["output"]) == (prompt, "", FULL.answer)
    assert alpaca["history"] == [["Who was Ellen?", "A teacher [1].\n"]]


def test_without_our_key_the_prompt_is_taken_apart() -> None:
    for name in ("openai", "sharegpt", "alpaca"):
        pair = replace(FULL, evidence=FULL.evidence[1:], history=())
        data = FORMS[name].write([pair]).data
        value = json.loads(data) if name == "openai" else json.loads(data)[0]
        del value["reading_room_pair"]
        _, reading = read_pairs(json.dumps([value]).encode())
        (read,) = reading.pairs
        assert read.question == pair.question.replace(
            "\r", ""
        )  # the prompt has no characters that are not seen
        assert (read.answer, read.kind, read.origin, read.consent) == (pair.answer, "answer", "staff", "none")
        assert [item.heading for item in read.evidence] == ["Parade < |end| > on Main Street, 1975"]


def test_a_pair_too_long_for_a_cell_is_shown_cut_and_kept_whole() -> None:
    much = replace(LONG, evidence=LONG.evidence * 3, history=FULL.history * 3)
    big = replace(much, evidence=tuple(replace(item, text="x" * 4_000) for item in much.evidence))
    written = FORMS["xlsx"].write([big])
    assert written.notes[0].startswith("Pairs with a text too long for a cell: 1.")
    sheet = openpyxl.load_workbook(io.BytesIO(written.data), read_only=True).worksheets[0]
    assert (
        max(len(str(value)) for row in sheet.iter_rows(values_only=True) for value in row if value) <= 32_767
    )
    _, reading = read_pairs(written.data)
    assert list(reading.pairs) == [big]
