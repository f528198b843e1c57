"""`reading-room train ...` and `reading-room gate`: thin handlers over `serve.training`.

They work beside a running gateway and without one; what takes long is done by `reading-room worker`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.errors import BadRequest
from serve.people.shell import find_shell_actor
from serve.training import card_commands, decision_commands, embedding_commands, study_commands
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


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `train` and its commands, and `gate`."""
    group = subparsers.add_parser("train", help="train adapters, look at runs, decide on them")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = commands.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(run_handler, settings, handler))
        return parser

    parser = add("lora", run_lora, "ask for a run; `reading-room worker` does it")
    _add_plan(parser)
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the run")
    _add_plan(add("estimate", run_estimate, "time, memory and energy of a run; nothing is begun"))
    parser = add("list", run_list, "every run, the newest first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add("show", run_show, "all about one run, and what the gate says now")
    parser.add_argument("name", metavar="RUN", help="a run, or the adapter version that it made")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add("exam", run_exam, "have a run's version sit its exam again")
    parser.add_argument("name", metavar="RUN", help="a run, or the adapter version that it made")
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the job")
    for name, said in (
        ("pause", "halt a run, to go on later"),
        ("resume", "let a run go on"),
        ("cancel", "end a run"),
    ):
        parser = add(name, partial(run_change, name), said)
        parser.add_argument("name", metavar="RUN")
        parser.add_argument("--why", default="", metavar="TEXT", help="kept with the job")
    decision_commands.add_to(commands, subparsers, settings)
    embedding_commands.add_to(commands, settings)
    card_commands.add_to(commands, settings)
    study_commands.add_to(commands, settings)


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dataset", required=True, metavar="V", help="a dataset version")
    parser.add_argument(
        "--base", metavar="B", help="base model, which the worker has too; default: READING_ROOM_MODEL"
    )
    parser.add_argument("--name", metavar="A", help="the adapter's name; default: the dataset's")
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="settings in TOML; default: all chosen")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one setting; may be repeated"
    )


def run_lora(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Ask for a run; says what it is called."""
    run = training.submit(
        args.dataset, _name_adapter(args), asked=_read_recipe(args), actor=find_shell_actor(), why=args.why
    )
    say(f"{run.id}: {run.adapter} on {run.dataset}, {run.pairs} pairs to train on, {run.exam} in the exam.")
    say("A worker begins it when it is free: reading-room worker")
    say(f"Look at it: reading-room train show {run.id}")
    return 0


def run_estimate(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print what a run would take, and the recipe."""
    from serve.training.estimating import estimate

    told = estimate(training, settings, args.dataset, _name_adapter(args), _read_recipe(args))
    say(str(told["sentence"]))
    for remark in told["remarks"]:
        say(f"  {remark}")
    for key, value in told["recipe"].items():
        say(f"  {key} = {json.dumps(value)}{'  (chosen)' if key in told['automatic'] else ''}")
    return 0


def run_list(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print every run."""
    from serve.training.standing import find_stage

    runs, total = training.list(limit=500)
    if args.json:
        print_json([{**asdict(run), "stage": find_stage(training, run)} for run in runs])
        return 0
    for run in runs:
        made = run.created.astimezone().strftime("%Y-%m-%d %H:%M")
        what = f"{run.version or run.adapter} on {run.dataset}"
        say(f"{run.id}  {find_stage(training, run)}: {what}, {made} by {run.created_by}")
    if total > len(runs):
        say(f"... and {total - len(runs)} older ones.")
    if not runs:
        say("There are no runs yet. Ask for one: reading-room train lora --dataset VERSION")
    return 0


def run_show(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print a run: where it stands, what it says, the gate, what was decided."""
    from serve.jobs.queue import Jobs
    from serve.training.standing import find_stage, read_learning
    from train.lora.fitting import describe_fit

    run = find_named(training, args.name)
    stage, jobs = find_stage(training, run), Jobs(training.database)
    job = jobs.find(run.job)
    if args.json:
        print_json({**asdict(run), "stage": stage, "progress": dict(job.progress), "result": job.result})
        return 0
    say(f"{run.id}: {stage}. {run.adapter} on {run.dataset}, asked for by {run.created_by}.")
    if run.why:
        say(f"  Why: {run.why}")
    if job.problem:
        say(f"  {job.problem}")
    if "done" in job.progress and job.state == "running":
        say(f"  {float(job.progress['done']):.0%} done; {job.progress.get('seconds_left', '?')} s left.")
    say(f"  {describe_fit(read_learning(jobs, run.job)).sentence}")
    if run.version:
        say(f"  It made {run.version}.")
    if run.examined:
        say_gate(make_deciding(settings, training).judging.judge(run))
    for one in training.decisions(run.id):
        against = f"; against the gate: {one.override}" if one.override else ""
        say(f"  {one.at.astimezone():%Y-%m-%d %H:%M} {one.who}: {one.decision}. {one.why}{against}")
    return 0


def run_exam(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Put another exam into the queue."""
    run = training.examine(find_named(training, args.name).id, actor=find_shell_actor(), why=args.why)
    say(f"{run.version} sits its exam again when a worker is free: {run.exam_job}")
    return 0


def run_change(verb: str, settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Pause, resume or cancel what a run is at: its training, else its exam."""
    from serve.jobs.queue import Jobs

    run, jobs = find_named(training, args.name), Jobs(training.database)
    job = run.exam_job or run.job
    change = {"pause": jobs.pause, "resume": jobs.resume, "cancel": jobs.cancel}[verb]
    found = change(job, find_shell_actor(), args.why)
    say(f"{found.id} is {found.state}{f', and is asked to {found.wanted}' if found.wanted else ''}.")
    return 0


def _name_adapter(args: argparse.Namespace) -> str:
    return str(args.name or args.dataset.partition("--")[0])


def _read_recipe(args: argparse.Namespace) -> dict[str, Any]:
    """The file's settings, those of --set laid over them. Raises BadRequest."""
    from train.lora.errors import TrainingRefused
    from train.lora.recipe import parse_recipe

    try:
        text = args.recipe.read_text("utf-8") if args.recipe else ""
        return {**parse_recipe(text), **parse_recipe("\n".join(map(_quote, args.set)))}
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(
            f"{args.recipe}: expected a recipe in TOML, found none to read ({error})."
        ) from error
    except TrainingRefused as refused:
        raise BadRequest(str(refused)) from refused


def _quote(setting: str) -> str:
    """`--set method=head` as TOML; a number, true or false stays what it is."""
    key, _, value = setting.partition("=")
    try:
        json.loads(value)
    except ValueError:
        value = json.dumps(value)
    return f"{key} = {value}"
