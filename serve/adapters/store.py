"""The store of adapter versions: a version comes in whole and checked, or not at all, and never changes.

<adapter>--v<number>-<8 hex>/    a version, read-only (`serve.adapters.folder`)
.adding-…/                       a version that is being copied and checked
.purged-<name>/                  empty: the name of a version whose files were removed, never used again
.lock                            held while a number is taken and while a version is removed
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serve.adapters.base import BaseModel
from serve.adapters.folder import (
    ADAPTER,
    CONFIG,
    LIMITS,
    MANIFEST,
    NAME,
    WEIGHTS,
    AdapterFolder,
    check_adapter,
    sha256,
)
from serve.errors import BadRequest, Conflict, NotFound, ServeError

_ADDING, _PURGED, _LOCK = ".adding-", ".purged-", ".lock"
_CRASHED_SECONDS = 3600.0
"""A temporary folder that nothing was written to for so long was left by an add that died."""
_MOST_NUMBER = 999_999
_CHUNK_BYTES = 2**20
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StoreFull(ServeError):
    """There is no room for the version on the disk of the adapter folder."""

    status, code = 507, "storage_full"


@dataclass(frozen=True, slots=True)
class AdapterStore:
    """The adapter folder `root`, for as many processes at once as there are."""

    root: Path

    def add(
        self,
        source: Path,
        base: BaseModel | None,
        *,
        most_rank: int,
        name: str | None = None,
        lineage: Mapping[str, Any] | None = None,
        base_names: Collection[str] = (),
    ) -> AdapterFolder:
        """Copy a version in, check the copy, and put it under its name for ever.

        `source` is a version's folder, which keeps its name and manifest, or what peft writes
        (adapter_config.json and adapter_model.safetensors): then `name` says of which adapter it is the
        next version, and `lineage` goes into its manifest. Raises BadRequest where it is refused, with
        every problem; Conflict where it is there already or its number is taken; StoreFull where the disk
        is full; ServeError where it cannot be read or written. Whatever is raised, nothing is left behind.
        """
        with _tell_errors(source, self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            self._sweep()
            draft = _Draft(Path(tempfile.mkdtemp(prefix=_ADDING, dir=self.root)))
            try:
                files = _copy_folder(source, draft.path)
                if MANIFEST in files:
                    adapter, number = _read_own_name(source, name, lineage)
                else:
                    adapter, number = _check_adapter_name(name), 0
                    _write_manifest(draft.path, adapter, base, lineage or {})
                digest = sha256(draft.path / WEIGHTS)
                shown = source.name if number else f"{adapter}--v{self._next_number(adapter)}-{digest[:8]}"
                found = check_adapter(
                    draft.path, base, most_rank=most_rank, base_names=base_names, name=shown
                )
                if found.problems:
                    raise BadRequest(f"The adapter was refused: {'; '.join(found.problems)}")
                return self._publish(draft, found, keeps_number=bool(number))
            finally:
                draft.remove()

    def find(self, name: str) -> Path:
        """The folder of a version. Raises NotFound where there is none, or `name` cannot be one's name."""
        path = self.root / name if NAME.fullmatch(name) else None
        if path is None or path.is_symlink() or not path.is_dir():
            raise NotFound(f"There is no adapter version {ascii(name)[:80]}; `adapters list` shows all.")
        return path.resolve()

    def purge(self, name: str) -> None:
        """Remove the files of a version for ever; its name stays taken.

        It is gone at once, by a rename, and deleted then. Raises NotFound where there is none.
        """
        with _tell_errors(self.find(name), self.root), self._lock():
            path = self.find(name)
            path.chmod(0o700)
            purged = path.rename(path.with_name(f"{_PURGED}{name}"))
            _sync_folder(self.root)
            _empty(purged)

    def _publish(self, draft: _Draft, found: AdapterFolder, *, keeps_number: bool) -> AdapterFolder:
        """Take the number, rename the draft to its name, make it read-only."""
        with self._lock():
            number = found.number if keeps_number else self._next_number(found.adapter)
            name = f"{found.adapter}--v{number}-{found.sha256[:8]}"
            self._refuse_twice(replace(found, name=name, number=number), draft.path)
            for file in draft.path.iterdir():
                file.chmod(0o444)
            _sync_folder(draft.path)
            draft.move(self.root / name)
            _sync_folder(self.root)
            draft.path.chmod(0o555)
            _sync_folder(draft.path)
        return replace(found, name=name, number=number, path=draft.keep().resolve())

    def _refuse_twice(self, found: AdapterFolder, draft: Path) -> None:
        """Refuse the same version again, another one with its number, and the name of a purged one."""
        digests = _digests(draft)
        for name in self._taken(found.adapter):
            there = self.root / name
            if not there.is_dir():
                if name == found.name:
                    raise Conflict(f"{name} was purged; its name is not used again: add it as a new version.")
                continue
            if name.endswith(found.sha256[:8]) and _digests(there) == digests:
                raise Conflict(f"This version is there already, as {name}, with the same digest.")
            if _read_number(name) == found.number:
                raise Conflict(
                    f"Number {found.number} of {found.adapter} is taken by {name}; give this one another."
                )

    def _next_number(self, adapter: str) -> int:
        number = max((_read_number(name) for name in self._taken(adapter)), default=0) + 1
        if number > _MOST_NUMBER:
            raise Conflict(f"{adapter} has no number left after {_MOST_NUMBER}; choose another adapter name.")
        return number

    def _taken(self, adapter: str) -> list[str]:
        """The names of an adapter's versions, those that were purged among them."""
        names = {entry.name.removeprefix(_PURGED) for entry in self.root.iterdir()}
        return sorted(name for name in names if (made := NAME.fullmatch(name)) and made["adapter"] == adapter)

    def _sweep(self) -> None:
        """Delete what adds and purges that died have left."""
        for folder in self.root.glob(f"{_ADDING}*"):
            if time.time() - _last_change(folder) > _CRASHED_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
        for folder in self.root.glob(f"{_PURGED}*"):
            _empty(folder)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One process at a time; the system gives the lock back where one dies."""
        descriptor = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@dataclass(slots=True)
class _Draft:
    """The folder a version is made in; removed, under whichever name, unless it is kept."""

    path: Path
    kept: bool = field(default=False)

    def move(self, target: Path) -> None:
        source, self.path = self.path, target
        try:
            source.rename(target)
        except OSError:
            self.path = source
            raise

    def keep(self) -> Path:
        self.kept = True
        return self.path

    def remove(self) -> None:
        if not self.kept:
            with suppress(OSError):
                self.path.chmod(0o700)
            shutil.rmtree(self.path, ignore_errors=True)


def _copy_folder(source: Path, target: Path) -> frozenset[str]:
    """Copy the files of an adapter, plain ones only, and none that changes meanwhile. Gives their names."""
    try:
        folder = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        message = f"{source} is not a folder that can be read ({error.strerror}); name the adapter's folder."
        raise BadRequest(message) from error
    try:
        names = frozenset(os.listdir(folder))
        strange = sorted(names - set(LIMITS))
        if strange:
            shown = ", ".join(ascii(name)[1:-1][:80] for name in strange[:3])
            raise BadRequest(
                f"The adapter was refused: {shown} does not belong in an adapter, only {', '.join(LIMITS)}; "
                "take it out, or copy the adapter's files to a folder of their own."
            )
        for name in sorted({CONFIG, WEIGHTS} - names):
            raise BadRequest(f"The adapter was refused: {name} is missing in {source}; name another folder.")
        before = {name: _look_at(name, folder) for name in sorted(names)}
        for name in before:
            _copy_file(name, folder, target / name)
        if names != set(os.listdir(folder)) or before != {name: _look_at(name, folder) for name in before}:
            raise BadRequest(f"{source} changed while it was copied; add it when nothing writes to it.")
    finally:
        os.close(folder)
    return names


def _look_at(name: str, folder: int) -> tuple[int, ...]:
    """What tells one state of a file from another. Raises BadRequest for a link, device or huge file."""
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return ()
    if not stat.S_ISREG(state.st_mode):
        raise BadRequest(f"The adapter was refused: {name} is not a plain file; copy the file itself.")
    if state.st_size > LIMITS[name]:
        limit = f"expected {LIMITS[name]} bytes at most, found {state.st_size}"
        raise BadRequest(f"The adapter was refused: {name}: {limit}; train a smaller one.")
    return (state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)


def _copy_file(name: str, folder: int, target: Path) -> None:
    """Copy one file and have it on the disk; of one that grows, no more than such a file may have."""
    opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    with open(opened, "rb") as stream, target.open("xb") as copy:
        left = LIMITS[name] + 1
        while data := stream.read(min(_CHUNK_BYTES, left)):
            copy.write(data)
            left -= len(data)
        copy.flush()
        os.fsync(copy.fileno())


def _read_own_name(source: Path, name: str | None, lineage: Mapping[str, Any] | None) -> tuple[str, int]:
    """The adapter and number of a version's folder, which has its name and lineage already."""
    matched = NAME.fullmatch(source.name)
    if matched is None:
        raise BadRequest(
            f"A folder with a {MANIFEST} is a version: expected a name like letters--v3-1a2b3c4d, found "
            f"{ascii(source.name)[:80]}; give it its name back, or take the manifest out."
        )
    if name not in (None, matched["adapter"]):
        raise BadRequest(f"{source.name} is a version of {matched['adapter']}, not of {ascii(name)[:80]}.")
    if lineage:
        raise BadRequest(f"{source.name} has its lineage in its {MANIFEST}; add it without another.")
    return matched["adapter"], int(matched["number"])


def _read_number(name: str) -> int:
    matched = NAME.fullmatch(name)
    return int(matched["number"]) if matched else 0


def _digests(folder: Path) -> list[str]:
    """Of the files that decide what an adapter does; the manifest may tell of another origin."""
    return [sha256(folder / name) for name in (CONFIG, WEIGHTS) if (folder / name).is_file()]


def _check_adapter_name(name: str | None) -> str:
    if name is None or not ADAPTER.fullmatch(name):
        raise BadRequest(
            "Expected the adapter's name, of small letters, digits and single hyphens, 41 at most; found "
            f"{'none' if name is None else ascii(name)[:80]}. Name the adapter this is a version of."
        )
    return name


def _write_manifest(folder: Path, adapter: str, base: BaseModel | None, lineage: Mapping[str, Any]) -> None:
    """Describe a peft folder that comes without a manifest; made for `base`, as the checks will show."""
    if base is None:
        raise BadRequest(f"The adapter has no {MANIFEST} and its base is not known; set READING_ROOM_MODEL.")
    made = {
        "name": adapter,
        "base_sha256": base.sha256,
        "tokenizer_sha256": base.tokenizer_sha256,
        "template_sha256": base.template_sha256,
        "files": {name: sha256(folder / name) for name in (CONFIG, WEIGHTS)},
        "lineage": {"created": datetime.now(UTC).isoformat(timespec="seconds"), **lineage},
    }
    try:
        text = json.dumps(made, indent=2, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequest(f"The lineage cannot be written as JSON ({error}); give plain values.") from error
    with (folder / MANIFEST).open("x", encoding="utf-8") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())


@contextmanager
def _tell_errors(source: Path, root: Path) -> Iterator[None]:
    """What the operating system refuses, as an error that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise ServeError(f"{source} cannot be kept in {root}: {error}; check both folders.") from error
        raise StoreFull(
            f"There is no room in {root} for {source} ({error.strerror}); free some, for example by purging "
            "retired versions, and add it again. Nothing was left behind."
        ) from error


def _empty(folder: Path) -> None:
    """Delete what is in a folder; what cannot be deleted now is tried again by the next add."""
    try:
        files = list(folder.iterdir())
        if files:
            folder.chmod(0o700)
        for file in files:
            file.unlink()
    except OSError:
        return


def _last_change(folder: Path) -> float:
    """When something in the folder was last written, in seconds of the epoch."""
    times = []
    for path in (folder, *folder.glob("*")):
        try:
            times.append(path.lstat().st_mtime)
        except OSError:
            continue
    return max(times, default=time.time())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
