"""SciFact (Wadden et al. 2020, as in BEIR): a public set, so that the figures compare with others'.

Its documents are indexed as plain records, its claims asked as questions. Rivals are also given whole
documents in one piece, as the published figures are made.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np

from retrieval.embedding import Embedder
from retrieval.evaluation.measures import discounted_gain, estimate_mean
from tests.bench.retrieval_asking import OURS, ask_all, build_ours, gather_systems
from tests.bench.retrieval_corpus import read_documents


def run_scifact(folder: Path, embedder: Embedder, cache: Path, rivals: Embedder | None) -> dict[str, object]:
    """nDCG@10 and recall@100 over the test claims; prints every system."""
    corpus = read_documents(folder / "corpus.jsonl")
    texts = {query["id"]: query["text"] for query in _read(folder / "queries.test.jsonl")}
    relevant: dict[str, dict[int, float]] = defaultdict(dict)
    for judged in _read(folder / "qrels.test.jsonl"):
        if float(judged["relevance"]) > 0:
            relevant[judged["query_id"]][corpus.places[str(judged["doc_id"])]] = float(judged["relevance"])
    ids = [query for query in texts if query in relevant]
    index = build_ours(corpus, cache / "scifact", embedder)
    whole = [f"{record.title} {record.text}" for record in corpus.records]
    systems = gather_systems(corpus, index, rivals, cache, more={"+whole": (whole, np.arange(len(whole)))})
    asked = ask_all(systems, [texts[query] for query in ids])
    print(f"\nSciFact, {len(ids)} claims, {len(corpus.records):,} documents: nDCG@10, recall@100")
    found = {}
    for name, system in asked.items():
        pairs = [(relevant[query], places) for query, places in zip(ids, system.found, strict=True)]
        gains = [discounted_gain([w.get(p, 0.0) for p in got], list(w.values()), 10) for w, got in pairs]
        recalls = [len(w.keys() & set(got[:100])) / len(w) for w, got in pairs]
        found[name] = (estimate_mean(gains).value, estimate_mean(recalls).value)
        print(f"{name:<22} {found[name][0]:6.4f} {found[name][1]:6.4f}   p50 {system.latency(0.5):6.1f} ms")
    told: dict[str, object] = {}
    told["scifact_ndcg_10"], told["scifact_recall_100"] = (round(value, 4) for value in found.pop(OURS))
    if found:
        told["best_rival_scifact_ndcg_10"] = round(max(ndcg for ndcg, _ in found.values()), 4)
        told["best_rival_scifact_recall_100"] = round(max(recall for _, recall in found.values()), 4)
    return told


def _read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
