"""Search against its aims and against what a library would use instead: `make bench-retrieval`.

Everything is built and asked in one run on one machine, over the same passages with the same
embedding model (ours as the product runs it, the rivals' by sentence-transformers). Rankings and
times are of three interleaved repeats. The last line is JSON. Vectors are kept between runs.

    dev         questions with known answers over real files of every format
    matches     questions for all of something, against a scan of the titles
    scifact     a public set, where it is there
    generated   a person and a year, a topic and a year, over finding aids and copies of them
    indexing    the embedder: passages per second and core, how near to full precision
    scale       latency, memory and updates at 100,000 and 1,000,000 records
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from functools import cache as remember
from pathlib import Path

from retrieval.embedding import DEFAULT_NAME, Embedder, find_model, load_embedder
from retrieval.embedding.torch_embedder import SentenceEmbedder, load_sentence_model
from tests.bench.retrieval_copies import enlarge
from tests.bench.retrieval_corpus import DEMO, Corpus, read_corpus
from tests.bench.retrieval_dev import run_dev
from tests.bench.retrieval_generated import run_generated
from tests.bench.retrieval_indexing import run_indexing
from tests.bench.retrieval_matches import run_matches
from tests.bench.retrieval_scale import run_scale
from tests.bench.retrieval_scifact import run_scifact

SECTIONS = ("dev", "matches", "scifact", "generated", "indexing", "scale")


def main() -> int:
    """Run the sections asked for, print, and end with one line of JSON."""
    arguments = read_arguments()
    cache: Path = arguments.cache
    cache.mkdir(parents=True, exist_ok=True)
    embedder, torch = load_embedder(), remember(load_rival_embedder)
    rivals = None if arguments.no_rivals else torch
    data: Path | None = arguments.data
    sources = data / "dev" if data else DEMO / "library"
    questions = data / "dev_questions.jsonl" if data else DEMO / "questions.jsonl"
    corpus = remember(lambda: read_corpus([sources]))
    scifact = data / "ir" / "scifact" if data else Path("missing")

    def enlarged() -> Corpus:
        return Corpus(tuple(enlarge(corpus().readings, arguments.records)))

    sections: dict[str, Callable[[], dict[str, object]]] = {
        "dev": lambda: run_dev(corpus(), questions, embedder, cache, rivals and rivals()),
        "matches": lambda: run_matches(corpus(), embedder, cache),
        "scifact": lambda: run_scifact(scifact, embedder, cache, rivals and rivals()),
        "generated": lambda: run_generated(enlarged(), embedder, cache, rivals and rivals()),
        "indexing": lambda: run_indexing(corpus(), embedder, torch()),
        "scale": lambda: run_scale(corpus(), arguments.sizes, embedder, cache),
    }
    figures: dict[str, object] = {}
    for name, section in sections.items():
        if name not in arguments.only or (name == "scifact" and not scifact.is_dir()):
            print(f"\n== {name}: left out")
            continue
        started = time.perf_counter()
        print(f"\n== {name}", flush=True)
        figures |= section()
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    print(json.dumps(figures))
    return 0


def read_arguments() -> argparse.Namespace:
    """The command line; `only` and `sizes` come back as lists."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default=",".join(SECTIONS), help="sections (default: %(default)s)")
    parser.add_argument(
        "--data",
        type=Path,
        help="folder with dev/, dev_questions.jsonl and ir/scifact; without it the sample library serves",
    )
    parser.add_argument("--cache", type=Path, default=Path("data/bench"), help="default: %(default)s")
    parser.add_argument("--records", type=int, default=100_000, help="for `generated` (default: %(default)s)")
    parser.add_argument(
        "--sizes", default="100000,1000000", help="for `scale`, records (default: %(default)s)"
    )
    parser.add_argument("--no-rivals", action="store_true", help="ours alone")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    arguments.sizes = [int(size) for size in arguments.sizes.split(",")]
    if unknown := set(arguments.only) - set(SECTIONS):
        parser.error(f"--only: expected some of {', '.join(SECTIONS)}; found {', '.join(sorted(unknown))}")
    return arguments


def load_rival_embedder() -> Embedder:
    """The same model by sentence-transformers, as the rivals' own documentation loads it."""
    model = load_sentence_model(find_model(DEFAULT_NAME))
    return SentenceEmbedder(model, DEFAULT_NAME, "sentence-transformers")


if __name__ == "__main__":
    raise SystemExit(main())
