"""What can go wrong between a finding aid on disk and passages in a prompt.

RetrievalError
├── SourceError         a file could not be read: names the file, the line where known, and the remedy
├── SnapshotError       an index snapshot is missing, damaged or built for something else
│   ├── IndexMissing    there is no index yet
│   └── IndexDamaged    a checksum, count or version in the manifest does not fit what is on disk
├── EmbedderError       the embedding model is missing or is not the one it should be
├── RerankerError       the cross-encoder is missing or is not one
├── SearchEngineError   the engine that holds the passages cannot be reached, or lacks what is searched for
└── QueryError          a search was asked for with values it cannot use
"""

from __future__ import annotations

from pathlib import Path


class RetrievalError(Exception):
    """Root of everything this package raises on purpose; its text is one line for a person."""


class SourceError(RetrievalError):
    """A source file, or a part of it, could not be read."""

    def __init__(self, path: Path | str, problem: str, *, line: int | None = None, remedy: str = "") -> None:
        self.path = Path(path)
        self.problem = problem
        self.line = line
        self.remedy = remedy
        place = f"{path}:{line}" if line else f"{path}"  # as given: an address is no path
        super().__init__(f"{place}: {problem}{f' ({remedy})' if remedy else ''}")


class SnapshotError(RetrievalError):
    """An index snapshot cannot be used."""


class IndexMissing(SnapshotError):
    """No index has been built in the place looked at."""


class IndexDamaged(SnapshotError):
    """What is on disk is not what the manifest says."""


class EmbedderError(RetrievalError):
    """The embedding model is missing, or is not the one that was expected."""


class RerankerError(RetrievalError):
    """The cross-encoder is missing, or is not one."""


class SearchEngineError(RetrievalError):
    """An engine that holds passages cannot be reached, refused a request, or lacks what it is asked for."""


class QueryError(RetrievalError):
    """A search was asked for with values that cannot be used."""
