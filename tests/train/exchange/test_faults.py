"""Files that are wrong in one way or another: what is said, and what is read all the same."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime

import pytest

from tests.train.exchange.samples import FULL, make_workbook
from train.pairs.exchange.forms import FORMS, read_pairs
from train.pairs.exchange.reading import MOST_BYTES, MOST_PROBLEMS, MOST_ROWS, Unreadable

HEAD = "question,answer\n"
GOOD = ("What is it?", "A letter.")


def read(raw: bytes | str, form: str = "") -> tuple[list[tuple[str, str]], list[str]]:
    """Questions and answers read, and the sentences said."""
    _, reading = read_pairs(raw.encode() if isinstance(raw, str) else raw, form=form)
    return [(pair.question, pair.answer) for pair in reading.pairs], [str(each) for each in reading.problems]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Frage;Antwort\nWer schrieb über Köln?;Müller – „früh“\n", "utf-8-sig"),
        ("Frage;Antwort\nWer schrieb über Köln?;Müller – „früh“\n", "utf-8"),
        ("Frage\tAntwort\r\nWer schrieb über Köln?\tMüller – „früh“\r\n", "utf-16"),
        ("Frage,Antwort\r\nWer schrieb über Köln?,Müller – „früh“\r\n", "utf-16-be"),
        ("sep=|\r\nFrage|Antwort\r\nWer schrieb über Köln?|Müller – „früh“\r\n", "utf-8-sig"),
        ("Frage;Antwort\rWer schrieb über Köln?;Müller – „früh“\r", "utf-8"),
        ('"Frage";"Antwort"\n"Wer schrieb über Köln?";"Müller – „früh“"', "utf-16-le"),
    ],
)
def test_encodings_delimiters_and_line_ends(text: str, encoding: str) -> None:
    assert read(text.encode(encoding)) == ([("Wer schrieb über Köln?", "Müller – „früh“")], [])


def test_windows_1252_is_read_and_said() -> None:
    pairs, said = read("question,answer\nWas?,“Früh” – 5 €\n".encode("cp1252"))
    assert pairs == [("Was?", "“Früh” – 5 €")]
    assert said == [
        "From line 2 on there are lines that are not UTF-8; they were read as Windows-1252. "
        "Save the file as UTF-8 if accents look wrong."
    ]


def test_a_file_put_together_from_two_encodings_is_read_line_by_line() -> None:
    raw = "question,answer\nKöln?,früh\n".encode() + "Wien?,spät “ja”\n".encode("cp1252")
    pairs, said = read(raw)
    assert pairs == [("Köln?", "früh"), ("Wien?", "spät “ja”")]
    assert said[0].startswith("From line 3 on")


@pytest.mark.parametrize(
    "headers",
    [
        "Question,Answer", "PROMPT,Completion", "user question,Correct Answer", "Pregunta,Respuesta",
        "domanda,risposta", "Vraag,Antwoord", "Pergunta,Resposta", "Fråga,Svar", "Spørgsmål,Svar", "Pytanie,Odpowiedź",
        "Вопрос,Ответ", "問題,回答", "سؤال,جواب", "Question ,Réponse", "instruction,output", "q,a", "Input,Output",
    ],
)  # fmt: skip
def test_headers_in_other_words_and_languages(headers: str) -> None:
    assert read(f"{headers}\nWhat is it?,A letter.\n", form="csv") == ([GOOD], [])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "The file is empty."),
        (b"\xef\xbb\xbf \r\n", "The file is empty."),
        (b"\x00" * 50, "The file is empty."),
        (b"when,reply\n1,2\n", "Row 1 should hold the headers, and no columns for question and answer are named there; found “when”"),
        (b"question,note\n1,2\n", "found “question” and “note”. Expected are question and answer (also prompt"),
        (b"question,answer,Question\n1,2,3\n", "Row 1 names question 2 times, in the columns A (“question”) and C (“Question”)."),
        (b"prompt,Frage,answer\n1,2,3\n", "Row 1 names question 2 times, in the columns A (“prompt”) and B (“Frage”)."),
        (b"question,answer\n", "The file holds no pairs."),
        (b"[]", "The file holds no pairs."),
        (b"\xff\xfe\x00\xd8\x00\xd8", "The file is not the UTF-16 it says it is."),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4 + b"\x00" * 100, "The file is no text."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "The file is an Excel 97 workbook (.xls), whatever its name. Save it as .xlsx."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "The workbook is protected by a password."),
        (b"PK\x03\x04 broken", "The file is no XLSX workbook."),
        (b"x" * (MOST_BYTES + 1), "The file has 40 MB, more than the 40 MB that are read."),
    ],
)  # fmt: skip
def test_files_of_which_nothing_can_be_read(raw: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_pairs(raw, name="pairs.xlsx")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Who?,", "Row 3, column “answer”: is empty. Write the answer."),
        (",Me", "Row 3, column “question”: is empty. Write the question."),
        ("Who?", "Row 3, column “answer”: is empty. Write the answer."),
        ("Who?,a,b", "Row 3: has 3 cells where the headers have 2. Put quotes around text that holds the delimiter."),
        ('Who?,"a" b', "Line 3: begins a row with broken quotes (',' expected after '\"'). Close the quotes, or double them."),
        ("Who?,a\x00b", "Row 3, column “answer”: holds a zero byte (NUL), which no text has. Take it out."),
        (f"{'x' * 8001},a", "Row 3, column “question”: has 8,001 characters, at most 8,000 are taken. Shorten it."),
    ],
)  # fmt: skip
def test_a_bad_row_is_told_by_row_and_column_and_the_others_are_read(row: str, said: str) -> None:
    pairs, told = read(f"{HEAD}What is it?,A letter.\n{row}\nWhat is it?,A letter.\n", form="csv")
    assert (pairs, told) == ([GOOD, GOOD], [said])


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("kind", "maybe", "Row 2, column “kind”: expected answer or refusal, found “maybe”. Correct it."),
        ("consent", "yes", "Row 2, column “consent”: expected patron or staff or file or none, found “yes”. Correct it."),
        ("Sprache", "klingonisch", "Row 2, column “Sprache”: expected a language tag such as en or de, found “klingonisch”. Correct it."),
        ("history", "hello", "Row 2, column “history”: expected lines that begin with user: or assistant:. Label each turn so."),
        ("id", "a b", "Row 2, column “id”: expected up to 80 letters, digits and . _ : -. Correct it or leave it empty."),
        ("licence", "x" * 301, "Row 2, column “licence”: has 301 characters, at most 300 are taken. Shorten it."),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_their_column(column: str, value: str, said: str) -> None:
    pairs, told = read(f"question,answer,{column}\nQ?,A,{value}\nQ?,A,\n")
    assert (pairs, told) == ([("Q?", "A")], [said])


def test_an_unknown_header_is_named_with_what_was_expected_and_left_out() -> None:
    pairs, told = read("question,answer,Shoe size,Prompt\nWhat is it?,A letter.,44,x\n")
    assert pairs == [GOOD]
    assert told[0].startswith(
        "Row 1: columns that are not known were left out: “Shoe size” and “Prompt”. Expected are"
    )


def test_a_quote_that_is_never_closed_costs_its_row() -> None:
    pairs, told = read(f'{HEAD}"Who, me,\nWhat is it?,A letter.\n"x",y\n', form="csv")
    assert pairs == [GOOD, ("x", "y")]
    assert told == [
        "Line 2: begins a row with broken quotes (',' expected after '\"'). Close the quotes, or double them."
    ]


def test_evidence_and_history_in_columns_of_others() -> None:
    raw = "question,answer,Signatur,Quelle 2,context,history\n"
    raw += 'Who?,"Her [1] [2]",MS 1; MS 2,,"[1] Ellen\nMarsh > Letters\nShe wrote.\n\n[2] Tom","user: hi\nassistant: yes\nmore"\n'
    _, reading = read_pairs(raw.encode())
    (pair,) = reading.pairs
    assert [(item.record_id, item.heading, item.breadcrumb, item.text) for item in pair.evidence] == [
        ("MS 1", "Ellen", ("Marsh", "Letters"), "She wrote."),
        ("MS 2", "Tom", (), ""),
    ]
    assert [(turn.role, turn.content) for turn in pair.history] == [
        ("user", "hi"),
        ("assistant", "yes\nmore"),
    ]


def test_formulas_dates_numbers_and_merged_cells_of_a_workbook() -> None:
    rows: list[list[object]] = [
        ["A list of ours", None, None],
        ["Question", "Answer", "Count"],
        ["What is it?", "A letter.", "=1+1"],
        ["How many?", "=SUM(C1:C9)", 3],
        ["When?", date(1905, 4, 16), 4],
        [1905, 1905.0, 5],
        ["How much?", 2.5, 6],
        ["At what time?", datetime(1905, 4, 16, 7, 30), 7],
        ["True?", True, 8],
        ["Both?", "one", 9],
        [None, "two", 10],
    ]
    pairs, told = read(make_workbook(rows, merge="A10:A11"))
    assert pairs == [
        GOOD,
        ("When?", "1905-04-16"),
        ("1905", "1905"),
        ("How much?", "2.5"),
        ("At what time?", "1905-04-16 07:30"),
        ("True?", "TRUE"),
    ]
    assert "Row 4, column B: holds a formula, and none is computed here. Paste the column as values." in told
    for number in (10, 11):
        said = f"Row {number}, column A: belongs to cells that are merged over rows (A10 to row 11)."
        assert any(line.startswith(said) for line in told)
    assert any(line.startswith("Cells with a date were read as year-month-day.") for line in told)
    assert len(told) == 5  # and the column that is not known


def test_a_workbook_cell_that_looks_like_a_formula_but_is_text_is_text() -> None:
    _, reading = read_pairs(FORMS["xlsx"].write([FULL]).data)
    assert reading.pairs[0].question.startswith("=HYPERLINK")


def test_a_workbook_that_unpacks_to_far_too_much_is_not_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"")
        for number in range(5):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", b" " * 50_000_000)
    assert len(out.getvalue()) < 400_000
    with pytest.raises(Unreadable, match="unpacks to 250 MB in 6 parts, more than the 200 MB"):
        read_pairs(out.getvalue())


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize(
    "content", [b"", b"<", b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\x00"]
)
def test_a_workbook_with_a_broken_part_is_refused_in_a_sentence(part: str, content: bytes) -> None:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(make_workbook([["question", "answer"], ["a", "b"]]))) as whole,
        zipfile.ZipFile(out, "w") as broken,
    ):
        for name in whole.namelist():
            broken.writestr(name, content if name == part else whole.read(name))
    with pytest.raises(
        Unreadable, match=r"^The (file is no workbook that can be read|workbook has no rows|file has no rows)"
    ):
        read_pairs(out.getvalue())


def test_sheets_without_headers_are_named() -> None:
    import openpyxl

    book = openpyxl.load_workbook(
        io.BytesIO(make_workbook([["question", "answer"], ["What is it?", "A letter."]]))
    )
    book.create_sheet("Notes").append(["by", "Ada"])
    book.create_sheet("More").append(["Frage", "Antwort"])
    book["More"].append(["Was?", "Das."])
    out = io.BytesIO()
    book.save(out)
    pairs, told = read(out.getvalue())
    assert pairs == [GOOD, ("Was?", "Das.")]
    assert told == ["Sheets without headers for question and answer were left out: “Notes”."]


ITEM = json.dumps({"question": GOOD[0], "answer": GOOD[1]})


@pytest.mark.parametrize(
    ("raw", "pairs", "said"),
    [
        (f"[\n{ITEM},\n{ITEM}\n]", [GOOD, GOOD], ["Expected one object a line, found an array of them; it was read as that. Choose the form JSON for it next time."]),
        (f"{ITEM}\n{{bad}}\n{ITEM}\n", [GOOD, GOOD], ["Line 2: is no JSON: expecting property name enclosed in double quotes (line 2, character 2). Correct it there."]),
        (f"{ITEM}\n{ITEM[:20]}\n{ITEM}\n", [GOOD, GOOD], ["Line 2: is no JSON: invalid control character at (line 2, character 21). Correct it there."]),
        (f"{ITEM}\n{ITEM[:20]}", [GOOD], ["Line 2: is no JSON: unterminated string starting at (line 2, character 14). Correct it there."]),
        (f"{ITEM}{ITEM},\n\n{ITEM}", [GOOD] * 3, []),
        (f'{ITEM}\n{{"question": NaN, "answer": "x"}}\n', [GOOD], ["Line 2: is no JSON: NaN is no JSON; write null or a number. Correct it there."]),
        (f'{ITEM}\n{{"question": "x", "question": "y", "answer": "x"}}\n', [GOOD], ["Line 2: is no JSON: the key “question” stands in one object twice. Correct it there."]),
        (f"{ITEM}\n{'[' * 100_000}\n{ITEM}\n", [GOOD, GOOD], ["Line 2: is no JSON: it is nested too deep. Correct it there."]),
        (f"{ITEM}\n{'9' * 5000}\n{ITEM}\n", [GOOD, GOOD], ["Line 2: is no JSON: a number has too many digits. Correct it there."]),
        (f'{ITEM}\n17\n{{"question": ["x"], "answer": {{}}}}\n', [GOOD], ["Line 2: expected an object with question and answer, found a number.", "Line 3, question: expected text, found a list. Write it as text in quotes."]),
        (f'{ITEM}\n{{"question": "\\ud800?", "answer": "x"}}\n', [GOOD], ["Line 2, question: holds half of a character (a lone surrogate). Export the file again as UTF-8."]),
        (f'{ITEM}\n{{"question": "a\\u0000?", "answer": "x"}}\n', [GOOD], ["Line 2, question: holds a zero byte (NUL), which no text has. Take it out."]),
    ],
)  # fmt: skip
def test_json_lines_with_faults(raw: str, pairs: list[tuple[str, str]], said: list[str]) -> None:
    assert read(raw, form="jsonl") == (pairs, said)


@pytest.mark.parametrize(
    ("raw", "count", "said"),
    [
        (f"[\n{ITEM},\n{ITEM},\n{ITEM[:30]}", 2, "Line 4: the file ends in the middle, behind item 2; what stands before was read. Export it again."),
        (f"[\n{ITEM},\n{ITEM}", 2, "Line 3: the file ends in the middle, behind item 2; what stands before was read. Export it again."),
        (f"[\n{ITEM},\n{ITEM},\n", 2, "Line 4: the file ends in the middle, behind item 2; what stands before was read. Export it again."),
        (f"[\n{ITEM},\n{{oops}},\n{ITEM}\n]", 2, "Item 2: is no JSON: expecting property name enclosed in double quotes (line 3, character 2). Export the file again."),
        (f'[\n{ITEM},\n{{"question": Infinity}},\n{ITEM}\n]', 2, "Item 2: is no JSON: Infinity is no JSON; write null or a number. Export the file again."),
        (f"[{ITEM} {ITEM}]", 2, "Line 1: expected a comma behind item 1, found “{\"question\": \"What i”. Correct it there."),
        (f"[{ITEM}] and more", 1, "Line 1: expected the end of the file behind the array, found “and more”. Correct it there."),
        (f'[{ITEM}, {{"question": "x"}}]', 1, "Item 2, answer: there is no key for the answer; found “question”. Expected are"),
    ],
)  # fmt: skip
def test_json_arrays_with_faults(raw: str, count: int, said: str) -> None:
    pairs, told = read(raw, form="json")
    assert pairs == [GOOD] * count
    assert len(told) == 1
    assert told[0].startswith(said)


@pytest.mark.parametrize(
    ("form", "raw", "said"),
    [
        ("openai", '{"messages": [{"role": "user", "content": "x"}]}', "Line 1, messages: expected a question and its answer as the last two turns. Correct it."),
        ("openai", '{"messages": [{"role": "tool", "content": "x"}]}', "Line 1, messages: expected user or assistant as role, found “tool”. Leave out turns of tools."),
        ("openai", '{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}', "Line 1, messages: holds an image, sound or file, of which no pair can be made."),
        ("openai", '{"conversations": []}', "Line 1, messages: expected a list of turns under “messages”, found “conversations”. Choose the form that the file has."),
        ("sharegpt", '{"conversations": [7]}', "Line 1, conversations: expected a turn, found a number. Correct it."),
        ("sharegpt", '{"conversations": [{"from": "human", "value": null}]}', "Line 1, conversations: expected text as value, found nothing. Leave out turns that call tools."),
        ("alpaca", '{"instruction": "x"}', "Line 1, output: there is no key “output”; found “instruction”. Choose the form that the file has."),
    ],
)  # fmt: skip
def test_conversations_with_faults(form: str, raw: str, said: str) -> None:
    assert read(raw, form=form) == ([], [said])


def test_foreign_conversations_are_found_out_and_read() -> None:
    turns = [
        ("system", "Be nice"),
        ("human", "Hi"),
        ("gpt", "Hello"),
        ("human", "What is it?"),
        ("gpt", "A letter."),
    ]
    share = [{"id": "x", "conversations": [{"from": role, "value": text} for role, text in turns]}]
    form, reading = read_pairs(json.dumps(share).encode())
    (pair,) = reading.pairs
    assert (form.name, pair.question, pair.answer) == ("sharegpt", *GOOD)
    assert [(turn.role, turn.content) for turn in pair.history] == [("user", "Hi"), ("assistant", "Hello")]
    assert [str(each) for each in reading.problems] == [
        "System messages were left out: the service has instructions of its own."
    ]
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "it?"}]
    chat = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "A letter."}]}
    form, reading = read_pairs(json.dumps(chat).encode())
    assert (form.name, reading.pairs[0].question) == ("openai", "What is\nit?")
    alpaca = [{"instruction": "What is this?", "input": "Dear Tom", "output": "A letter."}]
    form, reading = read_pairs(json.dumps(alpaca).encode())
    assert (form.name, reading.pairs[0].question) == ("alpaca", "What is this?\n\nDear Tom")
    wrapped = {
        "version": 1,
        "data": [{"Frage": "Was?", "Antwort": "Das.", "quellen": ["MS 1", {"id": "r2"}]}],
    }
    form, reading = read_pairs(json.dumps(wrapped).encode())
    assert [item.record_id for item in reading.pairs[0].evidence] == ["MS 1", "r2"]


def test_more_rows_than_are_taken_at_once_are_refused_whole() -> None:
    row = "question,answer\n" + "Why?,So.\n" * 100_000
    with pytest.raises(Unreadable, match=f"more than {MOST_ROWS:,} rows"):
        read_pairs(row.encode())
    with pytest.raises(Unreadable, match=f"more than {MOST_ROWS:,} rows"):
        read_pairs(f"{ITEM}\n".encode() * 100_000)
    pairs, told = read("question,answer\n" + "Why?,So.\n" * MOST_ROWS)
    assert (len(pairs), told) == (MOST_ROWS, [])


def test_of_many_problems_the_first_are_told_and_the_others_counted() -> None:
    _, reading = read_pairs(("question,answer\nWhat is it?,A letter.\n" + "Why?,\n" * 1_000).encode())
    assert (len(reading.entries), reading.refused, len(reading.problems), reading.more) == (
        1,
        1000,
        MOST_PROBLEMS,
        800,
    )


def test_characters_that_turn_text_around_stay_what_they_are() -> None:
    pairs, told = read(f"{HEAD}\u202eWhat is it?\u2066,<script>alert(1)</script>\n")
    assert (pairs, told) == ([("\u202eWhat is it?\u2066", "<script>alert(1)</script>")], [])


def test_an_apostrophe_that_says_text_is_taken_off_at_the_beginning_of_a_cell_only() -> None:
    pairs, _ = read(f"{HEAD}'=1+1,'tis a\n''-x,\"rock,'-roll\"\n")
    assert pairs == [("=1+1", "'tis a"), ("'-x", "rock,'-roll")]
