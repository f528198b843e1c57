"""Families of vectors beside a full scan: `nice python -m tests.bench.vectors VECTORS.npy QUESTIONS.npy [--copies 12]`.

Both files hold unit vectors, fp32, one row each: of real passages and of real questions, since random ones
make every index look perfect. --copies adds jittered copies (cosine about .989) to reach a million; state so
with any figure. Milliseconds are processor time of the one thread that searches, so that a shared machine
changes them less; it still does. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from retrieval.embedding import Vectors
from retrieval.store.vectors import VectorIndex, write_vectors
from retrieval.store.vectors_family import Family

SHARES = (1.0, 0.9, 0.5, 0.1, 0.01, 0.001)
FAMILIES = (
    Family(scan="exact", scores="fp16", reason="bench"),
    Family(scan="codes", scores="fp16", reason="bench"),
    Family(scan="codes", scores="int8", reason="bench"),
)


def spread(vectors: Vectors, copies: int) -> Vectors:
    """The vectors and jittered copies of them, `copies` in all."""
    draw = np.random.default_rng(1)
    jitter = 0.15 / np.sqrt(vectors.shape[1])
    parts = [vectors]
    for _ in range(copies - 1):
        moved = vectors + jitter * draw.standard_normal(vectors.shape, dtype=np.float32)
        parts.append(moved / np.linalg.norm(moved, axis=1, keepdims=True))
    return np.concatenate(parts)


def measure(index: VectorIndex, vectors: Vectors, questions: Vectors, share: float) -> dict[str, float]:
    """Recall@10 (scores within .001 are equal) and milliseconds, k = 100, under a filter that passes `share`."""
    draw = np.random.default_rng(3)
    right, spent = [], []
    for question in questions:
        allowed = draw.random(len(vectors)) < share
        begun = time.thread_time()
        found = index.search(question, 100, None if share == 1.0 else allowed)
        spent.append(1000 * (time.thread_time() - begun))
        exact = np.where(allowed, vectors @ question, -np.inf)
        least = -np.partition(-exact, 9)[9] - 1e-3
        right.append(np.mean([exact[number] >= least for number, _ in found[:10]]))
    p50, p95 = np.percentile(spent, [50, 95])
    return {
        "recall_at_10": round(float(np.mean(right)), 4),
        "p50_ms": round(float(p50), 2),
        "p95_ms": round(float(p95), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vectors", type=Path)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--most", type=int, default=100, help="questions asked under each filter")
    args = parser.parse_args()
    vectors = spread(np.load(args.vectors), args.copies)
    questions = np.load(args.questions)[: args.most]
    results = {}
    for family in FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.faiss"
            begun = time.process_time()
            note = write_vectors(path, vectors, family=family)
            built = time.process_time() - begun
            index = VectorIndex(path, passages=len(vectors), dimension=vectors.shape[1])
            shares = {str(share): measure(index, vectors, questions, share) for share in SHARES}
            found = {"build_s": round(built, 1), "bytes_per_passage": note.bytes_per_passage, "share": shares}
        results[note.factory] = found
        print(f"{note.factory}: {found}", flush=True)
    print(json.dumps({"passages": len(vectors), "questions": len(questions), "families": results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
