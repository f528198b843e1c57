"""What keeps the passages of snapshots elsewhere as well, to be searched there in place of the files here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from retrieval.store.snapshot import Manifest


class Mirror(Protocol):
    """Follows the snapshots of one root; called by whoever holds the right to switch (`snapshot.publish`)."""

    def take_in(self, root: Path, folder: Path, manifest: Manifest) -> None:
        """Bring in what a finished snapshot needs, before it is switched to. May be killed at any moment.

        Raises RetrievalError when it cannot be done: the snapshot is then not switched to.
        """
        ...

    def clear(self, root: Path) -> None:
        """Remove what no snapshot on disk needs; what cannot be removed now is left for the next time."""
        ...
