"""Sentence embeddings by sentence-transformers: what the ONNX export is checked against, and its fallback."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedding import Vectors
from retrieval.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_FEW = 4
"""Up to this many texts count as a question: one thread, full precision."""
_BATCH = 16_000
"""Characters, padding included, that one batch may hold."""
_SHORTEST = 64
"""Characters that a text counts at least: very short ones would make very wide batches."""


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


def load_sentence_model(folder: Path, *, attention: str | None = None) -> SentenceTransformer:
    """A model on the CPU from its folder, `attention` naming its implementation. Raises EmbedderError."""
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    options = {"attn_implementation": attention} if attention else {}
    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=options)
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        first_line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise EmbedderError(
            f"cannot load the embedding model {str(folder)!r}: {first_line}; "
            "give a folder or a model in the local cache"
        ) from problem


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
