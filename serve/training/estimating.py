"""What a run would take, told by the trainer itself before anything is begun."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serve.adapters.weights import parse_object
from serve.errors import Conflict, NotReady
from serve.settings import Settings, child_environment
from serve.training.administration import Training, read_asked
from serve.training.planning import make_plan
from serve.training.refusals import find_refusal
from train.lora.plan import write_plan

ESTIMATE_SECONDS = 300.0
_REFUSED = 2
_LOW_PRIORITY = 10
"""Patrons may be asking on the same machine."""


def estimate(
    training: Training, settings: Settings, dataset: str, adapter: str, asked: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Seconds, bytes, electricity and the whole recipe, as `python -m train.lora FOLDER --estimate` has them.

    Nothing is kept. Raises NotFound, Damaged, BadRequest, and Conflict for what the run would be refused for;
    NotReady where no estimate could be made.
    """
    laid_down = read_asked(asked)
    if refusal := find_refusal(training.look(dataset), laid_down):
        raise Conflict(refusal)
    plan = make_plan(dataset, adapter, laid_down, settings, training)
    with tempfile.TemporaryDirectory(prefix="estimate-") as folder:
        write_plan(Path(folder), plan)
        return _ask([sys.executable, "-m", "train.lora", folder, "--estimate"])


def _ask(command: list[str]) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ESTIMATE_SECONDS,
            env=child_environment({}),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotReady(f"No estimate came within {ESTIMATE_SECONDS:.0f} s; ask again later.") from error
    said = done.stderr.decode(errors="replace").strip().splitlines()
    if done.returncode == _REFUSED:
        raise Conflict(said[-1] if said else "The run would be refused, and did not say why.")
    try:
        return parse_object(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        raise NotReady(f"No estimate could be made: {said[-1] if said else 'no reason given'}") from error
