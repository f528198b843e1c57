"""`reading-room gate` and `reading-room train decide|affected`: what may go into service, and who says so."""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING

from serve.people.shell import find_shell_actor
from serve.training.command_line import (
    Handler,
    find_named,
    make_deciding,
    print_json,
    run_handler,
    say,
    say_gate,
)

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.command_line import Subparsers


def add_to(commands: Subparsers, subparsers: Subparsers, settings: Settings) -> None:
    """Add `decide` and `affected` to `train`, and `gate` beside it."""

    def add(to: Subparsers, name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = to.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(run_handler, settings, handler))
        return parser

    _add_decision(add(commands, "decide", run_decide, "promote a version, keep the one in use, or wait"))
    add(commands, "affected", run_affected, "versions trained on pairs that were withdrawn since")
    parser = add(subparsers, "gate", run_gate, "what the gate says of an adapter version now")
    parser.add_argument("name", metavar="VERSION", help="an adapter version, or the run that made it")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run_decide(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Decide on a run; says what stands in the log now."""
    run = find_named(training, args.name)
    decision = make_deciding(settings, training).decide(
        run,
        args.decision,
        actor=find_shell_actor(),
        why=args.why,
        override=args.override,
        alias=args.alias,
        share=args.share,
        automatic=args.automatic,
        answers_needed=args.answers,
    )
    if decision.alias:
        say(f"{decision.alias}: {decision.version} answers {decision.share} % of the conversations.")
    say(f"Kept: {decision.who} decided “{decision.decision}”: {decision.why}")
    return 0


def run_gate(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print the gate; 0 where it has passed, 2 where it has not."""
    gate = make_deciding(settings, training).judging.judge(find_named(training, args.name))
    if args.json:
        print_json(gate.as_json())
    else:
        say_gate(gate)
    return 0 if gate.may_try else 2


def run_affected(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print the versions that hold withdrawn pairs."""
    from serve.adapters.registry import Registry
    from serve.training.contributions import find_affected

    found = find_affected(training.database, Registry(training.database).snapshot())
    for one in found:
        say(one.sentence)
    if not found:
        say("No adapter version was trained on a pair that was withdrawn since.")
    return 0


def _add_decision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="RUN", help="a run, or the adapter version that it made")
    parser.add_argument("decision", choices=("promote", "keep", "more data"))
    parser.add_argument("--why", required=True, metavar="TEXT", help="kept with the decision")
    parser.add_argument("--override", default="", metavar="TEXT", help="why the gate is passed by")
    parser.add_argument("--alias", default="", metavar="A", help="default: the adapter's name")
    parser.add_argument(
        "--share", type=int, default=5, metavar="5|25|50|100", help="percent (default: %(default)s)"
    )
    parser.add_argument("--automatic", action="store_true", help="go on to the next share by itself")
    parser.add_argument(
        "--answers", type=int, default=200, metavar="N", help="answers at each share (default: %(default)s)"
    )
