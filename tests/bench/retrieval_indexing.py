"""The embedder as the product runs it: how fast on one core, and how near to full precision."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from retrieval.embedding import Embedder
from tests.bench.retrieval_corpus import Corpus

_SAMPLE = 400
_FEW = 4
"""Texts that sentence-transformers embeds at a time in full precision."""


def run_indexing(corpus: Corpus, embedder: Embedder, full: Embedder) -> dict[str, object]:
    """Passages of 128 tokens per second of one core, ours and by torch; cosine over real passages."""
    told: dict[str, object] = {}
    for kind, key in (("onnx", "passages_per_core_s"), ("torch", "torch_passages_per_core_s")):
        command = [sys.executable, "-W", "ignore", "-m", "tests.bench.embedding", "--only", kind]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = json.loads(answer.splitlines()[-1])
        print(f"{kind}: {found}")
        told[key] = found["passages_per_core_s_128"]
    texts = corpus.bodies[:: max(1, len(corpus.bodies) // _SAMPLE)][:_SAMPLE]
    ours = embedder.encode(texts)
    theirs = np.concatenate(
        [full.encode(texts[start : start + _FEW]) for start in range(0, len(texts), _FEW)]
    )
    cosines = (ours * theirs).sum(axis=1)
    print(f"cosine to fp32 over {len(texts)} passages: mean {cosines.mean():.4f}, least {cosines.min():.4f}")
    return told | {"cosine_to_fp32": round(float(cosines.mean()), 4)}
