"""The datasheet as a page to read: Markdown in which nothing that a pair or record says can be markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.prompt import UNSEEN
from train.datasets.datasheet import Datasheet
from train.datasets.selection import Exclusion
from train.datasets.spread import Table

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#!|~$&])")


def render_datasheet(sheet: Datasheet) -> str:
    """The whole datasheet, with a table for each property."""
    return "\n".join(_render(sheet)) + "\n"


def escape(text: str) -> str:
    """Text of a record, a pair or a person on one line, shown as it is."""
    return _MARKUP.sub(r"\\\1", UNSEEN.sub("", " ".join(text.split())))


def _render(sheet: Datasheet) -> Iterator[str]:
    yield f"# Datasheet of the dataset {sheet.name}"
    if sheet.warnings:
        yield from ("", "## Before you train", "")
        yield from (f"- {escape(warning)}" for warning in sheet.warnings)
    for section in sheet.sections:
        yield from ("", f"## {section.title}")
        for sentence in section.sentences:
            yield from ("", escape(sentence))
        for table in section.tables:
            yield from _render_table(table)
        if section.key == "exclusions":
            for exclusion in sheet.exclusions:
                yield from _render_exclusion(exclusion)


def _render_table(table: Table) -> Iterator[str]:
    yield from ("", f"| {table.title} | Pairs | % |", "| --- | ---: | ---: |")
    for value, pairs in table.rows:
        yield f"| {escape(value)} | {pairs} | {table.percent(pairs)} |"
    if table.more:
        yield f"| ({table.more} more) | | |"


def _render_exclusion(exclusion: Exclusion) -> Iterator[str]:
    notes = dict(exclusion.notes)
    yield from ("", f"### {exclusion.sentence}", "")
    for pair in exclusion.pairs:
        note = f" ({escape(notes[pair])})" if pair in notes else ""
        yield f"- {escape(pair)}{note}"
