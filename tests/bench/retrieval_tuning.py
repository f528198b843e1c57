"""Does tuning the embedding model help? `python -m tests.bench.retrieval_tuning FOLDER --data SHARED --set scifact`

SciFact (claims of the training part to learn from, those of the test part to examine on; claims about the
same documents on one side only) over `--documents` of its documents, all the right ones among them; or
questions made of the records of real finding aids (`tests.bench.retrieval_generated`), a third of their
records held out. Writes everything below FOLDER and prints the verdict with its lines.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from retrieval.embedding import load_embedder
from retrieval.records import Record
from retrieval.store.builder import build_index
from retrieval.store.reading import Reading
from retrieval.store.snapshot import read_current
from tests.bench.retrieval_corpus import read_corpus, read_documents
from tests.bench.retrieval_generated import make_questions
from train.embedding.example import Example, Shown, write_examples
from train.embedding.plan import Plan, write_plan
from train.embedding.run import run_embedding

_MOST_RIGHT = 5
"""A question that more records answer is no question for a single passage."""


def read_claims(folder: Path, part: str) -> list[Example]:
    """The claims of a part that documents speak to."""
    right: dict[str, list[str]] = defaultdict(list)
    for line in (folder / f"qrels.{part}.jsonl").read_text("utf-8").splitlines():
        judged = json.loads(line)
        if float(judged["relevance"]) > 0:
            right[judged["query_id"]].append(str(judged["doc_id"]))
    queries = map(json.loads, (folder / f"queries.{part}.jsonl").read_text("utf-8").splitlines())
    return [
        Example(
            id=f"{part}-{query['id']}",
            question=query["text"],
            positives=tuple(Shown(record=document) for document in right[query["id"]]),
            cluster=right[query["id"]][0],
        )
        for query in queries
        if right[query["id"]]
    ]


def make_generated(records: Sequence[Record]) -> Iterator[Example]:
    """Questions by names, topics and years, with the records that answer them."""
    for kind, made in make_questions(records).items():
        for number, question in enumerate(made):
            if len(question.relevant) <= _MOST_RIGHT:
                found = sorted(records[place].id for place in question.relevant)
                yield Example(
                    id=f"{kind}-{number}",
                    question=question.text,
                    positives=tuple(Shown(record=one) for one in found),
                    cluster=found[0],
                )


def main() -> None:
    """Make the examples and the index where they are missing, run, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="with ir/scifact and dev in it")
    parser.add_argument("--set", choices=("scifact", "generated"), default="scifact")
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--learn", type=int, default=0, help="examples to learn from; 0 for all")
    parser.add_argument("--recipe", default="{}", help="JSON")
    parser.add_argument("--name", default="run")
    args = parser.parse_args()
    if args.set == "scifact":
        folder = args.data / "ir" / "scifact"
        train, exam = read_claims(folder, "train"), read_claims(folder, "test")
        right = {record for one in (*train, *exam) for record in one.records}
        records = list(read_documents(folder / "corpus.jsonl").records)
        others = [record for record in records if record.id not in right]
        random.Random(1).shuffle(others)
        records = [*(r for r in records if r.id in right), *others[: max(0, args.documents - len(right))]]
        readings = [Reading(Path("scifact"), "plain", tuple(records))]
    else:
        corpus = read_corpus([args.data / "dev"])
        records, readings = corpus.records, list(corpus.readings)
        both = list(make_generated(records))
        held = [int(hashlib.sha256(one.group.encode()).hexdigest(), 16) % 3 == 0 for one in both]
        train = [one for one, is_held in zip(both, held, strict=True) if not is_held]
        exam = [one for one, is_held in zip(both, held, strict=True) if is_held]
    root = args.folder / args.set / "data" / "index"
    if not (root / "CURRENT").exists():
        build_index(root, readings, load_embedder(), _hear_nothing)
    run = args.folder / args.set / args.name
    run.mkdir(parents=True, exist_ok=True)
    write_examples(run / "train.jsonl", train[: args.learn] if args.learn else train)
    write_examples(run / "exam.jsonl", exam)
    recipe = json.loads(args.recipe)
    plan = Plan(index=root, cases=run / "train.jsonl", exam=run / "exam.jsonl", force=True, recipe=recipe)
    write_plan(run, plan)
    result = run_embedding(run)
    print(f"{read_current(root)}: {len(records):,} records; {result['lessons']}")
    print(f"{result['verdict']['ruling']}: {' '.join(result['verdict']['sentences'])}")
    for line in result["verdict"]["lines"]:
        print(json.dumps(line))
    print(f"{result['seconds']:.0f} s, {result['cpu_seconds']:.0f} CPU s, {result['peak_rss_mb']} MB")


def _hear_nothing(step: str, done: int, total: int | None = None) -> None:
    """A build's progress."""


if __name__ == "__main__":
    main()
