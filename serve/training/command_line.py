"""What the commands of training share: how they are run, how they find a run, how they speak."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from serve.errors import BadRequest

if TYPE_CHECKING:
    from serve.settings import Settings
    from serve.training.administration import Training
    from serve.training.deciding import Deciding
    from serve.training.run import Run
    from train.evaluation.gate.verdict import Gate

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

Handler = Callable[["Settings", "Training", argparse.Namespace], int]


def run_handler(settings: Settings, handler: Handler, args: argparse.Namespace) -> int:
    """Open the database and run a command. Raises BadRequest for bytes that are no text, NotReady."""
    for name, given in vars(args).items():  # a byte that is no UTF-8 comes in as half a character
        if isinstance(given, str) and any("\ud800" <= letter <= "\udfff" for letter in given):
            raise BadRequest(f"{name}: expected UTF-8 text, found {ascii(given)[:80]}.")
    from serve.database import open_database
    from serve.training.administration import make_training

    if getattr(args, "base", None):
        settings = settings.model_copy(update={"model": args.base})
    with open_database(settings.database) as database:
        return handler(settings, make_training(settings, database), args)


def make_deciding(settings: Settings, training: Training) -> Deciding:
    """What judges and decides over the settings' folders."""
    from serve.adapters.administration import make_administration
    from serve.adapters.registry import Registry
    from serve.training.deciding import Deciding
    from serve.training.judging import Judging

    registry = Registry(training.database)
    judging = Judging(training, make_administration(settings, registry), settings.adapter_rank)
    return Deciding(judging, registry)


def find_named(training: Training, name: str) -> Run:
    """A run by its id, or by the adapter version that it made. Raises NotFound."""
    from serve.training.run import RUN_PREFIX

    return training.find(name) if name.startswith(RUN_PREFIX) else training.find_by_version(name)


def say_gate(gate: Gate) -> None:
    """The gate in words: each stage, and below it what keeps it from passing."""
    say(gate.sentence)
    for stage in gate.stages:
        say(f"  {stage.name}: {stage.verdict}. {stage.sentence}")
        for finding in stage.findings:
            if finding.verdict != "pass" and finding.sentence != stage.sentence:
                more = f" ({finding.needed:,} more would settle it)" if finding.needed else ""
                say(f"    {finding.verdict}: {finding.sentence}{more}")


def print_json(value: object) -> None:
    """One line of JSON."""
    _write(json.dumps(value, default=str, ensure_ascii=False))


def say(line: str) -> None:
    """Without what would steer a terminal: reasons and records may hold anything."""
    _write("".join(letter if letter.isprintable() else "?" for letter in line))


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
