"""`reading-room train curve|tune`: many small runs, in the foreground, held against each other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serve.errors import BadRequest, Conflict, ServeError
from serve.training.command_line import run_handler, say

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.command_line import Subparsers
    from train.card.card import Table
    from train.curve.study import Study

Studier = Callable[["Study", argparse.Namespace], int]
_WIDE = 220
"""Columns where nobody looks: a table in a file or a pipe is not to be folded."""


def add_to(commands: Subparsers, settings: Settings) -> None:
    """Add the commands to `train`."""

    def add(name: str, studier: Studier, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(run_handler, settings, partial(_study, studier)))
        parser.add_argument("--dataset", required=True, metavar="V", help="a dataset version")
        parser.add_argument("--base", metavar="B", help="base model; default: READING_ROOM_MODEL")
        parser.add_argument("--recipe", type=Path, metavar="FILE", help="settings for all runs, in TOML")
        parser.add_argument("--out", type=Path, metavar="F", help="its folder; default: among the studies")
        return parser

    parser = add("curve", run_curve, "train on a quarter, a half and all of the data: would more of it help?")
    parser.add_argument(
        "--shares",
        type=_read_numbers,
        default=(25.0, 50.0, 100.0),
        metavar="25,50,100",
        help="percent of the pairs",
    )
    parser = add("tune", run_tune, "try learning rates, ranks and epochs on the same data")
    parser.add_argument("--rates", type=_read_numbers, metavar="1e-4,2e-4", help="learning rates")
    parser.add_argument("--ranks", type=_read_numbers, metavar="8,16", help="ranks")
    parser.add_argument("--epochs", type=_read_numbers, metavar="2,3", help="epochs")
    parser.add_argument(
        "--trials", type=int, default=0, metavar="N", help="let optuna choose N settings instead of a grid"
    )


def run_curve(study: Study, args: argparse.Namespace) -> int:
    """Run the shares; prints the table and the plain sentence."""
    from train.curve.learning import draw_curve
    from train.curve.report import JSON, SVG, make_table, write_curve

    shares = [share / 100 for share in args.shares]
    if len(set(shares)) < 2 or not all(0 < share <= 1 for share in shares):
        raise BadRequest("--shares: expected two or more different percentages up to 100. Name such.")
    curve = draw_curve(study, shares)
    write_curve(study.root, curve)
    _print_table(make_table("Learning curve", (curve.base, *curve.found)))
    say(curve.sentence)
    say(f"{study.root / SVG}, {study.root / JSON}")
    return 0


def run_tune(study: Study, args: argparse.Namespace) -> int:
    """Try the settings; prints the table and which is best."""
    from train.curve.report import JSON, SVG, make_table, write_tuned
    from train.curve.tuning import EPOCHS, RANKS, RATES, make_grid, tune, tune_freely

    ranks = [int(rank) for rank in args.ranks or RANKS]
    epochs = [int(many) for many in args.epochs or EPOCHS]
    if args.trials > 0:
        tuned = tune_freely(study, args.trials, ranks, epochs)
    else:
        tuned = tune(study, make_grid(args.rates or RATES, ranks, epochs))
    write_tuned(study.root, tuned)
    _print_table(make_table("Settings tried", (tuned.base, tuned.given, *tuned.found)))
    for name, problem in tuned.failed:
        say(f"{name} came to nothing: {problem}")
    say(tuned.sentence)
    say(f"{study.root / SVG}, {study.root / JSON}")
    return 0


def _study(studier: Studier, settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Raises NotFound, Damaged, Conflict for what cannot be studied, ServeError for files."""
    from serve.training.planning import make_plan
    from train.curve.study import Study
    from train.evaluation.errors import EvaluationRefused
    from train.lora.errors import TrainingError
    from train.lora.recipe import parse_recipe

    name = args.dataset.partition("--")[0]
    training.datasets.open(args.dataset)
    if "train" in training.datasets.find_withdrawn(args.dataset).values():
        raise Conflict(
            f"Pairs of {args.dataset} were withdrawn since it was made. Build a new version: reading-room "
            f"dataset build {name}"
        )
    what = "curve" if studier is run_curve else "tuning"
    out = args.out or settings.data / "studies" / f"{what}-{args.dataset}"
    try:
        asked = parse_recipe(args.recipe.read_text("utf-8")) if args.recipe else {}
        plan = make_plan(args.dataset, name, asked, settings, training)
        return studier(Study(out, plan, say), args)
    except (OSError, UnicodeDecodeError) as error:
        raise ServeError(f"A file cannot be read or written: {error}. Look at it, and try again.") from error
    except (TrainingError, EvaluationRefused) as problem:
        raise Conflict(str(problem)) from problem


def _read_numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def _print_table(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Shown
    from rich.text import Text

    shown = Shown(title=table.title, box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    for heading in table.headings:
        shown.add_column(heading, overflow="fold")
    for row in table.rows:
        shown.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else _WIDE).print(shown)
