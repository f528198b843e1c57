"""A version's run for MLflow: where somebody asks for it, into the store that they name, and nowhere else.

MLflow is an extra, and tells its makers of its use unless told not to: it works in a process of its own
whose environment says no, and is given what to write.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from serve.errors import BadRequest, ServeError
from serve.settings import child_environment
from train.card.card import Subject
from train.card.tracking import REFUSED, describe_tracked
from train.lora.files import RESULT, read_json

SILENT = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_ENABLE_ASYNC_LOGGING": "false"}


def track(subject: Subject, folder: Path | None, store: str, experiment: str) -> str:
    """Write the run into an MLflow store; gives the id it has there. `folder` is the run's own, if any.

    Raises BadRequest where MLflow is not installed or refuses the store, ServeError where it fails.
    """
    try:
        result = read_json(folder / RESULT) if folder else {}
    except (OSError, ValueError):
        result = {}
    told = {"store": store, "experiment": experiment, **describe_tracked(subject, result)}
    done = subprocess.run(
        [sys.executable, "-m", "train.card.tracking"],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        env=child_environment(SILENT),
        check=False,
    )
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1]
    last = (done.stderr.strip().splitlines() or ["It gave no reason."])[-1]
    if done.returncode == REFUSED:
        raise BadRequest(last)
    raise ServeError(f"MLflow failed: {last}")
