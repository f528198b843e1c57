"""Writes one version's run into an MLflow store, as it is told on standard input.

    python -m train.card.tracking < WHAT.json    # {"store", "experiment", "name", "params", "tags", …}

MLflow is imported in this process alone, whose environment keeps it from telling anybody.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from train.card.card import Subject
from train.card.findings import list_scores
from train.card.making import make_card
from train.card.markdown import render_card

REFUSED = 2
_MOST = 5_000
"""Letters a value may have in MLflow, a few less."""


def describe_tracked(subject: Subject, result: Mapping[str, Any]) -> dict[str, Any]:
    """What is written: the recipe as parameters, digests as tags, losses by step, scores with their bounds,
    and the card. `result` is the run's result.json, empty where it is not there any more."""
    lineage = subject.lineage
    tags = {
        "version": subject.version,
        "sha256": subject.sha256,
        "base_sha256": subject.base_sha256,
        "dataset": lineage.dataset,
        "dataset_sha256": lineage.dataset_sha256,
        "run": lineage.run,
        "gate": str(subject.gate.get("verdict", "")),
    }
    return {
        "name": subject.version,
        "params": {key: str(value)[:_MOST] for key, value in lineage.recipe.items()},
        "tags": {key: value[:_MOST] for key, value in tags.items() if value},
        "metrics": list(_list_metrics(subject, result)),
        "card": render_card(make_card(subject)),
    }


def main() -> int:
    """The command; without MLflow, or with a store that it refuses, one line and exit code 2."""
    told = json.load(sys.stdin)
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ImportError:
        sys.stderr.write(
            "Expected MLflow, which is not installed. Install it: pip install reading-room[mlflow]\n"
        )
        return REFUSED
    try:
        written = _write(MlflowClient(tracking_uri=told["store"]), told)
    except (MlflowException, OSError) as error:
        sys.stderr.write(f"{' '.join(str(error).split())[:300]}\n")
        return REFUSED
    sys.stdout.write(f"{written}\n")
    return 0


def _write(client: Any, told: Mapping[str, Any]) -> str:  # noqa: ANN401 (MLflow is an extra)
    found = client.get_experiment_by_name(told["experiment"])
    experiment = found.experiment_id if found else client.create_experiment(told["experiment"])
    run: str = client.create_run(experiment, run_name=told["name"], tags=told["tags"]).info.run_id
    for key, value in told["params"].items():
        client.log_param(run, key, value)
    for key, value, step in told["metrics"]:
        client.log_metric(run, key, value, step=step)
    client.set_tag(run, "mlflow.note.content", told["card"])
    client.set_terminated(run)
    return run


def _list_metrics(subject: Subject, result: Mapping[str, Any]) -> Iterator[tuple[str, float, int]]:
    """(name, value, step)."""
    loss = result.get("loss") or {}
    for part in ("train", "valid"):
        for step, value in loss.get(part) or ():
            yield f"{part}_loss", float(value), int(step)
    for name, figure in list_scores(subject.report).items():
        for key in ("value", "low", "high"):
            yield f"exam.{name}{'' if key == 'value' else f'.{key}'}", float(figure[key]), 0
    for key, value in subject.lineage.seconds.items():
        if isinstance(value, int | float):
            yield f"seconds.{key}", float(value), 0


if __name__ == "__main__":
    sys.exit(main())
