"""What crosses the wire about what patrons ask.

    GET /v1/usage?days=30 -> UsageReply

Counts are of every answer; texts only of what patrons left feedback on or agreed to have kept.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class DayUsage(BaseModel):
    """Answers of one day (ISO 8601, UTC); days without any are there with zeros."""

    day: str
    answers: int
    found: int
    not_found: int


class UsageShare(BaseModel):
    """Answers by a collection, status or adapter. `name` is its id, `label` what to show.

    A collection's `name` is "" for answers that came from none or from several.
    """

    name: str
    label: str
    answers: int
    found: int
    not_found: int


class AskedText(BaseModel):
    """A question that patrons asked, in the words of the newest; `times` asked, of these `found`.

    `source`: whether it is here by feedback or by a conversation that its patron agreed to have kept.
    """

    question: str
    times: int
    found: int
    thumbs_up: int
    thumbs_down: int
    last: str
    source: Literal["feedback", "conversation"]


class UsageReply(BaseModel):
    """`since` and `until` are the first and last day. Shares: most answers first; they add up to `answers`.

    Answers that failed, or did not search, are neither `found` nor `not_found`. `questions`: most often
    asked first; `note` says in words what they are.
    """

    since: str
    until: str
    answers: int
    found: int
    not_found: int
    by_day: list[DayUsage]
    by_collection: list[UsageShare]
    by_status: list[UsageShare]
    by_adapter: list[UsageShare]
    questions: list[AskedText]
    note: str
