"""`reading-room train embed|use`: an embedding model tuned to the library's own pairs."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from serve.people.shell import find_shell_actor
from serve.training.command_line import Handler, run_handler, say

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.command_line import Subparsers


def add_to(commands: Subparsers, settings: Settings) -> None:
    """Add the commands to `train`."""

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(run_handler, settings, handler))
        return parser

    parser = add("embed", run_embed, "ask for an embedding model tuned to approved pairs")
    parser.add_argument("--dataset", required=True, metavar="V", help="a dataset version")
    parser.add_argument("--force", action="store_true", help="though there is little to learn from")
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the job")
    parser = add("use", run_use, "make the index anew with a tuned embedding model")
    parser.add_argument("job", metavar="JOB", help="the job that tuned it")
    parser.add_argument("--why", required=True, metavar="TEXT", help="kept in the log")
    parser.add_argument("--override", default="", metavar="TEXT", help="why, though it is not better")


def run_embed(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Ask for a tuned embedding model."""
    from serve.training.embedding import submit_embedding

    job = submit_embedding(training, args.dataset, actor=find_shell_actor(), force=args.force, why=args.why)
    say(f"{job.id}: a worker begins it when it is free. If it is better: reading-room train use {job.id}")
    return 0


def run_use(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Switch the index to a tuned model; embedding every passage anew takes a while."""
    from serve.training.embedding import use_embedding

    actor = find_shell_actor()
    version = use_embedding(
        settings, training.database, args.job, actor=actor, why=args.why, override=args.override
    )
    say(f"The index {version} is in use. Back again: reading-room index versions, index use VERSION")
    return 0
