"""What crosses the wire about a run's exam: base, version in use and candidate side by side, for staff.

GET /v1/runs/{run}/exam -> ExamReply; 404 before the exam, 409 where its record is not as it was written
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

ExamRole = Literal["base", "champion", "candidate"]


class FigureInfo(BaseModel):
    """A figure over `count` questions; `low` and `high` bound it, each at 95 %. None: not known."""

    value: float | None
    low: float | None
    high: float | None
    count: int


class MeasureInfo(BaseModel):
    """One measure of every version that sat the exam.

    A "share" runs from 0 to 1; of a "ratio" only the quotient means something. `difference` is the
    candidate's figure less that of the version in use (of the base where none is), or their quotient less 1.
    """

    name: str
    label: str
    better: Literal["higher", "lower", "same"]
    scale: Literal["share", "ratio"]
    figures: dict[ExamRole, FigureInfo]
    difference: FigureInfo | None


class ErrorInfo(BaseModel):
    """How many errors of one kind each version made; `explained` goes on from "the answer"."""

    kind: str
    explained: str
    counts: dict[ExamRole, int]


class ChangedInfo(BaseModel):
    """One question that came out otherwise. `fault`, `error` and `explained` are of the answer that is wrong.

    The texts are "" for who does not decide on runs, and where the pair was withdrawn or an answer is gone.
    """

    id: str
    fault: str
    error: str
    explained: str
    question: str
    right: str
    before: str
    after: str


class BesideInfo(BaseModel):
    """The candidate beside another version, question by question; `sentence` counts what changed."""

    role: Literal["base", "champion"]
    name: str
    sentence: str
    broken: list[ChangedInfo]
    fixed: list[ChangedInfo]
    same_right: int
    same_wrong: int


class ExamReply(BaseModel):
    """A run's exam. `beside` has the version in use first; `texts` says whether words of pairs are shown."""

    run: str
    version: str
    dataset: str
    questions: int
    answerable: int
    versions: dict[ExamRole, str]
    measures: list[MeasureInfo]
    errors: list[ErrorInfo]
    beside: list[BesideInfo]
    texts: bool
