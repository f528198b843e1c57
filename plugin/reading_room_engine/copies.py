"""The private folder that holds this process's copies of adapter versions.

Copies live as long as the process: a restarted engine takes each version from the shared folder again, so
one that was withdrawn there stays withdrawn.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path

_PREFIX = "process-"


def make_copies_folder(parent: Path) -> Path:
    """A new folder in `parent` for this process, gone when it ends; of processes that were killed, those
    left behind are removed now.

    Raises OSError where it cannot be made, PermissionError where `parent` is somebody else's.
    """
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if parent.is_symlink() or parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{parent} is somebody else's; set READING_ROOM_ENGINE_COPIES elsewhere")
    for old in parent.glob(f"{_PREFIX}*"):
        _remove_if_left(old)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    _lock(folder)  # held until the process ends, however it ends
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _remove_if_left(folder: Path) -> None:
    try:
        descriptor = _lock(folder)
    except OSError:  # in use, or being removed
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)


def _lock(folder: Path) -> int:
    """Lock `folder` and give the descriptor that holds the lock. Raises BlockingIOError if it is locked."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
