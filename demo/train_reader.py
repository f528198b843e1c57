"""Train the bundled reader from nothing, on a CPU, in an hour or so.

    python -m demo.train_reader tokenizer --corpus FOLDER      # only to make a new tokenizer
    python -m demo.train_reader train --work build/reader [--corpus FOLDER] [--tokens 3500000]
    python -m demo.train_reader export --work build/reader
    python -m demo.train_reader adapters --work build/reader

`--corpus` is a folder with archival.jsonl.xz (one record a line: title, date, container, breadcrumb, text);
without it, made-up collections and the sample library have to do. `train` saves a checkpoint every few
minutes and goes on from it when started again; `export` writes demo/reader, `adapters` trains the two
of demo/adapters on the exported weights. One line of figures goes to WORK/log.jsonl at each check.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn import functional as F

from demo.reader_adapters import train_adapters
from demo.reader_batches import Batch, Tree, collate
from demo.reader_lessons import (
    EASY,
    FULL,
    MIDDLE,
    Level,
    Library,
    Teacher,
    invented_pool,
    real_pools,
    sample_pool,
)
from demo.reader_manifest import write_manifest
from demo.reader_model import ReaderModel, Shape, save_model
from demo.reader_score import exact_answers, score
from demo.reader_start import initialise
from demo.reader_tokenizer import corpus_texts, save_tokenizer, train_tokenizer
from demo.reader_warmup import CardMaker
from retrieval.prompt import REFUSAL

HERE = Path(__file__).parent
READER, ADAPTERS, SAMPLE = HERE / "reader", HERE / "adapters", HERE / "library"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is learnt when: up to `share` of all tokens, lessons are drawn with these weights.

    Weights are for cards of random tokens, and lessons of the levels EASY, MIDDLE and FULL.
    """

    share: float
    weights: tuple[float, float, float, float]


PLANS = (
    Plan(0.25, (0.05, 0.45, 0.3, 0.2)),
    Plan(0.60, (0.02, 0.2, 0.38, 0.4)),
    Plan(1.00, (0, 0.1, 0.2, 0.7)),
)
FIRST_TOKEN = 4.0
"""How many times the first token of an answer counts in the loss."""
EXAM = replace(FULL, numbers=0.0)
LEVELS: tuple[Level, ...] = (EASY, MIDDLE, FULL)


@dataclass(slots=True)
class Course:
    """An endless supply of trees, harder as training goes on."""

    teacher: Teacher
    cards: CardMaker
    library: Library
    rng: random.Random

    def tree(self, progress: float) -> Tree:
        """One tree for where training stands, 0 to 1."""
        plan = next(plan for plan in PLANS if progress <= plan.share or plan is PLANS[-1])
        while True:
            kind = self.rng.choices(range(4), plan.weights)[0]
            if kind == 0:
                return self.cards.tree(self.rng, self.rng.randint(2, 5), facets=4, body=6, refusals=0.2)
            tree = self.teacher.lesson(self.library.pool(self.rng), self.rng, LEVELS[kind - 1])
            if tree is not None:
                return tree

    def batches(self, progress: float, tokens: int) -> Iterator[Batch]:
        """Sixteen batches' worth of trees, those of like length together, about `tokens` each."""
        trees: list[Tree] = []
        while sum(map(len, trees)) < 16 * tokens:
            trees.append(self.tree(progress))
        trees.sort(key=len)
        groups: list[list[Tree]] = [[]]
        for tree in trees:
            if groups[-1] and len(tree) * (len(groups[-1]) + 1) > tokens * 1.15:
                groups.append([])
            groups[-1].append(tree)
        self.rng.shuffle(groups)
        for group in groups:
            yield collate(group, self.rng)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Learning rate by progress: up in the first 1 %, level, then down to nothing over the last 30 %."""

    peak: float

    def rate(self, progress: float) -> float:
        """The rate at a progress of 0 to 1."""
        return self.peak * min(1.0, progress / 0.01 + 0.02, max(0.0, (1.0 - progress) / 0.3) + 0.01)


def train(
    work: Path, corpus: Path | None, tokens: int, peak: float, batch_tokens: int, minutes: float
) -> None:
    """Train up to `tokens` tokens, going on from a checkpoint in `work` if there is one."""
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(READER / "tokenizer.json"))
    course, exams = _prepare(tokenizer, corpus, seed=int(time.time()))
    model = ReaderModel(Shape(vocab_size=tokenizer.get_vocab_size()))
    initialise(model, seed=1, encode=lambda text: tokenizer.encode(text).ids[0])
    optimizers = make_optimizers(model, peak)
    seen, spent = _load(work, model, optimizers)
    schedule, refusal = Schedule(peak), tokenizer.encode(REFUSAL).ids
    started = checked = time.monotonic()
    begun, losses, hits = seen, [], []
    while seen < tokens and time.monotonic() - started < minutes * 60:
        for batch in course.batches(seen / tokens, batch_tokens):
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = schedule.rate(seen / tokens)
            loss, exact = train_step(model, optimizers, batch)
            losses.append(loss)
            hits.append(exact)
            seen += batch.ids.numel()
        print(f"{seen:,} tokens, loss {_mean(losses[-10:])}, exact {_mean(hits[-10:])}", flush=True)
        if time.monotonic() - checked > 240 or seen >= tokens:
            now = time.monotonic()
            row: dict[str, object] = {
                "tokens": seen,
                "seconds": round(spent + now - started),
                "loss": _mean(losses),
                "train_exact": _mean(hits),
                "tokens_per_second": round((seen - begun) / (now - started)),
            }
            for name, trees in exams.items():
                row[name] = asdict(score(model, trees, refusal))
            _log(work, row)
            _save(work, model, optimizers, seen, spent + time.monotonic() - started)
            checked, losses, hits = time.monotonic(), [], []
    _save(work, model, optimizers, seen, spent + time.monotonic() - started)


def make_optimizers(model: ReaderModel, peak: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, which learn faster so, and AdamW for the rest."""
    layers = [weight for weight in model.layers.parameters() if weight.ndim == 2]
    rest = [weight for weight in model.parameters() if not any(weight is other for other in layers)]
    muon = torch.optim.Muon(
        layers, lr=peak, momentum=0.95, weight_decay=0.01, ns_steps=5, adjust_lr_fn="match_rms_adamw"
    )
    return [muon, torch.optim.AdamW(rest, lr=peak, betas=(0.9, 0.95), weight_decay=0.0, fused=True)]


def train_step(
    model: ReaderModel, optimizers: Sequence[torch.optim.Optimizer], batch: Batch
) -> tuple[float, float]:
    """One step on the answer tokens of a batch; returns its loss and the share of answers all right."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(batch.ids, batch.positions, batch.mask)[batch.rows, batch.columns]
        logits = model.score(hidden).float()
    # The first token of an answer decides between answering and refusing, and there is but one of it.
    first = torch.ones_like(batch.branch, dtype=torch.bool)
    first[1:] = batch.branch[1:] != batch.branch[:-1]
    weights = 1.0 + (FIRST_TOKEN - 1.0) * first
    losses = F.cross_entropy(logits, batch.targets, reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    model.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
    return loss.item(), exact_answers(logits, batch).float().mean().item()


def _prepare(tokenizer: Tokenizer, corpus: Path | None, seed: int) -> tuple[Course, dict[str, list[Tree]]]:
    """The course, and held-out lessons: unseen names, real records kept apart, the sample library."""
    fixed = random.Random(11)
    pools = real_pools(corpus / "archival.jsonl.xz", fixed, 900) if corpus else []
    kept, real = pools[:60], pools[60:]
    sample = sample_pool(SAMPLE) if SAMPLE.is_dir() else []
    teacher = Teacher(tokenizer)
    exams = {
        "unseen_names": [teacher.lesson(invented_pool(fixed, unseen=True), fixed, EXAM) for _ in range(15)]
    }
    if kept:
        exams["unseen_real"] = [teacher.lesson(fixed.choice(kept), fixed, EXAM) for _ in range(15)]
    if sample:
        exams["sample_library"] = [teacher.lesson(sample, fixed, EXAM) for _ in range(15)]
    course = Course(teacher, CardMaker(tokenizer), Library(real, sample), random.Random(seed))
    return course, {name: [tree for tree in trees if tree] for name, trees in exams.items()}


def _library(corpus: Path | None, blocks: int) -> Library:
    real = real_pools(corpus / "archival.jsonl.xz", random.Random(12), blocks) if corpus else []
    return Library(real, sample_pool(SAMPLE) if SAMPLE.is_dir() else [])


def _load(work: Path, model: ReaderModel, optimizers: Sequence[torch.optim.Optimizer]) -> tuple[int, float]:
    path = work / "checkpoint.pt"
    if not path.exists():
        return 0, 0.0
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, kept in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(kept)
    return state["tokens"], state["seconds"]


def _save(
    work: Path,
    model: ReaderModel,
    optimizers: Sequence[torch.optim.Optimizer],
    tokens: int,
    seconds: float,
) -> None:
    kept = [optimizer.state_dict() for optimizer in optimizers]
    state = {"model": model.state_dict(), "optimizers": kept, "tokens": tokens, "seconds": seconds}
    torch.save(state, work / "checkpoint.pt.tmp")
    (work / "checkpoint.pt.tmp").replace(work / "checkpoint.pt")


def _log(work: Path, row: dict[str, object]) -> None:
    print(json.dumps(row), flush=True)
    with (work / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(row) + "\n")


def _mean(values: list[float]) -> float:
    return round(sum(values) / max(1, len(values)), 4)


def export(work: Path) -> None:
    """Write the checkpoint's weights to demo/reader in bfloat16, with its manifest."""
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    model = ReaderModel(Shape(vocab_size=state["model"]["embed_tokens.weight"].shape[0]))
    model.load_state_dict(state["model"])
    save_model(model, READER)
    write_manifest(READER)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("tokenizer", "train", "export", "adapters"))
    parser.add_argument("--work", type=Path, default=Path("build/reader"))
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--tokens", type=int, default=3_500_000)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after this long, checkpoint saved")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--batch", type=int, default=2000, help="tokens a step")
    parser.add_argument("--steps", type=int, default=140, help="steps for each adapter")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.step == "tokenizer":
        if args.corpus is None:
            parser.error("tokenizer needs --corpus")
        save_tokenizer(train_tokenizer(corpus_texts(args.corpus)), READER)
    elif args.step == "train":
        train(args.work, args.corpus, args.tokens, args.rate, args.batch, args.minutes)
    elif args.step == "export":
        export(args.work)
    else:
        train_adapters(
            READER, ADAPTERS, _library(args.corpus, 300), steps=args.steps, batch_tokens=args.batch
        )


if __name__ == "__main__":
    main()
