"""The manifest of a version: what it was made of, and the SHA-256 of every file and of the whole.

`sha256`, the version's digest, is taken over everything the manifest says but when, by whom and why the
version was made and which number it has: the same pairs, name and parent, beside the same base and index,
give the same digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from train.datasets.errors import DatasetDamaged
from train.datasets.lines import dump
from train.datasets.names import DESCRIBED, VersionName

FORMAT = 1
_OUTSIDE = ("number", "created", "who", "why", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`created` in ISO 8601, UTC. `parent` is the version before, "" for the first; `base` the SHA-256 of the
    base model's weights it was made beside. `tombstones` are ids of pairs of earlier versions that had been
    withdrawn when it was made. `counts`: pairs, exam and excluded.
    """

    format: int
    name: str
    number: int
    created: str
    who: str
    why: str
    parent: str
    base: str
    prompt_version: str
    index_version: str
    counts: Mapping[str, int]
    tombstones: tuple[str, ...]
    files: Mapping[str, str]
    sha256: str = ""

    @property
    def version(self) -> VersionName:
        """The version's full name."""
        return VersionName(self.name, self.number, self.sha256[:8])


def digest_manifest(manifest: Manifest) -> str:
    """The digest of the whole version, as its manifest describes it."""
    told = {key: value for key, value in asdict(manifest).items() if key not in _OUTSIDE}
    return hashlib.sha256(dump(told)).hexdigest()


def render_manifest(manifest: Manifest) -> bytes:
    """The manifest's file."""
    return json.dumps(asdict(manifest), ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def parse_manifest(data: bytes) -> Manifest:
    """The manifest in a file. Raises DatasetDamaged where it is none, or one of another format."""
    try:
        told: Any = json.loads(data)
        if not isinstance(told, dict):
            raise ValueError("not an object")
        if told.get("format") != FORMAT:
            found = ascii(told.get("format"))[:40]
            raise DatasetDamaged(
                f"manifest.json: expected format {FORMAT}, found {found}. Use the program that made it."
            )
        return _check(told)
    except (ValueError, TypeError, RecursionError) as error:
        raise DatasetDamaged(
            f"manifest.json: expected the manifest of a dataset version, found another file ({error}). Put "
            "the version back from a copy."
        ) from error


def _check(told: dict[str, Any]) -> Manifest:
    if strange := set(told) ^ {one.name for one in fields(Manifest)}:
        raise ValueError(f"missing or unknown: {', '.join(sorted(ascii(key)[1:41] for key in strange))}")
    texts = ("name", "created", "who", "why", "parent", "base", "prompt_version", "index_version", "sha256")
    if not all(isinstance(told[key], str) for key in texts) or not isinstance(told["number"], int):
        raise ValueError("a text or the number is of another type")
    counts, files, tombstones = told["counts"], told["files"], told["tombstones"]
    if not isinstance(counts, dict) or not all(isinstance(one, int) for one in counts.values()):
        raise ValueError("counts are no numbers")
    if set(counts) != {"pairs", "exam", "excluded"}:
        raise ValueError("expected counts of pairs, exam and excluded")
    if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
        raise ValueError("files have no digests")
    if set(files) != set(DESCRIBED):
        raise ValueError(f"expected the files {', '.join(DESCRIBED)}")
    if not isinstance(tombstones, list) or not all(isinstance(one, str) for one in tombstones):
        raise ValueError("tombstones are no ids")
    return Manifest(**{**told, "tombstones": tuple(tombstones)})
