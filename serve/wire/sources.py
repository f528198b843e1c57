"""What crosses the wire about the sources that the index is made from.

    GET /v1/sources -> SourceList

Read only: sources are added, refreshed and removed by `reading-room sources` on the server.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class FileProblem(BaseModel):
    """What is wrong with one file of a source, in plain words."""

    file: str
    problem: str


class SourceInfo(BaseModel):
    """One source. `location` is its folder, file or address; `access` says in words who may see it.

    `records` counts what is in the index of it, `collections` are their titles.

    `refreshed` is when it was last read (ISO 8601, UTC; "": never), `problem` what hindered the last
    reading. `file_problems` are the first of them; `problems` counts all.
    """

    name: str
    kind: Literal["files", "oai"]
    location: str
    access: str
    files: int
    records: int
    collections: list[str]
    refreshed: str
    problem: str
    problems: int
    file_problems: list[FileProblem]


class SourceList(BaseModel):
    """`refreshing`: a process of this machine is writing an index now.

    `problem` says why nothing is known of the sources or their files, "" where it is.
    """

    object: Literal["list"] = "list"
    total: int
    data: list[SourceInfo]
    index_version: str
    records: int
    collections: int
    refreshing: bool
    problem: str
