"""Pairs into files and out of them, and drafts: `/v1/pairs/forms`, `/import`, `/export` and `/drafts`.

`POST /v1/pairs/import?name=&form=&licence=&consent=&try=` takes a file's bytes as the body and replies an
`ImportReply`; `GET /v1/pairs/export?form=&state=&try=` replies the file, or with `try=1` an `ExportReport`;
`GET /v1/pairs/forms` a `FormList`; `POST /v1/pairs/drafts` takes a `DraftRequest` and replies a `DraftReply`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from serve.schemas import Identifier, Incoming

MOST_DRAFTS = 20
"""Drafts in one request; each takes the model one to two answers."""


class FormInfo(BaseModel):
    """One form of file. `leaves_out` says in a sentence what it cannot carry, "" where it carries all."""

    name: str
    title: str
    suffix: str
    media_type: str
    leaves_out: str


class FormList(BaseModel):
    """`GET /v1/pairs/forms`."""

    object: Literal["list"] = "list"
    data: list[FormInfo]


class ImportProblem(BaseModel):
    """What is wrong at one place. `refused` says whether the row was left out because of it.

    `place` is where, in words ("Row 3", "Line 12"; "" for the whole file), `row` the same as a number;
    `column` is named as the file names it, "" where no column is to blame. `sentence` is all of it in one.
    """

    place: str
    row: int | None
    column: str
    problem: str
    remedy: str
    refused: bool
    sentence: str


class ImportReply(BaseModel):
    """`POST /v1/pairs/import`. With `tried` nothing was kept: it says what would be.

    `imported` counts the pairs that are new, `known` those that are here already, `refused` the rows that
    were left out. `problems` holds the first of them, `more_problems` says how many others there are.
    `pair_ids` are those of the new pairs, in the order of the file.
    """

    form: str
    tried: bool
    rows: int
    imported: int
    known: int
    refused: int
    problems: list[ImportProblem]
    more_problems: int
    pair_ids: list[str]


class ExportReport(BaseModel):
    """`GET /v1/pairs/export?try=1`: what the file would hold. `notes` say what its form leaves out.

    The file itself brings its notes in the header `X-Reading-Room-Notes`, a JSON list of sentences.
    """

    form: str
    name: str
    media_type: str
    pairs: int
    notes: list[str]


class DraftRequest(Incoming):
    """`POST /v1/pairs/drafts`: draft pairs from entries of a collection."""

    collection: Identifier
    count: Annotated[int, Field(ge=1, le=MOST_DRAFTS)] = 10


class DraftReply(BaseModel):
    """Which pairs were drafted, by which model, about how many entries it was `asked`, and what came of the
    others, in sentences."""

    pair_ids: list[str]
    model: str
    asked: int
    notes: list[str]
