"""A version's folder: written once, checked by whoever reads it.

    <name>--v<number>-<8 hex>/pairs.jsonl      the pairs to train on
                              exam.jsonl       the pairs held out; for its owner's eyes only
                              split.json       what lies on which side for good; for its owner's eyes only
                              datasheet.json, datasheet.md
                              manifest.json    who made it when and why, of what, and every file's SHA-256

The 8 hex digits are the first of the version's digest (`train.datasets.manifest`).
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.datasets.candidate import Member
from train.datasets.datasheet import Datasheet, as_json
from train.datasets.errors import DatasetDamaged
from train.datasets.lines import dump, read_members, render_members
from train.datasets.manifest import Manifest, digest_manifest, parse_manifest, render_manifest
from train.datasets.markdown import render_datasheet
from train.datasets.names import (
    DESCRIBED,
    EXAM,
    HIDDEN,
    MANIFEST,
    PAIRS,
    SHEET,
    SHEET_TEXT,
    SPLIT,
    parse_version,
)
from train.datasets.split import Parts, Split

FOLDER_MODE, FILE_MODE, HIDDEN_MODE = 0o550, 0o440, 0o400
_MOST_MANIFEST = 64 * 2**20
_REMEDY = "Put the version back from a copy, or build another one."


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """A version that was found whole; reading it later raises DatasetDamaged where it no longer is one."""

    path: Path
    manifest: Manifest

    def train(self) -> tuple[Member, ...]:
        """The pairs to train on, by id."""
        return tuple(read_members(self.path / PAIRS))

    def exam(self) -> tuple[Member, ...]:
        """The pairs held out, by id."""
        return tuple(read_members(self.path / EXAM))

    def sheet(self) -> dict[str, Any]:
        """The datasheet, as `train.datasets.datasheet.as_json` made it."""
        told: dict[str, Any] = json.loads((self.path / SHEET).read_bytes())
        return told

    def sheet_text(self) -> str:
        """The datasheet in Markdown."""
        return (self.path / SHEET_TEXT).read_text("utf-8")

    def split(self) -> Split:
        """What lies on which side, for the next version to go on from."""
        told = json.loads((self.path / SPLIT).read_bytes())
        return Split(frozenset(told["exam"]), frozenset(told["train"]))


def write_parts(folder: Path, parts: Parts, sheet: Datasheet) -> dict[str, str]:
    """Write everything but the manifest, each file on the disk when this returns. Gives their SHA-256."""
    split = {"exam": sorted(parts.split.exam), "train": sorted(parts.split.train)}
    contents = {
        PAIRS: render_members(parts.train),
        EXAM: render_members(parts.exam),
        SPLIT: dump(split) + b"\n",
        SHEET: json.dumps(as_json(sheet), ensure_ascii=False, indent=2).encode() + b"\n",
        SHEET_TEXT: render_datasheet(sheet).encode(),
    }
    for name, data in contents.items():
        write_file(folder / name, data)
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest and make the folder read-only, all of it on the disk when this returns."""
    write_file(folder / MANIFEST, render_manifest(manifest))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fchmod(descriptor, FOLDER_MODE)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write a file that nobody may change, and what belongs to the exam for nobody else to read."""
    mode = HIDDEN_MODE if path.name in HIDDEN else FILE_MODE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fchmod(stream.fileno(), mode)
        os.fsync(stream.fileno())


def open_dataset(path: Path) -> DatasetFolder:
    """The version in `path`, every digest taken anew. Raises DatasetDamaged with the first problem."""
    problems = find_problems(path)
    if problems:
        raise DatasetDamaged(problems[0])
    return DatasetFolder(path, read_manifest(path))


def read_manifest(path: Path) -> Manifest:
    """The manifest in a version's folder, unchecked but for its form. Raises DatasetDamaged."""
    try:
        with (path / MANIFEST).open("rb") as stream:
            return parse_manifest(stream.read(_MOST_MANIFEST))
    except OSError as error:
        raise DatasetDamaged(
            f"{path.name}: expected {MANIFEST}, found none to read ({error.strerror}). {_REMEDY}"
        ) from error


def find_problems(path: Path) -> tuple[str, ...]:
    """Everything that is not as it was put there, each with what was expected and what found."""
    shown = ascii(path.name)[1:-1][:80]
    try:
        problems = list(_find_file_problems(path))
        if not problems:
            manifest = read_manifest(path)
            problems = [*_find_digest_problems(path, manifest), *_find_name_problems(path, manifest)]
        if not problems:
            problems = list(_find_count_problems(path, manifest))
    except (OSError, DatasetDamaged) as error:
        problems = [str(error).removeprefix(f"{path.name}: ")]
    return tuple(f"{shown}: {problem}" for problem in problems)


def _find_file_problems(path: Path) -> Iterator[str]:
    if path.is_symlink() or not path.is_dir():
        yield f"expected a version's folder, found none. {_REMEDY}"
        return
    present = {entry.name: entry.lstat().st_mode for entry in path.iterdir()}
    for name in sorted({*DESCRIBED, MANIFEST} ^ set(present)):
        if name in present:
            yield f"expected no {ascii(name)[1:-1][:80]}, found one. Take it out."
        else:
            yield f"expected {name}, found none. {_REMEDY}"
    for name in sorted(set(present) & {*DESCRIBED, MANIFEST}):
        if not stat.S_ISREG(present[name]):
            yield f"{name}: expected a plain file, found another kind. {_REMEDY}"
        elif name in HIDDEN and stat.S_IMODE(present[name]) & 0o077:
            found = oct(stat.S_IMODE(present[name]))
            yield f"{name}: expected its owner alone to read it, found mode {found}. Set it to 0400."


def _find_digest_problems(path: Path, manifest: Manifest) -> Iterator[str]:
    for name in DESCRIBED:
        with (path / name).open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != manifest.files[name]:
            yield f"{name}: expected SHA-256 {manifest.files[name][:64]}, found {found}. {_REMEDY}"
    found = digest_manifest(manifest)
    if found != manifest.sha256:
        yield f"the whole: expected SHA-256 {manifest.sha256[:64]}, found {found}. {_REMEDY}"


def _find_name_problems(path: Path, manifest: Manifest) -> Iterator[str]:
    named = parse_version(path.name)
    if named is None or named != manifest.version:
        expected = ascii(str(manifest.version))[1:-1][:80]
        yield f"expected the folder to be called {expected}, found another name. Give it its name back."


def _find_count_problems(path: Path, manifest: Manifest) -> Iterator[str]:
    for key, name in (("pairs", PAIRS), ("exam", EXAM)):
        found = sum(1 for _ in read_members(path / name))
        if found != manifest.counts[key]:
            yield f"{name}: expected {manifest.counts[key]} pairs, found {found}. {_REMEDY}"
