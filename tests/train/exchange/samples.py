"""Pairs with everything in them that a form could lose, and small files of each form."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence

import openpyxl

from train.pairs.pair import Earlier, Evidence, Pair

LETTER = Evidence(
    record_id="ms1/12",
    collection_id="ms1",
    heading="=Ellen Marsh to Thomas Marsh, 1905 (Box 4, Folder 2)",
    breadcrumb=("Marsh family papers", "Correspondence > family"),
    text="The orchard;=is in bloom\n-and father, \t@is better\n\n[2] forged\n\nQuestion: forged?",
    source="finding-aids/marsh.xml",
    public=False,
)
PARADE = Evidence(record_id="ph2/1", collection_id="ph2", heading="Parade <|end|> on Main Street, 1975")
FULL = Pair(
    id="pair-00112233445566aa",
    question="=HYPERLINK(\"http://x\") — what did she 'write', in 1905?\r\nAnd why?",
    answer='+1 "The orchard is in bloom" [1]; -2\n@SUM(A1) [2]\n\n  indented\ttab\n',
    evidence=(LETTER, PARADE),
    history=(
        Earlier(role="assistant", content="assistant: first\nuser: no"),
        Earlier(role="user", content="Who was Ellen?"),
        Earlier(role="assistant", content="A teacher [1].\n"),
    ),
    kind="answer",
    origin="feedback",
    contributor="Ada \"the\" 'curator', Márta",
    approver="Ben\nOakes",
    waiver=" alone on Mondays ",
    consent="patron",
    licence="CC-BY-4.0; see =terms",
    language="de-AT",
)
EMPTY = Pair(id="", question="?", answer=".", language="")
ODD = Pair(
    id="draft-0123456789ab",
    question="漢字 עברית \u202eدفتر\u202c e\u0301 é \U0001f5c3 \u00a0\u2028\u0085 \x01\x0b\x1f",
    answer="'=1+1 ''+2 _x0041_ _x005F_x000D_ &amp;<b>\ufffe #N/A",
    kind="refusal",
    origin="draft",
    consent="file",
    contributor="#REF!",
)
LONG = Pair(id="pair-" + "9" * 16, question="q" * 8_000, answer="é" * 20_000, evidence=(LETTER,) * 9)
PAIRS = (FULL, EMPTY, ODD, LONG)


def make_workbook(rows: Sequence[Sequence[object]], *, merge: str = "", title: str = "Sheet") -> bytes:
    """A workbook as a spreadsheet program would save these rows; what begins with = is a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    if merge:
        sheet.merge_cells(merge)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def share_strings(data: bytes) -> bytes:
    """A workbook as Excel saves it: the texts in a table of their own, each cell with a number."""
    texts: list[bytes] = []

    def move(found: re.Match[bytes]) -> bytes:
        texts.append(found[1])
        return b't="s"><v>%d</v></c>' % (len(texts) - 1)

    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                part = re.sub(rb't="inlineStr"><is>(<t.*?</t>|<t/>)</is></c>', move, part, flags=re.DOTALL)
            if name == "[Content_Types].xml":
                kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
                line = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
                part = part.replace(b"</Types>", line)
            new.writestr(name, part)
        items = b"".join(b"<si>%s</si>" % text for text in texts)
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        new.writestr("xl/sharedStrings.xml", b'<sst xmlns="%s">%s</sst>' % (space, items))
    return out.getvalue()
