"""A cross-encoder for the records near the top: it reads question and passage together.

Off unless a folder is named, and then from that folder alone: nothing is ever downloaded, and code that a
model brings along is not run. It is loaded at the first search, by torch.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from retrieval.errors import RerankerError
from retrieval.passages import render_body, render_breadcrumb
from retrieval.ranking.board import Board, Floats
from retrieval.ranking.fusion import scale
from retrieval.records import Passage, Record

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder as SentenceCrossEncoder

NAME = "cross-encoder"
"""The name of what it adds, in an explanation."""
_REMEDY = "give the folder of a sentence-transformers cross-encoder with one score, weights as safetensors"
_BATCH = 8


class Reranker(Protocol):
    """Scores passages by how well they answer a question."""

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """One number for each text, higher for a better one; safe from several threads."""
        ...


class CrossEncoder:
    """A sentence-transformers cross-encoder on the CPU, from a folder.

    Raises RerankerError when there is no such model, from `score` too where its files turn out unusable.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: SentenceCrossEncoder | None = None
        self._working = threading.Lock()
        _check_folder(folder)

    def score(self, question: str, texts: Sequence[str]) -> Floats:
        """Its logits: what it says before they are squeezed into 0 to 1."""
        from torch.nn import Identity

        with self._working:  # the tokenizer refuses two threads at once, and the cores are few
            self._model = self._model or _load(self._folder)
            scores = self._model.predict(
                [(question, text) for text in texts],
                batch_size=_BATCH,
                activation_fn=Identity(),
                show_progress_bar=False,
            )
        found = np.asarray(scores, dtype=np.float64)
        if found.shape != (len(texts),) or not np.isfinite(found).all():
            raise RerankerError(
                f"cross-encoder {self._folder}: expected {len(texts)} numbers, found {found.shape} with "
                f"{np.isnan(found).sum()} that are none; {_REMEDY}"
            )
        return found


def rerank(
    board: Board,
    reranker: Reranker,
    question: str,
    held: Sequence[tuple[Record, Passage]],
    weight: float,
) -> None:
    """Put its word on the first rows of a board, `held` being what they stand for: 0 for the worst of them,
    and `weight` for the best."""
    if held:
        amounts = np.zeros(len(board.records))
        scores = reranker.score(question, [_render(record, passage) for record, passage in held])
        amounts[: len(held)] = weight * scale(scores)
        board.put(NAME, amounts, weight)


def _render(record: Record, passage: Passage) -> str:
    """A passage as it is embedded, behind the titles above it: many a folder is called "1905" only."""
    return " > ".join(part for part in (render_breadcrumb(record), render_body(record, passage)) if part)


def _check_folder(folder: Path) -> None:
    """What can be seen without loading it. Raises RerankerError."""
    for package in ("torch", "sentence_transformers"):
        if find_spec(package) is None:
            raise RerankerError(
                f"cross-encoder {folder}: {package} is not installed, which it needs; install it, or leave "
                "READING_ROOM_RERANKER empty"
            )
    if not folder.is_dir():
        raise RerankerError(f"cross-encoder {folder}: there is no such folder; {_REMEDY}")
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        kinds = [str(kind) for kind in config.get("architectures") or []]
    except (OSError, ValueError, AttributeError) as problem:
        raise RerankerError(
            f"cross-encoder {folder}: expected a config.json, found none that can be read; {_REMEDY}"
        ) from problem
    if not any("ForSequenceClassification" in kind for kind in kinds):
        found = ", ".join(kinds) or "none named"
        raise RerankerError(
            f"cross-encoder {folder}: expected a model for sequence classification, found {found}; {_REMEDY}"
        )
    if not (folder / "model.safetensors").is_file():
        raise RerankerError(f"cross-encoder {folder}: expected model.safetensors, found none; {_REMEDY}")


def _load(folder: Path) -> SentenceCrossEncoder:
    from sentence_transformers import CrossEncoder as SentenceCrossEncoder
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: SentenceCrossEncoder = SentenceCrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as problem:  # whatever the libraries below raise for files that are not what they say
        first_line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise RerankerError(
            f"cross-encoder {folder}: cannot be loaded: {first_line[:200]}; {_REMEDY}"
        ) from problem
    if model.num_labels != 1:
        raise RerankerError(
            f"cross-encoder {folder}: expected one score, found {model.num_labels} labels; {_REMEDY}"
        )
    return model
