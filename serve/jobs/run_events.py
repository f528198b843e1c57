"""What a run writes to its events.jsonl, read as it comes."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from serve.jobs.job import Event, Level
from serve.people.moments import as_utc, now_utc

EVENTS = "events.jsonl"
_LEVELS: dict[str, Level] = {"info": "info", "warn": "warn", "warning": "warn", "error": "error"}
_MOST_BYTES = 1_000_000
"""Read at a time; a line that is longer is no event."""


class RunEvents:
    """The file of one run, from byte `heard` on. A file that is shorter than that is read from its start."""

    def __init__(self, folder: Path, heard: int) -> None:
        self._path = folder / EVENTS
        self.heard = heard if self._size() >= heard else 0

    def read(self) -> list[Event]:
        """The events in whole lines that were added since, `heard` then being the byte after them.

        A line that is no event (a torn one of a run that was killed) is left out.
        """
        try:
            with self._path.open("rb") as stream:
                stream.seek(self.heard)
                chunk = stream.read(_MOST_BYTES)
        except FileNotFoundError:
            return []
        end = chunk.rfind(b"\n") + 1
        if not end and len(chunk) == _MOST_BYTES:
            end = len(chunk)
        self.heard += end
        return [event for line in chunk[:end].splitlines() if (event := _parse(line))]

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0


def _parse(line: bytes) -> Event | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    data = told.get("data")
    return Event(
        level=_LEVELS.get(str(told.get("level")), "info"),
        type=str(told.get("type", "message")),
        message=str(told.get("message", "")),
        data=data if isinstance(data, dict) else {},
        at=_parse_moment(told.get("at")),
    )


def _parse_moment(text: object) -> datetime:
    try:
        return as_utc(datetime.fromisoformat(str(text)))
    except ValueError:
        return now_utc()
