"""One version's answers in an exam, kept a line each as they come: an exam that is cut short goes on.

{"id": "p0012", "asked": "<SHA-256 of what was asked>", "answer": "...", "seconds": 1.25, ...}

A line counts only for the very messages it was asked with. Of a question nothing is kept but the pair's id:
its words are the dataset version's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from retrieval.prompt import Message
from train.evaluation.task import Task
from train.lora.files import write_whole


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `asked` is the digest of what was asked, `read` and `written` count tokens."""

    id: str
    asked: str
    answer: str
    seconds: float
    read: int
    written: int


class Sheet:
    """The answers in one file, as far as they are whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._said = {said.asked: said for said in read_sheet(path)}

    def find(self, task: Task) -> Said | None:
        """What was answered to this very question; None where it is still to be asked."""
        return self._said.get(digest_messages(task.messages))

    def add(self, task: Task, answer: str, seconds: float, read: int, written: int) -> Said:
        """Keep an answer, on the disk when this returns. Raises OSError."""
        said = Said(task.id, digest_messages(task.messages), answer, round(seconds, 4), read, written)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps(asdict(said), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line  # what a kill left torn is a line of its own, and counts for nothing
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._said[said.asked] = said
        return said


def read_sheet(path: Path) -> list[Said]:
    """The whole lines of a file; none where there is none."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            found.append(Said(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return found


def forget(path: Path, pairs: Collection[str]) -> int:
    """Take out the answers to questions of these pairs; how many there were. Raises OSError."""
    said = read_sheet(path)
    kept = [one for one in said if not any(name in pairs for name in one.id.split())]
    if len(kept) < len(said):
        lines = [json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in kept]
        write_whole(path, "".join(lines).encode("utf-8", "replace"))
    return len(said) - len(kept)


def digest_messages(messages: Sequence[Message]) -> str:
    """SHA-256 of what a model is asked."""
    plain = json.dumps([[one["role"], one["content"]] for one in messages], ensure_ascii=False)
    return hashlib.sha256(plain.encode("utf-8", "replace")).hexdigest()
