"""What happens in a run, one JSON object a line, each on the disk before the run goes on.

    {"at": "2026-11-21T20:00:00.123+00:00", "level": "info", "type": "metrics",
     "message": "Step 12 of 60: loss 1.234.", "data": {"step": 12, "steps": 60, "train_loss": 1.234, …}}

Levels are those of OpenAI's fine-tuning events. A run that was killed goes on from its last checkpoint and
says so (`resumed`, with the step): figures of later steps written before are then void.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

Level = Literal["info", "warn", "error"]
Type = Literal[
    "message",
    "started",
    "estimate",
    "metrics",
    "progress",
    "checkpoint",
    "resumed",
    "paused",
    "done",
    "refused",
    "failed",
]


@dataclass(frozen=True, slots=True)
class Event:
    """One line; `at` in ISO 8601, UTC."""

    at: str
    level: Level
    type: Type
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Curves:
    """Mean loss for each answer token by step: of the lessons of the step, and of the validation part."""

    train: tuple[tuple[int, float], ...] = ()
    valid: tuple[tuple[int, float], ...] = ()


class EventLog:
    """Appends events; safe to kill at any time. A line that an earlier process left torn is ended first."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        size = os.fstat(self._descriptor).st_size
        if size and os.pread(self._descriptor, 1, size - 1) != b"\n":
            os.write(self._descriptor, b"\n")

    def add(
        self, type: Type, message: str, data: Mapping[str, Any] | None = None, level: Level = "info"
    ) -> None:
        """Append one event; on the disk when this returns."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": level, "type": type, "message": message, "data": dict(data or {})}
        os.write(self._descriptor, json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        os.fsync(self._descriptor)

    def close(self) -> None:
        """No more events."""
        os.close(self._descriptor)


class Clock:
    """Seconds since it was made, by the wall and of this process on all cores."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.monotonic(), time.process_time()

    @property
    def wall(self) -> float:
        return round(time.monotonic() - self._wall, 3)

    @property
    def cpu(self) -> float:
        return round(time.process_time() - self._cpu, 3)


def read_events(path: Path) -> list[Event]:
    """The events so far; none where there is no file. Lines that a kill left torn are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [event for line in lines if (event := _parse(line)) is not None]


def read_curves(events: Iterable[Event]) -> Curves:
    """The loss curves, without what a kill made void."""
    train: dict[int, float] = {}
    valid: dict[int, float] = {}
    for event in events:
        step = event.data.get("step")
        if not isinstance(step, int):
            continue
        if event.type == "resumed":
            train = {at: loss for at, loss in train.items() if at <= step}
            valid = {at: loss for at, loss in valid.items() if at <= step}
        elif event.type == "metrics":
            for curve, key in ((train, "train_loss"), (valid, "valid_loss")):
                if isinstance(loss := event.data.get(key), float):
                    curve[step] = loss
    return Curves(tuple(sorted(train.items())), tuple(sorted(valid.items())))


def add_up_seconds(events: Iterable[Event]) -> tuple[float, float]:
    """Wall and CPU seconds over all of a run's processes: the last figures of each are added."""
    sessions: list[tuple[float, float]] = []
    for event in events:
        if event.type == "started":
            sessions.append((0.0, 0.0))
        wall, cpu = event.data.get("seconds"), event.data.get("cpu_seconds")
        if sessions and isinstance(wall, float) and isinstance(cpu, float):
            sessions[-1] = (wall, cpu)
    return round(sum(wall for wall, _ in sessions), 3), round(sum(cpu for _, cpu in sessions), 3)


def _parse(line: bytes) -> Event | None:
    try:
        told = json.loads(line)
        if told["level"] not in get_args(Level) or told["type"] not in get_args(Type):
            return None
        if not isinstance(told["data"], dict):
            return None
        return Event(str(told["at"]), told["level"], told["type"], str(told["message"]), told["data"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
