"""Snapshots: immutable folders with a manifest, built aside and switched to in one step.

    <root>/CURRENT                      one line, the version in use
    <root>/<version>/manifest.json      what it was made of, and the size and SHA-256 of every file
    <root>/<version>.tmp/               a build that is under way, or was killed

Until CURRENT is replaced nothing has happened, so a build may be killed at any moment. Checksums are
compared before any index library reads a byte of a file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from retrieval.errors import IndexDamaged, IndexMissing, SnapshotError

KEEP = 3
"""Snapshots kept on disk, the current one included."""

_VERSION = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
_TIME, _TIME_LENGTH = "%Y%m%dT%H%M%S", 15
_CURRENT, _MANIFEST, _LOCK = "CURRENT", "manifest.json", ".build.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStamp:
    """Size in bytes and SHA-256 of one file of a snapshot."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a snapshot says about itself.

    `created` is ISO 8601 in UTC; `formats` names what wrote each part and must be equal to what
    reads it; `sources` are the files read, `skipped` one line for each that gave nothing, and
    `remarks` what was wrong with files that were read all the same; `checksums` covers every file
    but the manifest, by path inside the snapshot.
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


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with the manifest. Raises IndexDamaged naming the first that differs."""
    for name, stamp in manifest.checksums.items():
        path = folder / name
        try:
            size = path.stat().st_size
            found = _digest_file(path) if size == stamp.size else ""
        except OSError as problem:
            raise IndexDamaged(f"{path}: missing or unreadable; build the index again") from problem
        if size != stamp.size:
            raise IndexDamaged(f"{path}: expected {stamp.size} bytes, found {size}; build the index again")
        if found != stamp.sha256:
            raise IndexDamaged(
                f"{path}: expected SHA-256 {stamp.sha256[:12]}…, found {found[:12]}…; build the index again"
            )


@contextmanager
def building(root: Path) -> Iterator[Path]:
    """A temporary folder for one build; removed on any failure. Only one build per root at a time.

    Raises SnapshotError when another build is under way or the root cannot be written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / _LOCK).open("w")
    except OSError as problem:
        raise SnapshotError(
            f"{root}: cannot be written to ({problem.strerror}); choose another --root"
        ) from problem
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise SnapshotError(f"{root}: another build is under way; wait for it to end") from busy
        for left_over in root.glob("*.tmp"):
            _remove(left_over)
        folder = root / f"build-{os.getpid()}.tmp"
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


def stamp_files(folder: Path) -> dict[str, FileStamp]:
    """Size and SHA-256 of every file below `folder`, by path inside it."""
    return {
        str(path.relative_to(folder)): FileStamp(size=path.stat().st_size, sha256=_digest_file(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != _MANIFEST
    }


def publish(root: Path, folder: Path, manifest: Manifest) -> Path:
    """Make a finished build the current snapshot, and remove all but the newest few."""
    with (folder / _MANIFEST).open("w", encoding="utf-8") as stream:
        json.dump(asdict(manifest), stream, ensure_ascii=False, indent=1)
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
    final = root / manifest.version
    folder.rename(final)
    _sync(root)
    _replace_current(root, manifest.version)
    for old in list_versions(root)[:-KEEP]:
        if old != manifest.version:
            _remove(root / old)
    return final


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
