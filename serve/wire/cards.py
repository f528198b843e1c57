"""What crosses the wire about model cards, for staff: `GET /v1/adapters/{name}/card` -> CardReply."""

from __future__ import annotations

from pydantic import BaseModel


class CardTable(BaseModel):
    """Rows of texts under headings, as many in each."""

    title: str
    headings: list[str]
    rows: list[list[str]]


class CardSection(BaseModel):
    """Sentences to read, then tables, then texts to be taken as they are, such as commands."""

    key: str
    title: str
    sentences: list[str]
    tables: list[CardTable]
    code: list[str]


class CardReply(BaseModel):
    """The card of a version as it is today, in plain texts; `markdown` is the same as a file."""

    version: str
    title: str
    sections: list[CardSection]
    markdown: str
