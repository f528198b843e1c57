"""`reading-room dataset ...`: thin handlers over `serve.datasets.administration`.

They work beside a running gateway and without one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from serve.errors import BadRequest
from serve.people.shell import find_shell_actor

if TYPE_CHECKING:
    from serve.datasets.administration import Datasets
    from serve.settings import Settings

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Datasets", argparse.Namespace], int]


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `dataset` and its commands."""
    group = subparsers.add_parser("dataset", help="make, list, check and compare dataset versions")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(_run, settings, handler))
        return parser

    parser = add("build", run_build, "make the next version of the pairs that are approved now")
    parser.add_argument("name", metavar="NAME", help="the dataset's name, such as letters")
    parser.add_argument("--why", default="", metavar="TEXT", help="kept in the manifest")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made, and make nothing")
    parser = add("list", run_list, "every version, the newest first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add("show", run_show, "the datasheet of one version")
    parser.add_argument("version", metavar="VERSION")
    parser = add("verify", run_verify, "take every digest again and hold it against manifest and database")
    parser.add_argument("version", nargs="?", default="", metavar="VERSION", help="default: every version")
    parser = add("diff", run_diff, "what became of one version in another")
    parser.add_argument("before", metavar="VERSION")
    parser.add_argument(
        "after", nargs="?", default="", metavar="LATER", help="default: VERSION and its parent"
    )


def run_build(datasets: Datasets, args: argparse.Namespace) -> int:
    """Build a version; says its name and what should be known of it."""
    if args.dry_run:
        preview = datasets.preview(args.name)
        plan = preview.plan
        if plan.refusal:
            raise BadRequest(plan.refusal)
        _say(
            f"{args.name}--v{preview.number} would have {len(plan.parts.train)} pairs to train on and "
            f"{len(plan.parts.exam)} in the exam; {sum(len(one.pairs) for one in plan.exclusions)} left out."
        )
        for warning in plan.warnings:
            _say(f"  {warning}")
        return 0
    built = datasets.build(args.name, actor=find_shell_actor(), why=args.why)
    version = built.version
    _say(
        f"{version.version}: {version.pairs} pairs to train on, {version.exam} in the exam, "
        f"{version.excluded} left out."
    )
    for warning in built.warnings:
        _say(f"  {warning}")
    _say(f"Read its datasheet: reading-room dataset show {version.version}")
    return 0


def run_list(datasets: Datasets, args: argparse.Namespace) -> int:
    """Print every version; what a killed build has left is finished first."""
    datasets.finish()
    versions = datasets.versions()
    if args.json:
        print(json.dumps([asdict(one) for one in versions], default=str, ensure_ascii=False), flush=True)
        return 0
    for one in versions:
        made = one.created.astimezone().strftime("%Y-%m-%d")
        remark = f"; {one.remark}" if one.remark else ""
        _say(f"{one.version}  {one.pairs} pairs, {one.exam} in the exam, {made} by {one.who}{remark}")
    if not versions:
        _say("There are no dataset versions yet. Make one: reading-room dataset build NAME")
    return 0


def run_show(datasets: Datasets, args: argparse.Namespace) -> int:
    """Print who made a version when and why, and its datasheet."""
    version, folder = datasets.find(args.version), datasets.open(args.version)
    made = version.created.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    _say(f"{version.version}, made {made} by {version.who}{f': {version.why}' if version.why else ''}")
    if version.remark:
        _say(f"It {version.remark}.")
    for line in folder.sheet_text().splitlines():
        _say(line)
    return 0


def run_verify(datasets: Datasets, args: argparse.Namespace) -> int:
    """0 where all is whole, 2 where something is not."""
    findings = datasets.verify(args.version)
    for finding in findings:
        _say(f"{finding.version}: {'whole' if not finding.problems else 'NOT WHOLE'}")
        for problem in finding.problems:
            _say(f"    {problem}")
    if not findings:
        _say("There are no dataset versions yet.")
    return 2 if any(finding.problems for finding in findings) else 0


def run_diff(datasets: Datasets, args: argparse.Namespace) -> int:
    """Print what differs; of the exam numbers only."""
    before, after = (args.before, args.after) if args.after else ("", args.before)
    found = datasets.compare(before, after)
    _say(f"From {found.before} to {found.after}:")
    for sentence in found.describe():
        _say(f"  {sentence}")
    for word, ids in (("added", found.train.added), ("removed", found.train.removed)):
        for one in ids:
            _say(f"  {word}: {one}")
    for changed in found.train.changed:
        _say(f"  changed: {changed.id} ({', '.join(changed.fields)})")
    return 0


def _run(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    for name, given in vars(args).items():  # a byte that is no UTF-8 comes in as half a character
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise BadRequest(f"{name}: expected UTF-8 text, found {ascii(given)[:80]}.")
    from serve.database import open_database
    from serve.datasets.administration import make_datasets

    with open_database(settings.database) as database:
        return handler(make_datasets(settings, database), args)


def _say(line: str) -> None:
    """Without what would steer a terminal: reasons and records may hold anything."""
    print("".join(letter if letter.isprintable() else "?" for letter in line), flush=True)
