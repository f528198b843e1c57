"""The exported embedder beside sentence-transformers: `nice python -m tests.bench.embedding [--scifact FOLDER]`.

Passages per second of one core (processor time of the one thread that works, so that a shared machine
changes little), a question's milliseconds, seconds to load and memory held, each in a process of its own.
With --scifact: nDCG@10 over the test questions, exact dense search alone. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from retrieval.embedding import DEFAULT_NAME, Embedder, find_model, load_embedder

LENGTHS = (64, 128, 254)
QUESTIONS = (
    "Do you have letters from Ellen Marsh in 1905?",
    "photographs of the flood at the mill",
    "minutes of the board of trustees of the academy, 1912 to 1919",
    "how many maps of San Juan do you hold",
)


def load(kind: str) -> Embedder:
    if kind == "onnx":
        return load_embedder()
    from retrieval.embedding.torch_embedder import SentenceEmbedder, load_sentence_model

    return SentenceEmbedder(load_sentence_model(find_model(DEFAULT_NAME)), DEFAULT_NAME, "torch")


def make_passages(tokens: int, count: int) -> list[str]:
    """Texts of that many tokens: common words, each one token of its own."""
    words = (
        "the river rose and her sister wrote home of bread wool and the price of coal in the winter".split()
    )
    draw = np.random.default_rng(tokens)
    return [" ".join(draw.choice(words, tokens - 2)) for _ in range(count)]


def measure(kind: str) -> dict[str, float]:
    """Everything about one embedder but its nDCG; bulk runs on one core."""
    started = time.perf_counter()
    embedder = load(kind)
    embedder.encode(["warm"])
    found: dict[str, float] = {"load_s": time.perf_counter() - started}
    embedder._cores = 1  # type: ignore[attr-defined]  # one core is what is measured
    for tokens in LENGTHS:
        passages = make_passages(tokens, 64)
        embedder.encode(passages[:8])
        begun = time.process_time()
        embedder.encode(passages)
        found[f"passages_per_core_s_{tokens}"] = len(passages) / (time.process_time() - begun)
    walls = []
    for question in QUESTIONS * 25:
        begun = time.perf_counter()
        embedder.encode([question])
        walls.append(1000 * (time.perf_counter() - begun))
    found["query_p50_ms"], found["query_p95_ms"] = np.percentile(walls, [50, 95]).tolist()
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    found["torch_loaded"] = float("torch" in sys.modules)
    return {name: round(value, 2) for name, value in found.items()}


def score_scifact(kind: str, folder: Path) -> dict[str, float]:
    """nDCG@10 and recall@100 of exact dense search over SciFact's test questions."""
    embedder = load(kind)
    documents = [json.loads(line) for line in (folder / "corpus.jsonl").open(encoding="utf-8")]
    numbers = {document["id"]: number for number, document in enumerate(documents)}
    relevant: dict[str, set[int]] = {}
    for line in (folder / "qrels.test.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        if row["relevance"] > 0:
            relevant.setdefault(row["query_id"], set()).add(numbers[row["doc_id"]])
    queries = {row["id"]: row["text"] for row in map(json.loads, (folder / "queries.test.jsonl").open())}
    passages = embedder.encode([f"{document['title']} {document['text']}" for document in documents])
    gains, recalls = [], []
    discounts = 1 / np.log2(np.arange(2, 12))
    for query, wanted in relevant.items():
        order = np.argsort(-(passages @ embedder.encode([queries[query]])[0]), kind="stable")[:100]
        hits = np.array([number in wanted for number in order[:10]])
        gains.append(float((hits * discounts).sum() / discounts[: len(wanted)].sum()))
        recalls.append(len(wanted & set(order.tolist())) / len(wanted))
    return {"ndcg_10": round(float(np.mean(gains)), 4), "recall_100": round(float(np.mean(recalls)), 4)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scifact", type=Path)
    parser.add_argument("--only", choices=["onnx", "torch"])
    args = parser.parse_args()
    if args.only:
        found = measure(args.only) if args.scifact is None else score_scifact(args.only, args.scifact)
        print(json.dumps(found))
        return 0
    results: dict[str, dict[str, float]] = {}
    for kind in ("onnx", "torch"):
        command = [sys.executable, "-W", "ignore", "-m", "tests.bench.embedding", "--only", kind]
        results[kind] = json.loads(_last_line(command))
        if args.scifact:
            results[kind] |= json.loads(_last_line([*command, "--scifact", str(args.scifact)]))
        print(f"{kind}: {results[kind]}", flush=True)
    print(json.dumps(results))
    return 0


def _last_line(command: list[str]) -> str:
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return told.stdout.strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
