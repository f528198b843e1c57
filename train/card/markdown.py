"""The card as README.md: front matter that the hub's tools read, and Markdown that nothing told can steer.

The front matter is YAML of which every value is written as JSON on one line, which YAML takes as it is: a
name cannot end it, start a key or become another type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from retrieval.prompt import UNSEEN
from train.card.card import Card, Section, Table
from train.datasets.markdown import escape

_UNWRITABLE = re.compile(
    "[^\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""What YAML takes in no text, or for the end of a line."""


def render_card(card: Card) -> str:
    """README.md."""
    text = "\n".join(_render(card)) + "\n"
    return text.encode("utf-8", "replace").decode()  # half a character is in no file


def _render(card: Card) -> Iterator[str]:
    yield "---"
    for key, value in card.front.items():
        yield f"{key}: {json.dumps(_clean(value), ensure_ascii=False, allow_nan=False)}"
    yield from ("---", "", f"# {escape(card.title)}")
    for section in card.sections:
        yield from _render_section(section)


def _render_section(section: Section) -> Iterator[str]:
    yield from ("", f"## {escape(section.title)}")
    for sentence in section.sentences:
        yield from ("", escape(sentence))
    for code in section.code:
        yield from ("", f"    {UNSEEN.sub('', ' '.join(code.split()))}")
    for table in section.tables:
        yield from _render_table(table)


def _render_table(table: Table) -> Iterator[str]:
    yield from ("", f"### {escape(table.title)}", "")
    yield f"| {' | '.join(map(escape, table.headings))} |"
    yield f"|{' --- |' * len(table.headings)}"
    for row in table.rows:
        yield f"| {' | '.join(map(escape, row))} |"


def _clean(value: object) -> object:
    if isinstance(value, str):
        return _UNWRITABLE.sub("?", UNSEEN.sub("", " ".join(value.split())))
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
