"""Snapshots: immutable folders with a manifest, built aside and switched to in one step.

    <root>/CURRENT                      one line, the version in use
    <root>/<version>/manifest.json      what it was made of, and the size and SHA-256 of every file
    <root>/<version>/parts/<name>/      records, columns and vectors, in parts that never change
    <root>/<version>/lexical/           one tantivy index over all parts
    <root>/build-<process>.tmp/         a build that is under way, or was killed

Until CURRENT is replaced nothing has happened, so a build may be killed at any moment. An update makes a
new snapshot whose old parts are hard links to the same files. A file is known to be whole when its
checksum was compared, or when it is still the very file (inode, size, time of change) whose checksum was
taken as it was written; otherwise it is compared before any index library reads a byte of it.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from retrieval.errors import IndexDamaged, IndexMissing, SnapshotError
from retrieval.store.mirror import Mirror
from retrieval.store.vectors_family import VectorsNote

KEEP = 3
"""Snapshots kept on disk, the current one included."""

_VERSION = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
_TIME, _TIME_LENGTH = "%Y%m%dT%H%M%S", 15
_CURRENT, _MANIFEST, _LOCK = "CURRENT", "manifest.json", ".build.lock"
_COMPACT_LOCK = ".compact.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """Size in bytes and SHA-256 of one file; its inode and time of change (ns) when they were taken."""

    size: int
    sha256: str
    inode: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PartStamp:
    """A part of a snapshot: its passages are numbered on from `first_passage`, what is deleted included.

    `next_record` is the first number that no record of this part or those before it has. `vectors` says
    how its vectors are kept, and how near to an exact search theirs came; None where it has none.
    """

    name: str
    first_passage: int
    passages: int
    next_record: int
    vectors: VectorsNote | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot says about itself.

    `created` is ISO 8601 in UTC; `records`, `passages` and `collections` count what may be found. `formats`
    names what wrote each side and must be equal to what reads it. `sources` are the files read in this
    build or update, `skipped` one line for each that gave nothing, and `remarks` what was wrong with files
    that were read all the same. `checksums` covers every file but the manifest, by path inside the snapshot.
    """

    version: str
    created: str
    records: int
    passages: int
    collections: int
    embedder: str
    dimension: int
    embedder_digest: str
    formats: dict[str, str]
    parts: tuple[PartStamp, ...]
    sources: tuple[str, ...]
    skipped: tuple[str, ...]
    remarks: tuple[str, ...]
    checksums: dict[str, FileStamp]


def read_current(root: Path) -> str:
    """The version that CURRENT names. Raises IndexMissing, or IndexDamaged for a line that is no version."""
    try:
        line = (root / _CURRENT).read_text("ascii").strip()
    except FileNotFoundError as missing:
        raise IndexMissing(f"no index in {root}; run: reading-room index build PATH") from missing
    except (OSError, UnicodeDecodeError) as problem:
        raise IndexDamaged(f"{root / _CURRENT}: cannot be read; build the index again") from problem
    if not line or line != Path(line).name or line.startswith("."):
        raise IndexDamaged(
            f"{root / _CURRENT}: expected a version, found {line[:40]!r}; build the index again"
        )
    return line


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a snapshot folder. Raises IndexDamaged."""
    try:
        values = json.loads((folder / _MANIFEST).read_text("utf-8"))
        values["checksums"] = {name: FileStamp(**stamp) for name, stamp in values["checksums"].items()}
        values["parts"] = tuple(_read_part(part) for part in values["parts"])
        for name in ("sources", "skipped", "remarks"):
            values[name] = tuple(values[name])
        manifest = Manifest(**values)
    except FileNotFoundError as missing:
        raise IndexDamaged(f"{folder}: no {_MANIFEST}; build the index again") from missing
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as problem:
        raise IndexDamaged(f"{folder / _MANIFEST}: cannot be read; build the index again") from problem
    if manifest.version != folder.name:
        raise IndexDamaged(
            f"{folder}: expected version {folder.name}, found {manifest.version}; build it again"
        )
    return manifest


def _read_part(values: dict[str, Any]) -> PartStamp:
    note = values.pop("vectors", None)
    return PartStamp(**values, vectors=VectorsNote(**note) if note else None)


def check_files(folder: Path, manifest: Manifest, *, thoroughly: bool = False) -> None:
    """Compare the files that need it, or all, with the manifest. Raises IndexDamaged for the first."""
    for name, stamp in manifest.checksums.items():
        path = folder / name
        try:
            status = path.stat()
            known = not thoroughly and _is_known(status, stamp)
            found = stamp.sha256 if known else _digest_file(path) if status.st_size == stamp.size else ""
        except OSError as problem:
            raise IndexDamaged(f"{path}: missing or unreadable; build the index again") from problem
        if status.st_size != stamp.size:
            raise IndexDamaged(
                f"{path}: expected {stamp.size} bytes, found {status.st_size}; build the index again"
            )
        if found != stamp.sha256:
            raise IndexDamaged(
                f"{path}: expected SHA-256 {stamp.sha256[:12]}…, found {found[:12]}…; build the index again"
            )
        _compared[status.st_dev, status.st_ino] = (status.st_mtime_ns, stamp.sha256)


_compared: dict[tuple[int, int], tuple[int, str]] = {}
"""Device and inode of files compared in this process, with their time of change and checksum."""


def _is_known(status: os.stat_result, stamp: FileStamp) -> bool:
    """Whether this is still the file whose checksum was taken or compared."""
    if status.st_size != stamp.size:
        return False
    as_written = (stamp.inode, stamp.modified) == (status.st_ino, status.st_mtime_ns)
    return as_written or _compared.get((status.st_dev, status.st_ino)) == (status.st_mtime_ns, stamp.sha256)


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """A temporary folder for one build; removed on any failure. Only one build per root at a time.

    Raises SnapshotError when another build is under way or the root cannot be written to.
    """
    with locking(root):
        for left_over in root.glob("build-*.tmp"):
            _remove(left_over)
        with _folder(root / f"build-{os.getpid()}.tmp") as folder:
            yield folder


@contextmanager
def compacting(root: Path) -> Iterator[Path]:
    """The same for writing an index anew, beside which builds go on: its result may come too late.

    Raises SnapshotError when this is under way already.
    """
    with _lock(root, _COMPACT_LOCK, "the index is being compacted already; wait for it to end"):
        for left_over in root.glob("compact-*.tmp"):
            _remove(left_over)
        with _folder(root / f"compact-{os.getpid()}.tmp") as folder:
            yield folder


@contextmanager
def locking(root: Path) -> Iterator[None]:
    """Hold the right to switch to a new snapshot. Raises SnapshotError when another build has it."""
    with _lock(root, _LOCK, "another build is under way; wait for it to end"):
        yield


@contextmanager
def _lock(root: Path, name: str, problem: str) -> Iterator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / name).open("w")
    except OSError as error:
        raise SnapshotError(
            f"{root}: cannot be written to ({error.strerror}); choose another --root"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise SnapshotError(f"{root}: {problem}") from busy
        yield


@contextmanager
def _folder(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    try:
        yield folder
    finally:
        _remove(folder)


def choose_version(root: Path, digest: str, now: datetime) -> str:
    """Time of the build and digest of its content, `20261121T053000-1a2b3c4d`.

    Later than every version on disk, whatever the clock does, so that names sort by age.
    """
    moment = f"{now.astimezone(UTC):{_TIME}}"
    latest = max((version[:_TIME_LENGTH] for version in list_versions(root)), default="")
    if moment <= latest:
        moment = f"{datetime.strptime(latest, _TIME) + timedelta(seconds=1):{_TIME}}"
    return f"{moment}-{digest[:8]}"


def link_files(before: Path, folder: Path, names: Iterable[str]) -> None:
    """Give a build the files of the snapshot before, without copying them where links can be made."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(before / name, target)
        except OSError:  # a file system without hard links
            shutil.copy2(before / name, target)


def stamp_files(folder: Path, before: Mapping[str, FileStamp] | None = None) -> dict[str, FileStamp]:
    """Size and SHA-256 of every file below `folder`, by path inside it.

    `before` are those of the snapshot that files were linked from, which are not read again.
    """
    stamps = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == _MANIFEST:
            continue
        name, status = path.relative_to(folder).as_posix(), path.stat()
        old = (before or {}).get(name)
        if old and _is_known(status, old):
            stamps[name] = old
        else:
            stamps[name] = FileStamp(
                size=status.st_size,
                sha256=_digest_file(path),
                inode=status.st_ino,
                modified=status.st_mtime_ns,
            )
    return stamps


def publish(root: Path, folder: Path, manifest: Manifest, mirror: Mirror | None = None) -> Path:
    """Make a finished build the current snapshot, and remove all but the newest few.

    A `mirror` takes in what is new before the switch; where it cannot, nothing is switched.
    """
    if mirror:
        mirror.take_in(root, folder, manifest)
    with (folder / _MANIFEST).open("w", encoding="utf-8") as stream:
        json.dump(asdict(manifest), stream, ensure_ascii=False, indent=1)
    for path in folder.rglob("*"):
        if path.is_dir() or path.stat().st_nlink == 1:  # a linked file was synced with its own snapshot
            _sync(path)
    _sync(folder)
    final = root / manifest.version
    folder.rename(final)
    _sync(root)
    _replace_current(root, manifest.version)
    for old in list_versions(root)[:-KEEP]:
        if old != manifest.version:
            _remove(root / old)
    if mirror:
        mirror.clear(root)
    return final


def switch_to(root: Path, version: str, mirror: Mirror | None = None) -> Manifest:
    """Make a snapshot that is still on disk the current one, which is how a switch is taken back.

    Its vectors' model goes with it (`retrieval.library.Library`). Raises IndexMissing where there is no such
    version, IndexDamaged where it is not whole, and SnapshotError while a build is under way; nothing is
    switched then.
    """
    with locking(root):
        known = list_versions(root)
        if version not in known:
            raise IndexMissing(
                f"{root}: no version {version[:80]!r}; on disk are: {', '.join(known) or 'none'}"
            )
        manifest = read_manifest(root / version)
        check_files(root / version, manifest, thoroughly=True)
        if mirror:
            mirror.take_in(root, root / version, manifest)
        _replace_current(root, version)
        return manifest


def list_versions(root: Path) -> list[str]:
    """Versions on disk, oldest first."""
    return sorted(
        path.parent.name for path in root.glob(f"*/{_MANIFEST}") if _VERSION.fullmatch(path.parent.name)
    )


def _replace_current(root: Path, version: str) -> None:
    aside = root / f"{_CURRENT}.tmp"
    aside.write_text(f"{version}\n", "ascii")
    _sync(aside)
    aside.replace(root / _CURRENT)
    _sync(root)


def _remove(path: Path) -> None:
    """Remove a file or folder if it is there; what cannot be removed is left for the next build."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
