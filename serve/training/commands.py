"""`reading-room train ...` and `reading-room gate`: thin handlers over `serve.training`.

They work beside a running gateway and without one; what takes long is done by `reading-room worker`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.errors import BadRequest
from serve.people.shell import find_shell_actor

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.deciding import Deciding
    from serve.training.run import Run
    from train.evaluation.gate.verdict import Gate

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Settings", "Training", argparse.Namespace], int]


def add_commands(subparsers: Subparsers, settings: Settings) -> None:
    """Add `train` and its commands, and `gate`."""
    group = subparsers.add_parser("train", help="train adapters, look at runs, decide on them")
    commands = group.add_subparsers(metavar="COMMAND", required=True)

    def add(to: Subparsers, name: str, handler: Handler, said: str) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = to.add_parser(name, help=said, description=said)
        parser.set_defaults(run=partial(_run, settings, handler))
        return parser

    parser = add(commands, "lora", run_lora, "ask for a run; `reading-room worker` does it")
    _add_plan(parser)
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the run")
    _add_plan(add(commands, "estimate", run_estimate, "time, memory and energy of a run; nothing is begun"))
    parser = add(commands, "list", run_list, "every run, the newest first")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add(commands, "show", run_show, "all about one run, and what the gate says now")
    parser.add_argument("name", metavar="RUN", help="a run, or the adapter version that it made")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser = add(commands, "exam", run_exam, "have a run's version sit its exam again")
    parser.add_argument("name", metavar="RUN", help="a run, or the adapter version that it made")
    parser.add_argument("--why", default="", metavar="TEXT", help="kept with the job")
    for name, said in (
        ("pause", "halt a run, to go on later"),
        ("resume", "let a run go on"),
        ("cancel", "end a run"),
    ):
        parser = add(commands, name, partial(run_change, name), said)
        parser.add_argument("name", metavar="RUN")
        parser.add_argument("--why", default="", metavar="TEXT", help="kept with the job")
    _add_decision(add(commands, "decide", run_decide, "promote a version, keep the one in use, or wait"))
    add(commands, "affected", run_affected, "versions trained on pairs that were withdrawn since")
    parser = add(subparsers, "gate", run_gate, "what the gate says of an adapter version now")
    parser.add_argument("name", metavar="VERSION", help="an adapter version, or the run that made it")
    parser.add_argument("--json", action="store_true", help="print JSON")


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


def run_lora(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Ask for a run; says what it is called."""
    run = training.submit(
        args.dataset, _name_adapter(args), asked=_read_recipe(args), actor=find_shell_actor(), why=args.why
    )
    _say(f"{run.id}: {run.adapter} on {run.dataset}, {run.pairs} pairs to train on, {run.exam} in the exam.")
    _say("A worker begins it when it is free: reading-room worker")
    _say(f"Look at it: reading-room train show {run.id}")
    return 0


def run_estimate(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print what a run would take, and the recipe."""
    from serve.training.estimating import estimate

    told = estimate(training, settings, args.dataset, _name_adapter(args), _read_recipe(args))
    _say(str(told["sentence"]))
    for remark in told["remarks"]:
        _say(f"  {remark}")
    for key, value in told["recipe"].items():
        _say(f"  {key} = {json.dumps(value)}{'  (chosen)' if key in told['automatic'] else ''}")
    return 0


def run_list(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print every run."""
    from serve.training.standing import find_stage

    runs, total = training.list(limit=500)
    if args.json:
        _print([{**asdict(run), "stage": find_stage(training, run)} for run in runs])
        return 0
    for run in runs:
        made = run.created.astimezone().strftime("%Y-%m-%d %H:%M")
        what = f"{run.version or run.adapter} on {run.dataset}"
        _say(f"{run.id}  {find_stage(training, run)}: {what}, {made} by {run.created_by}")
    if total > len(runs):
        _say(f"... and {total - len(runs)} older ones.")
    if not runs:
        _say("There are no runs yet. Ask for one: reading-room train lora --dataset VERSION")
    return 0


def run_show(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print a run: where it stands, what it says, the gate, what was decided."""
    from serve.jobs.queue import Jobs
    from serve.training.standing import find_stage, read_learning
    from train.lora.fitting import describe_fit

    run = _find(training, args.name)
    stage, jobs = find_stage(training, run), Jobs(training.database)
    job = jobs.find(run.job)
    if args.json:
        _print({**asdict(run), "stage": stage, "progress": dict(job.progress), "result": job.result})
        return 0
    _say(f"{run.id}: {stage}. {run.adapter} on {run.dataset}, asked for by {run.created_by}.")
    if run.why:
        _say(f"  Why: {run.why}")
    if job.problem:
        _say(f"  {job.problem}")
    if "done" in job.progress and job.state == "running":
        _say(f"  {float(job.progress['done']):.0%} done; {job.progress.get('seconds_left', '?')} s left.")
    _say(f"  {describe_fit(read_learning(jobs, run.job)).sentence}")
    if run.version:
        _say(f"  It made {run.version}.")
    if run.examined:
        _say_gate(_make_deciding(settings, training).judging.judge(run))
    for one in training.decisions(run.id):
        against = f"; against the gate: {one.override}" if one.override else ""
        _say(f"  {one.at.astimezone():%Y-%m-%d %H:%M} {one.who}: {one.decision}. {one.why}{against}")
    return 0


def run_exam(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Put another exam into the queue."""
    run = training.examine(_find(training, args.name).id, actor=find_shell_actor(), why=args.why)
    _say(f"{run.version} sits its exam again when a worker is free: {run.exam_job}")
    return 0


def run_change(verb: str, settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Pause, resume or cancel what a run is at: its training, else its exam."""
    from serve.jobs.queue import Jobs

    run, jobs = _find(training, args.name), Jobs(training.database)
    job = run.exam_job or run.job
    change = {"pause": jobs.pause, "resume": jobs.resume, "cancel": jobs.cancel}[verb]
    found = change(job, find_shell_actor(), args.why)
    _say(f"{found.id} is {found.state}{f', and is asked to {found.wanted}' if found.wanted else ''}.")
    return 0


def run_decide(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Decide on a run; says what stands in the log now."""
    run = _find(training, args.name)
    decision = _make_deciding(settings, training).decide(
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
        _say(f"{decision.alias}: {decision.version} answers {decision.share} % of the conversations.")
    _say(f"Kept: {decision.who} decided “{decision.decision}”: {decision.why}")
    return 0


def run_affected(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print the versions that hold withdrawn pairs."""
    from serve.adapters.registry import Registry
    from serve.training.contributions import find_affected

    found = find_affected(training.database, Registry(training.database).snapshot())
    for one in found:
        _say(one.sentence)
    if not found:
        _say("No adapter version was trained on a pair that was withdrawn since.")
    return 0


def run_gate(settings: Settings, training: Training, args: argparse.Namespace) -> int:
    """Print the gate; 0 where it has passed, 2 where it has not."""
    gate = _make_deciding(settings, training).judging.judge(_find(training, args.name))
    if args.json:
        _print(gate.as_json())
    else:
        _say_gate(gate)
    return 0 if gate.may_try else 2


def _run(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    for name, given in vars(args).items():  # a byte that is no UTF-8 comes in as half a character
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise BadRequest(f"{name}: expected UTF-8 text, found {ascii(given)[:80]}.")
    from serve.database import open_database
    from serve.training.administration import make_training

    if getattr(args, "base", None):
        settings = settings.model_copy(update={"model": args.base})
    with open_database(settings.database) as database:
        return handler(settings, make_training(settings, database), args)


def _make_deciding(settings: Settings, training: Training) -> Deciding:
    from serve.adapters.administration import make_administration
    from serve.adapters.registry import Registry
    from serve.training.deciding import Deciding
    from serve.training.judging import Judging

    registry = Registry(training.database)
    judging = Judging(training, make_administration(settings, registry), settings.adapter_rank)
    return Deciding(judging, registry)


def _find(training: Training, name: str) -> Run:
    from serve.training.run import RUN_PREFIX

    return training.find(name) if name.startswith(RUN_PREFIX) else training.find_by_version(name)


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


def _say_gate(gate: Gate) -> None:
    _say(gate.sentence)
    for stage in gate.stages:
        _say(f"  {stage.name}: {stage.verdict}. {stage.sentence}")
        for finding in stage.findings:
            if finding.verdict != "pass" and finding.sentence != stage.sentence:
                more = f" ({finding.needed:,} more would settle it)" if finding.needed else ""
                _say(f"    {finding.verdict}: {finding.sentence}{more}")


def _print(value: object) -> None:
    print(json.dumps(value, default=str, ensure_ascii=False), flush=True)


def _say(line: str) -> None:
    """Without what would steer a terminal: reasons and records may hold anything."""
    print("".join(letter if letter.isprintable() else "?" for letter in line), flush=True)
