"""The forms of file that pairs come and go in, and which of them a file has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from train.pairs.exchange import faq
from train.pairs.exchange.alpaca import read_alpaca, write_alpaca
from train.pairs.exchange.delimited import read_delimited, write_delimited
from train.pairs.exchange.encoding import decode
from train.pairs.exchange.export import Export
from train.pairs.exchange.faq_html import looks_like_html
from train.pairs.exchange.messages import read_openai, read_sharegpt, write_openai, write_sharegpt
from train.pairs.exchange.objects import read_json, read_lines, write_json, write_lines
from train.pairs.exchange.reading import MOST_BYTES, Reading, Unreadable
from train.pairs.exchange.workbook import read_workbook, write_workbook
from train.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Form:
    """One form. `read` raises Unreadable; `leaves_out` says what it cannot carry, "" where it carries all."""

    name: str
    title: str
    suffix: str
    media_type: str
    read: Callable[[bytes], Reading]
    write: Callable[[Sequence[Pair]], Export]
    leaves_out: str = ""


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form("csv", "CSV table", ".csv", "text/csv", read_delimited, write_delimited),
        Form(
            "xlsx",
            "Excel workbook",
            ".xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            read_workbook,
            write_workbook,
        ),
        Form("json", "JSON", ".json", "application/json", read_json, write_json),
        Form("jsonl", "JSON Lines", ".jsonl", "application/jsonl", read_lines, write_lines),
        Form("alpaca", "Alpaca JSON", ".json", "application/json", read_alpaca, write_alpaca),
        Form("sharegpt", "ShareGPT JSON", ".json", "application/json", read_sharegpt, write_sharegpt),
        Form("openai", "OpenAI messages", ".jsonl", "application/jsonl", read_openai, write_openai),
        Form("faq", "FAQ page", ".txt", "text/plain", faq.read_faq, faq.write_faq, faq.LEAVES_OUT),
    )
}
"""The forms by name, in the order in which they are offered."""

_HEAD = 100_000
_TABLES = {".csv", ".tsv", ".tab"}


def read_pairs(raw: bytes, *, name: str = "", form: str = "") -> tuple[Form, Reading]:
    """What a file holds, in the form named or the one it seems to have.

    Raises Unreadable where that is nothing, and for an unknown form.
    """
    if len(raw) > MOST_BYTES:
        found = (
            f"the file has {len(raw) / 1e6:,.0f} MB, more than the {MOST_BYTES / 1e6:,.0f} MB that are read"
        )
        raise Unreadable(found, "Split it into several files")
    chosen = find_form(form) if form else detect(raw, name)
    reading = chosen.read(raw)
    if not reading.rows:
        raise Unreadable("the file holds no pairs", "Choose another one")
    return chosen, reading


def find_form(name: str) -> Form:
    """The form of this name. Raises Unreadable for an unknown one."""
    if name not in FORMS:
        raise Unreadable(f"there is no form “{name[:40]}”", f"Choose one of {', '.join(FORMS)}")
    return FORMS[name]


def detect(raw: bytes, name: str = "") -> Form:
    """The form that a file seems to have, by what is in it rather than by its name. Raises Unreadable."""
    if raw.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return FORMS["xlsx"]
    head = decode(raw).text[:_HEAD].lstrip()
    suffix = PurePath(name.lower()).suffix
    if head[:1] == "{" or (head[:1] == "[" and re.match(r"\[\s*[\[{\]\"]", head)):
        return FORMS[_detect_json(head)]
    if suffix not in _TABLES and (looks_like_html(head) or _looks_like_faq(head)):
        return FORMS["faq"]
    return FORMS["csv"]


def _detect_json(head: str) -> str:
    """Which JSON, by the keys of its first objects."""
    if re.search(r'"messages"\s*:\s*\[', head):
        return "openai"
    if re.search(r'"conversations"\s*:\s*\[\s*\{[^{}]*"(?:from|value)"\s*:', head):
        return "sharegpt"
    if re.search(r'"instruction"\s*:', head) and re.search(r'"output"\s*:', head):
        return "alpaca"
    return "json" if head[:1] == "[" else "jsonl"


def _looks_like_faq(head: str) -> bool:
    """Whether a text has questions on lines of their own, and is no table."""
    try:
        reading = faq.read_faq(head.encode())
    except Unreadable:
        return False
    first = head.split("\n", 1)[0]
    return bool(reading.entries) and not re.search(r"[\t;|]|,\S", first)
