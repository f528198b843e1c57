"""Which embedding model an index is used with: the one that its vectors are from.

A model tuned for a library lies exported beside its index, in <root>/../models; the manifest of a snapshot
names it by digest.
"""

from __future__ import annotations

from pathlib import Path

from retrieval.embedding import DEFAULT_SHA256, Embedder, load_embedder
from retrieval.errors import EmbedderError, SnapshotError
from retrieval.store.snapshot import Manifest, read_current, read_manifest


def load_index_embedder(root: Path, name: str = "") -> Embedder:
    """The embedder named, else that of the snapshot in use where it is a tuned one, else the default.

    Raises EmbedderError.
    """
    if name:
        return load_embedder(name, models_beside(root))
    try:
        digest = read_manifest(root / read_current(root)).embedder_digest
    except SnapshotError:
        digest = ""
    if digest and not digest.endswith(DEFAULT_SHA256):
        try:
            return _open_beside(root, digest)
        except EmbedderError:
            pass  # whoever opens the index says which model it was built with, and which was found
    return load_embedder("", models_beside(root))


def fit_embedder(root: Path, manifest: Manifest, embedder: Embedder) -> Embedder:
    """`embedder` where the snapshot was built with it, else the snapshot's own where that lies beside it."""
    if manifest.embedder_digest == embedder.digest:
        return embedder
    try:
        return _open_beside(root, manifest.embedder_digest)
    except EmbedderError:
        return embedder  # opening the index then says what does not fit


def models_beside(root: Path) -> Path:
    """Where exported models of the library that has its snapshots in `root` are kept."""
    return root.parent / "models"


def _open_beside(root: Path, digest: str) -> Embedder:
    from retrieval.embedding.onnx_cache import INSTALLED, open_exported

    return open_exported(digest, [INSTALLED, models_beside(root)])
