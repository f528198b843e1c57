"""`reading-room train card|reproduce|publish`: where a version comes from, made again, given to others."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from serve.errors import Conflict, ServeError

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.judging import Judging

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Settings", "Judging", argparse.Namespace], int]


def add_to(commands: Subparsers, settings: Settings) -> None:
    """Add the commands to `train`."""

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(_run, settings, handler))
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


def run_card(settings: Settings, judging: Judging, args: argparse.Namespace) -> int:
    """Print the card."""
    from serve.training.card import gather
    from train.card.card import describe_card
    from train.card.making import make_card
    from train.card.markdown import render_card

    card = make_card(gather(judging, args.version, library=settings.library_name))
    print(json.dumps(describe_card(card), ensure_ascii=False) if args.json else render_card(card), flush=True)
    return 0


def run_reproduce(settings: Settings, judging: Judging, args: argparse.Namespace) -> int:
    """Train again; 0 where the weights are the same, 2 where they are not."""
    from serve.training.making_again import prepare_again, train_again

    again = prepare_again(settings, judging, args.version)
    folder = args.folder or judging.training.root / f"again-{args.version}"
    _say(f"Training {args.version} again in {folder} ...")
    outcome = train_again(again, folder)
    _say(outcome.describe())
    return 0 if outcome.is_same else 2


def run_publish(settings: Settings, judging: Judging, args: argparse.Namespace) -> int:
    """Write the folder; says what is in it."""
    from dataclasses import replace

    from serve.training.card import gather
    from train.card.errors import PublishingRefused
    from train.card.making import make_card
    from train.card.publishing import publish

    subject = gather(judging, args.version, library=settings.library_name)
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
        _say(str(path))
    if not args.licence:
        _say("No licence is stated for it: name one with --licence before you give it to others.")
    _say("Read its card before you give it to others: it names collections, and who decided on it.")
    return 0


def run_track(settings: Settings, judging: Judging, args: argparse.Namespace) -> int:
    """Write into the MLflow store that was named, and nowhere else."""
    from serve.training.card import find_run, find_version, gather
    from serve.training.tracking import track

    subject = gather(judging, args.version, library=settings.library_name)
    run = find_run(judging.training, find_version(judging, args.version))
    folder = judging.training.folder(run) if run else None
    _say(f"Written as run {track(subject, folder, args.to, args.experiment)}.")
    return 0


def _run(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    from serve.adapters.administration import make_administration
    from serve.adapters.registry import Registry
    from serve.database import open_database
    from serve.training.administration import make_training
    from serve.training.judging import Judging

    with open_database(settings.database) as database:
        administration = make_administration(settings, Registry(database))
        return handler(
            settings, Judging(make_training(settings, database), administration, settings.adapter_rank), args
        )


def _say(line: str) -> None:
    """Without what would steer a terminal: names may hold anything."""
    print("".join(letter if letter.isprintable() else "?" for letter in line), flush=True)
