"""Sentence embeddings by onnxruntime and tokenizers alone, from a folder that `onnx_export` wrote.

    <folder>/card.json         which weights, in which precision, how it compared, checksums of the others
    <folder>/model.onnx        token ids and mask in, unit vectors out: pooling and normalising are inside
    <folder>/tokenizer.json    as tokenizers reads it

Each text runs by itself, on one thread. Dynamic int8 takes its scale from everything in a batch, so in
batches a text's vector would depend on its neighbours; alone it is the same in a question, in a first
build and in a rebuild. It costs nothing: without padding, one text at a time was as fast as batches of 4
and faster than batches of 16 from 128 tokens up (Zen 4, onnxruntime 1.31). Bulk runs a text per core.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from retrieval.embedding import Vectors
from retrieval.errors import EmbedderError

RECIPE = 1
"""Raised whenever an export of the same weights would give other vectors."""

MODEL, TOKENIZER, CARD = "model.onnx", "tokenizer.json", "card.json"

_FEW = 4
"""Up to this many texts count as a question and stay on the thread that asks."""
_PROBE_COSINE = 0.97
"""A processor without 8-bit dot products can overflow where the exporting one did not; this shows it."""

Precision = Literal["int8", "fp32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What an exported model says about itself.

    `weights` is the digest of the model it came from. `mean_cosine` and `min_cosine` are to
    sentence-transformers over `compared` texts; `probes` are a few of those texts with the vectors
    sentence-transformers gave, to be tried again on the machine that opens the export.
    """

    recipe: int
    name: str
    weights: str
    precision: Precision
    dimension: int
    max_length: int
    compared: int
    mean_cosine: float
    min_cosine: float
    probes: dict[str, list[float]]
    checksums: dict[str, str]

    @property
    def digest(self) -> str:
        """What an index must have been built with: recipe, precision and weights."""
        return f"{self.precision}v{self.recipe}-{self.weights}"


class OnnxEmbedder:
    """An exported model; the same text has the same vector, alone or in bulk."""

    def __init__(self, folder: Path) -> None:
        """Open an export, its checksums compared first. Raises EmbedderError when it cannot be trusted."""
        card = read_card(folder)
        for file, expected in card.checksums.items():
            if digest_file(folder / file) != expected:
                raise EmbedderError(f"{folder / file}: not what {CARD} says; remove {folder}")
        self._run = Run(folder / MODEL, folder / TOKENIZER, card.max_length)
        self._cores = count_cores()
        self.card = card
        self.name = card.name
        self.dimension = card.dimension
        self.digest = card.digest
        self._try_probes()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dimension), in the order of `texts`."""
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if len(texts) <= _FEW or self._cores == 1:
            for place, text in enumerate(texts):
                vectors[place] = self._run(text)
            return vectors
        order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))  # so that cores end together
        with ThreadPoolExecutor(self._cores) as threads:
            for place, vector in zip(order, threads.map(self._run, (texts[p] for p in order)), strict=True):
                vectors[place] = vector
        return vectors

    def _try_probes(self) -> None:
        for text, expected in self.card.probes.items():
            cosine = float(self._run(text) @ np.asarray(expected, dtype=np.float32))
            if not cosine >= _PROBE_COSINE:
                raise EmbedderError(
                    f"{self.name} in {self.card.precision}: expected cosine {_PROBE_COSINE} for a probe, "
                    f"found {cosine:.3f} on this processor; export it again here"
                )


class Run:
    """One text to one unit vector, on the calling thread; safe from several threads."""

    def __init__(self, model: Path, tokenizer: Path, max_length: int) -> None:
        """Raises EmbedderError when a file cannot be read as what it should be."""
        try:
            self._tokenizer = Tokenizer.from_file(str(tokenizer))
            self._session = onnxruntime.InferenceSession(str(model), _options(), ["CPUExecutionProvider"])
        except Exception as problem:  # both libraries raise bare Exception and types of their own
            first_line = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            raise EmbedderError(f"cannot open the exported model {model}: {first_line}") from problem
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)

    def __call__(self, text: str) -> Vectors:
        whole = text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text to a tokenizer
        ids = np.asarray([self._tokenizer.encode(whole).ids], dtype=np.int64)
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return np.asarray(vectors[0], dtype=np.float32)


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.enable_mem_pattern = False  # patterns are kept per shape, and every length is a shape
    options.log_severity_level = 3
    return options


def read_card(folder: Path) -> Card:
    """The card of an exported model. Raises EmbedderError when there is none that this program can use."""
    try:
        card = Card(**json.loads((folder / CARD).read_text("utf-8")))
    except (OSError, ValueError, TypeError) as problem:
        raise EmbedderError(f"{folder / CARD}: missing or unreadable; export the model again") from problem
    if card.recipe != RECIPE:
        raise EmbedderError(
            f"{folder / CARD}: expected recipe {RECIPE}, found {card.recipe}; export the model again"
        )
    return card


def write_card(folder: Path, card: Card) -> None:
    """Write the card of an exported model."""
    (folder / CARD).write_text(json.dumps(asdict(card), indent=1), "utf-8")


def digest_file(path: Path) -> str:
    """SHA-256 of a file, empty when it cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""


def count_cores() -> int:
    """Cores this process may use: a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
