"""Train the bundled reader from nothing on CPU cores, in as many sittings as it takes.

    python -m demo.training.train --data DIR --model DIR --state DIR --rows 8000 --seconds 3600

`--data` holds the corpus, `--model` the tokenizer. `--rows` (of 4,096 tokens) are the whole training, by
which the learning rate and the mixture of lessons go; this sitting stops after `--seconds`, having saved, and
the next goes on from there with the rows that would have come. `--rows` may be changed between sittings while
the rate is level. One process a core, each on rows of its own: two processes of one thread are a quarter
faster than one of two. One JSON line of figures a report goes to STATE/log.jsonl and the screen. Set
TOKENIZERS_PARALLELISM=false: the processes are forked.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor

from demo.training.corpus import load_corpus
from demo.training.model import PLACES, ReaderModel, Shape, choose_places, find_documents, measure_losses
from demo.training.muon import Muon
from demo.training.rows import ANSWER, Row, Rows, Writer, find_stage
from demo.training.schedule import Schedule
from demo.training.start import initialise

LENGTH = 4096
SAVE = 300.0
"""Seconds between checkpoints."""


@dataclass(slots=True)
class Tally:
    """Sums since the last report."""

    counted: Tensor = field(default_factory=lambda: torch.zeros(4))
    rows: int = 0
    started: float = field(default_factory=time.monotonic)


class Trainer:
    """A model with its optimizers; one of several alike if torch.distributed runs."""

    def __init__(self, model: ReaderModel, schedule: Schedule, *, compiled: bool) -> None:
        self.model, self.schedule = model, schedule
        matrices = [weight for weight in model.layers.parameters() if weight.ndim == 2]
        rest = [weight for weight in model.parameters() if all(weight is not other for other in matrices)]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(rest, lr=0.0, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
            Muon(matrices, lr=0.0),
        ]
        self.measure = torch.compile(measure_losses, dynamic=False) if compiled else measure_losses
        if compiled:
            model.compile_parts()

    def learn(self, rows: Sequence[Row]) -> Tensor:
        """One step on these rows and those of the other processes, counted as `self.schedule` will see them.

        Returns sums over all of them: weighted loss, weights, loss of answer tokens, and their number.
        """
        sums = torch.zeros(4)
        for row in rows:
            loss, found = self.weigh(row)
            loss.backward()  # type: ignore[no-untyped-call]
            sums += found
        weights = [weight for weight in self.model.parameters() if weight.grad is not None]
        flat = torch.cat([*(weight.grad.flatten() for weight in weights if weight.grad is not None), sums])
        if dist.is_initialized():
            dist.all_reduce(flat)
        *gradients, sums = torch.split(flat, [*(weight.numel() for weight in weights), 4])
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient.view_as(weight).div_(sums[1])
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.schedule.rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return sums.clone()

    def weigh(self, row: Row) -> tuple[Tensor, Tensor]:
        """The summed loss of a row, each token counted by its weight, and the four sums of `learn`."""
        ids, positions, documents, branches, weights = (
            torch.from_numpy(row[name]) for name in ("ids", "positions", "documents", "branches", "weights")
        )
        places, counts = choose_places(weights)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model(ids, positions, find_documents(documents, branches))
            states, targets = hidden[:-1].index_select(0, places), ids[1:][places].long()
            losses = torch.cat(
                [
                    self.measure(part, self.model.embed_tokens.weight, target)
                    for part, target in zip(
                        torch.split(states, PLACES), torch.split(targets, PLACES), strict=True
                    )
                ]
            )
        loss = (losses * counts).sum()
        answers = counts >= ANSWER
        sums = (loss.detach(), counts.sum(), losses.detach()[answers].sum(), answers.sum())
        return loss, torch.stack([value.float() for value in sums])

    def save(self, folder: Path) -> None:
        """Write all that going on needs, in one step that a power cut cannot halve."""
        state = {
            "shape": asdict(self.model.shape),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "done": self.schedule.done,
        }
        torch.save(state, folder / "state.tmp")
        (folder / "state.tmp").replace(folder / "state.pt")

    def load(self, folder: Path) -> None:
        """Go on from a folder that `save` wrote."""
        state = torch.load(folder / "state.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.schedule.done = state["done"]


def train(trainer: Trainer, rows: Rows, args: argparse.Namespace, rank: int) -> None:
    """Train until the sitting or the whole is over; the processes go in step and stop together."""
    begun = saved = time.monotonic()
    tally, over = Tally(), False
    together = args.processes * args.accumulate
    while not over:
        schedule = trainer.schedule
        stage, first = find_stage(schedule.progress), schedule.done + rank * args.accumulate
        tally.counted += trainer.learn([rows[(stage, first + n)] for n in range(args.accumulate)])
        schedule.done += together
        tally.rows += together
        over = _agree(schedule.progress >= 1.0 or time.monotonic() - begun >= args.seconds)
        if rank:
            continue
        if over or time.monotonic() - tally.started >= args.report:
            _report(schedule, tally, args.state)
            tally = Tally()
        if over or time.monotonic() - saved >= SAVE:
            trainer.save(args.state)
            saved = time.monotonic()


def _agree(over: bool) -> bool:
    """What the first process says: clocks differ."""
    said = torch.tensor(over)
    if dist.is_initialized():
        dist.broadcast(said, 0)
    return bool(said)


def _report(schedule: Schedule, tally: Tally, state: Path) -> None:
    loss, weights, answers, count = tally.counted.tolist()
    line = json.dumps(
        {
            "rows": schedule.done,
            "progress": round(schedule.progress, 4),
            "stage": find_stage(schedule.progress),
            "rate": round(schedule.rate, 6),
            "loss": round(loss / weights, 4),
            "answers": round(answers / max(1.0, count), 4),
            "tokens_per_second": round(tally.rows * LENGTH / (time.monotonic() - tally.started)),
        }
    )
    print(line, flush=True)
    with (state / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(line + "\n")


def run(rank: int, rows: Rows, args: argparse.Namespace) -> None:
    """One of the processes."""
    torch.set_num_threads(1)
    if args.processes > 1:
        address = f"file://{args.state.resolve()}/meeting-{args.started}"
        dist.init_process_group(
            "gloo", init_method=address, rank=rank, world_size=args.processes, timeout=timedelta(hours=1)
        )
    model = ReaderModel(Shape())
    tokenizer = rows.writer.tokenizer
    initialise(model, seed=1, encode=lambda text: tokenizer.encode(text).ids[0])
    trainer = Trainer(model, Schedule(args.rows, args.peak), compiled=args.compile)
    if (args.state / "state.pt").exists():
        trainer.load(args.state)
    torch.manual_seed(1000 * trainer.schedule.done + rank)
    train(trainer, rows, args, rank)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("data", "model", "state"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--rows", type=int, default=8000, help="of 4,096 tokens, in the whole training")
    parser.add_argument("--seconds", type=float, default=1e9, help="of this sitting")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--accumulate", type=int, default=2, help="rows a step in each process")
    parser.add_argument("--peak", type=float, default=2e-3, help="learning rate")
    parser.add_argument("--report", type=float, default=60.0, help="seconds between lines of figures")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    args = parser.parse_args()
    args.started = os.getpid()
    args.state.mkdir(parents=True, exist_ok=True)
    rows = Rows(load_corpus(args.data), Writer.load(args.model), LENGTH)
    torch.multiprocessing.start_processes(  # type: ignore[attr-defined,no-untyped-call]
        partial(run, rows=rows, args=args), nprocs=args.processes, start_method="fork"
    )


if __name__ == "__main__":
    main()
