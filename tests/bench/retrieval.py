"""Search against its aims and against what a library would use instead: `make bench-retrieval`.

Everything is built and asked in one run on one machine, over the same passages with the same
embedding model. The last line is JSON. Vectors are kept in the cache folder between runs.

    dev         questions with known answers over real files of every format
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from retrieval.embedding import load_embedder
from tests.bench.retrieval_corpus import DEMO
from tests.bench.retrieval_dev import run_dev

SECTIONS = ("dev",)


def main() -> int:
    """Run the sections asked for, print, and end with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", default=",".join(SECTIONS), help="sections, by commas (default: %(default)s)"
    )
    parser.add_argument(
        "--data", type=Path, help="folder with dev/ and dev_questions.jsonl; else the sample library"
    )
    parser.add_argument("--cache", type=Path, default=Path("data/bench"), help="default: %(default)s")
    parser.add_argument("--no-rivals", action="store_true", help="ours alone")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    if unknown := set(chosen) - set(SECTIONS):
        parser.error(f"--only: expected some of {', '.join(SECTIONS)}; found {', '.join(sorted(unknown))}")
    arguments.cache.mkdir(parents=True, exist_ok=True)
    embedder, rivals = load_embedder(), not arguments.no_rivals
    figures: dict[str, object] = {}
    started = time.perf_counter()
    if "dev" in chosen:
        sources, questions = DEMO / "library", DEMO / "questions.jsonl"
        if arguments.data:
            sources, questions = arguments.data / "dev", arguments.data / "dev_questions.jsonl"
        figures |= run_dev(sources, questions, embedder, arguments.cache, rivals=rivals)
    print(f"{time.perf_counter() - started:.0f} s")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
