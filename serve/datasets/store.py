"""The folder of dataset versions: a version comes in whole, under its name for ever, or not at all.

<name>--v<number>-<8 hex>/    a version, read-only (`train.datasets.folder`)
.building-…/                  a version that is being written, or was when its build was killed
.lock                         held while a version is built: builds take turns
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from serve.adapters.store import StoreFull
from serve.errors import Conflict, NotFound, ServeError
from train.datasets.names import VersionName, parse_version

_BUILDING, _LOCK = ".building-", ".lock"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True)
class DatasetStore:
    """The folder `root`, for as many processes at once as there are."""

    root: Path

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One build at a time; the system gives the lock back where one dies. What it left is removed.

        Raises StoreFull where the disk is full, ServeError where the folder cannot be written.
        """
        with self._tell_errors():
            self.root.mkdir(parents=True, exist_ok=True, mode=0o750)
            descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                for left in self.root.glob(f"{_BUILDING}*"):
                    _remove(left)
                yield
            finally:
                os.close(descriptor)

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """An empty folder to write a version in; removed unless it is published. Needs the lock."""
        path = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=self.root))
        try:
            yield path
        finally:
            _remove(path)

    def publish(self, draft: Path, version: VersionName) -> Path:
        """Give a written version its name, on the disk when this returns. Raises Conflict where it is "
        "taken."""
        path = self.root / str(version)
        if path.exists():
            raise Conflict(f"Expected no folder {version}, found one. Verify it: reading-room dataset verify")
        draft.rename(path)
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return path

    def find(self, version: str) -> Path:
        """The folder of a version. Raises NotFound where there is none, or `version` cannot be one's name."""
        path = self.root / version if parse_version(version) else None
        if path is None or path.is_symlink() or not path.is_dir():
            raise NotFound(
                f"There is no folder of a dataset version {ascii(version)[1:-1][:80]}. Put it back from a "
                "copy, or list them: reading-room dataset list"
            )
        return path

    def versions(self) -> tuple[VersionName, ...]:
        """The versions whose folders are there, by name and number."""
        if not self.root.is_dir():
            return ()
        found = (parse_version(entry.name) for entry in self.root.iterdir() if entry.is_dir())
        return tuple(sorted((one for one in found if one), key=lambda one: (one.name, one.number)))

    @contextmanager
    def _tell_errors(self) -> Iterator[None]:
        """What the operating system refuses, as an error that says what to do."""
        try:
            yield
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise StoreFull(
                    f"There is no room in {self.root} for a dataset version ({error.strerror}); free some "
                    "and build it again. Nothing was left behind."
                ) from error
            raise ServeError(f"No dataset version can be kept in {self.root} ({error}); check it.") from error


def _remove(path: Path) -> None:
    """Delete a draft, which may be read-only already; what cannot be deleted now is tried again later."""
    with suppress(OSError):
        if stat.S_ISDIR(path.lstat().st_mode):
            path.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)
