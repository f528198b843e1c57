"""`reading-room train card|reproduce|publish`: where a version comes from, made again, given to others."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serve.errors import Conflict, ServeError
from serve.training.command_line import Handler, make_deciding, print_json, run_handler, say

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.command_line import Subparsers


def add_to(commands: Subparsers, settings: Settings) -> None:
    """Add the commands to `train`."""

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(run_handler, settings, handler))
        parser.add_argument("version", metavar="VERSION", help="an adapter version")
        return parser

    parser = add("card", run_card, "the model card of an adapter version, as it stands now")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add("reproduce", run_reproduce, "train a version again, and compare the weights")
    parser.add_argument("--folder", type=Path, metavar="F", help="where; default: among the runs")
    parser = add("publish", run_publish, "write a version as a folder for others, its card with it")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--licence", default="", metavar="L", help="its licence, such as cc-by-4.0")
    parser.add_argument("--base-name", default="", metavar="N", help="what others call the base")
    parser = add("track", run_track, "write a version's run into an MLflow store")
    parser.add_argument("--to", required=True, metavar="URI", help="such as sqlite:///mlflow.db")
    parser.add_argument("--experiment", default="reading-room", help="default: %(default)s")


def run_card(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print the card."""
    from serve.training.card import gather
    from train.card.card import describe_card
    from train.card.making import make_card
    from train.card.markdown import render_card

    judging = make_deciding(settings, training).judging
    card = make_card(gather(judging, args.version, library=settings.library_name))
    if args.json:
        print_json(describe_card(card))
        return 0
    for line in render_card(card).splitlines():
        say(line)
    return 0


def run_reproduce(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Train again; 0 where the weights are the same, 2 where they are not."""
    from serve.training.making_again import prepare_again, train_again

    again = prepare_again(settings, make_deciding(settings, training).judging, args.version)
    folder = args.folder or training.root / f"again-{args.version}"
    say(f"Training {args.version} again in {folder} ...")
    outcome = train_again(again, folder)
    say(outcome.describe())
    return 0 if outcome.is_same else 2


def run_publish(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Write the folder; says what is in it."""
    from dataclasses import replace

    from serve.training.card import gather
    from train.card.errors import PublishingRefused
    from train.card.making import make_card
    from train.card.publishing import publish

    judging = make_deciding(settings, training).judging
    subject = gather(judging, args.version, library=settings.library_name)
    if subject.withdrawn_since:
        raise Conflict(
            f"{args.version} was trained on pairs that were withdrawn since ({subject.withdrawn_since}): it "
            "is not given to others. Train a version without them."
        )
    if args.base_name:
        base = {**subject.lineage.base, "name": args.base_name}
        subject = replace(subject, lineage=replace(subject.lineage, base=base))
    try:
        files = publish(
            judging.administration.store.find(args.version),
            make_card(subject, args.licence),
            args.out,
            sha256=subject.sha256,
            base=subject.lineage.base.get("name", ""),
        )
    except PublishingRefused as refused:
        raise Conflict(str(refused)) from refused
    except OSError as error:
        raise ServeError(f"{args.out} cannot be written: {error}. Name another folder.") from error
    for path in files:
        say(str(path))
    if not args.licence:
        say("No licence is stated for it: name one with --licence before you give it to others.")
    say("Read its card before you give it to others: it names collections, and who decided on it.")
    return 0


def run_track(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Write into the MLflow store that was named, and nowhere else."""
    from serve.training.card import find_run, find_version, gather
    from serve.training.tracking import track

    judging = make_deciding(settings, training).judging
    subject = gather(judging, args.version, library=settings.library_name)
    run = find_run(training, find_version(judging, args.version))
    folder = training.folder(run) if run else None
    say(f"Written as run {track(subject, folder, args.to, args.experiment)}.")
    return 0
