"""The private folder in which one engine has its sockets: made for this user alone, and locked."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path

from serve.engine.session import end_processes_in
from serve.errors import EngineDown

PATIENCE_SECONDS = 20.0
"""Longer than the guard of a killed gateway takes to end the engine it leaves behind."""


@dataclass(slots=True)
class EngineFolder:
    """The folder at `path`. `lock` is a file descriptor that the guard inherits, so that the folder
    counts as in use until the engine itself is gone; `take` waits `patience` seconds for that."""

    path: Path
    patience: float = PATIENCE_SECONDS
    lock: int | None = None

    async def take(self) -> int:
        """Make the folder private, lock it, and clear it of old sockets and of what still runs in it.

        Raises EngineDown where it belongs to somebody else, or another engine is running in it.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.path.is_symlink() or self.path.lstat().st_uid != os.getuid():
            raise EngineDown(
                f"{self.path} is somebody else's. Remove it, or set READING_ROOM_DATA elsewhere."
            )
        self.path.chmod(0o700)
        if self.lock is None:
            self.lock = await self._take_lock()
            await end_processes_in(self.path)
        self.clear()
        return self.lock

    def clear(self) -> None:
        """Remove the sockets; the engine leaves some of its own behind."""
        for entry in self.path.glob("*"):
            if entry.is_socket():
                entry.unlink(missing_ok=True)

    def release(self) -> None:
        """Clear the folder and let another engine have it."""
        if self.lock is not None:
            self.clear()
            os.close(self.lock)
            self.lock = None

    async def _take_lock(self) -> int:
        descriptor = os.open(self.path / "engine.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + self.patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    raise EngineDown(
                        f"Another Reading Room runs an engine in {self.path}. "
                        "Stop it, or set READING_ROOM_DATA to another folder."
                    ) from None
            await asyncio.sleep(0.2)
