"""Adapter versions in the shared folder: found by exact name, copied to a private folder, checked there.

vLLM opens an adapter's files again whenever the version has left its cache, within the engine's step,
and dies when they are gone by then; files that were changed it takes as they are. So it is given a copy
that nobody else can reach, and what is checked is that copy: the very bytes that vLLM will read.

A version is a folder `name--vN-<8 hex>` with adapter_config.json, adapter_model.safetensors and

    manifest.json    {"base_sha256": "<64 hex>", "files": {"<file name>": "<its SHA-256>", ...}, ...}

The 8 hex digits are the first of the weights' SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .tensors import check_weights

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
MANIFEST = "manifest.json"

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}--v[0-9]{1,6}-(?P<digest>[0-9a-f]{8})")
"""No separator, no dot and nothing but ASCII, so a name is one folder's name and never a path."""

_NEEDED = (MANIFEST, CONFIG, WEIGHTS)
"""In the order of copying: the small ones first, so that a wrong version is refused before its weights."""
_LIMITS = {MANIFEST: 2**20, CONFIG: 2**20, "README.md": 2**20, WEIGHTS: 4 * 2**30}
"""Bytes a file may have; a file that is not named here does not belong in a version."""
_CHUNK = 2**20


class VersionRefused(Exception):
    """A version that is not there or not what its name and manifest say; the message tells which."""


@dataclass(frozen=True, slots=True)
class SharedVersions:
    """The versions in `folder` that were made for the base model with the digest `base_sha256`."""

    folder: Path
    base_sha256: str

    def holds(self, name: str) -> bool:
        """Whether there is a folder of that name, whatever is in it. Costs one look at the file system."""
        if NAME.fullmatch(name) is None:
            return False
        try:
            return stat.S_ISDIR(os.lstat(self.folder / name).st_mode)
        except OSError:
            return False

    def copy(self, name: str, copies: Path) -> Path:
        """The folder in `copies` with the version's files, made now unless it was made before.

        Raises VersionRefused, and leaves nothing behind, where anything about the version is wrong or
        its files cannot be read or written.
        """
        matched = NAME.fullmatch(name)
        if matched is None:
            raise VersionRefused("expected a name like letters--v3-1a2b3c4d")
        made = copies / name
        if made.is_dir():
            return made
        try:
            with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=copies) as temporary:
                staged = Path(temporary, name)
                staged.mkdir(mode=0o700)
                self._fill(staged, name, matched["digest"])
                if not made.is_dir():  # another request may have been first; its bytes are the same
                    staged.rename(made)
        except OSError as error:
            raise VersionRefused(f"it cannot be copied: {error}") from error
        return made

    def _fill(self, staged: Path, name: str, digest: str) -> None:
        source = _open_folder(self.folder, name)
        try:
            present = set(os.listdir(source))
            _check_names(present)
            _copy_file(source, MANIFEST, staged)
            listed = _read_manifest(staged / MANIFEST, self.base_sha256)
            _check_listed(listed, present)
            for file in sorted(present - {MANIFEST}, key=_LIMITS.__getitem__):
                _copy_file(source, file, staged)
                _check_digest(staged / file, listed.get(file))
        finally:
            os.close(source)
        found = listed[WEIGHTS][:8]
        if found != digest:
            raise VersionRefused(
                f"the name ends in {digest}, the weights' SHA-256 begins {listed[WEIGHTS][:8]}"
            )
        try:
            check_weights(staged / WEIGHTS, staged / CONFIG)
        except (ValueError, AttributeError) as error:
            raise VersionRefused(str(error)) from None


def _open_folder(folder: Path, name: str) -> int:
    """A descriptor of the version's folder, which must be a real one. All its files are opened from here."""
    try:
        return os.open(folder.resolve() / name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise VersionRefused("there is no such folder") from None
    except NotADirectoryError:  # what Linux says of a link, too
        raise VersionRefused("a link or a file, where a real folder is expected") from None


def _check_names(present: set[str]) -> None:
    for name in sorted(present - set(_LIMITS)):
        raise VersionRefused(f"{name[:80]!r} does not belong in an adapter")
    for name in _NEEDED:
        if name not in present:
            raise VersionRefused(f"{name} is missing")


def _copy_file(source: int, name: str, staged: Path) -> None:
    """Copy a plain file, no more of it than its limit; the copy is on disk when this returns."""
    # Without O_NONBLOCK, opening a pipe would wait for whoever writes to it.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=source)
    except OSError as error:
        raise VersionRefused(f"{name} cannot be read as a plain file: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise VersionRefused(f"{name} is not a plain file")
        with (staged / name).open("xb") as writer:
            _copy_bytes(descriptor, writer, name)
    finally:
        os.close(descriptor)


def _copy_bytes(source: int, writer: BinaryIO, name: str) -> None:
    left = _LIMITS[name]
    while chunk := os.read(source, _CHUNK):
        left -= len(chunk)
        if left < 0:
            raise VersionRefused(f"{name} is larger than {_LIMITS[name]} bytes")
        writer.write(chunk)
    writer.flush()
    os.fchmod(writer.fileno(), 0o400)
    os.fsync(writer.fileno())


def _read_manifest(path: Path, base_sha256: str) -> dict[str, str]:
    """The digests by file name. Raises VersionRefused where the manifest is none, or for another base."""
    try:
        manifest = json.loads(path.read_bytes())
        base, files = manifest["base_sha256"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise VersionRefused(f"{MANIFEST} does not name a base_sha256 and files with their digests") from None
    if base != base_sha256:
        raise VersionRefused(f"made for the base {str(base)[:12]!r}, the one served is {base_sha256[:12]!r}")
    return files


def _check_listed(listed: dict[str, str], present: set[str]) -> None:
    for name, digest in listed.items():
        if name not in present:
            raise VersionRefused(f"{str(name)[:80]!r} is in {MANIFEST} and not in the folder")
        if not isinstance(digest, str):
            raise VersionRefused(f"{MANIFEST} gives no digest of {name}")
    for name in (CONFIG, WEIGHTS):
        if name not in listed:
            raise VersionRefused(f"{MANIFEST} does not list {name}")


def _check_digest(path: Path, expected: str | None) -> None:
    if expected is None:  # a README.md without a digest, which nothing reads
        return
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise VersionRefused(f"{path.name}: expected SHA-256 {expected[:12]!r}, found {found[:12]!r}")
