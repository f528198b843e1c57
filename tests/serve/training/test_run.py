"""Runs as a worker does them: real training of a tiny base, to an adapter that is known with its lineage."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from serve.adapters.administration import make_administration
from serve.adapters.registry import Registry
from serve.database import Database
from serve.jobs.queue import Jobs
from serve.settings import Settings
from serve.training.estimating import estimate
from serve.training.handlers import make_handlers
from serve.training.standing import find_stage, read_learning
from tests.serve.dataset_parts import withdraw
from tests.serve.training_parts import (
    QUICK,
    do_job,
    finish_run,
    list_known,
    list_store,
    make_scene,
    make_tiny_base,
    submit,
    wait_until,
)
from train.card.lineage import read_lineage
from train.datasets.folder import open_dataset
from train.datasets.names import PAIRS
from train.lora.files import ADAPTER, EVENTS, PLAN, RESULT


def test_a_run_from_the_button_to_an_adapter_with_its_lineage(
    database: Database, settings: Settings, base: Path
) -> None:
    """A real worker is killed while the run learns; the next one goes on, and there is one version of it."""
    training, dataset = make_scene(database, settings)
    told = estimate(training, settings, dataset, "letters", QUICK)
    assert (told["recipe"]["rank"], told["recipe"]["passages"], told["pairs"]["version"]) == (4, 6, dataset)
    assert told["seconds"][0] < told["seconds"][2] and told["memory"] > 0
    run = submit(training, dataset, epochs=4, batch=8, checkpoint_seconds=0.0)
    folder, jobs = training.folder(run), Jobs(database)
    first = start_worker(settings)
    try:
        wait_until(lambda: (folder / EVENTS).is_file() and b'"checkpoint"' in (folder / EVENTS).read_bytes())
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()
    wait_until(lambda: find_trainers(folder) == [])
    assert (list_known(settings, database), list_store(settings)) == ({}, [])
    handlers = {"train": make_handlers(settings, database)["train"]}
    job = do_job(database, handlers, run.job)
    assert (job.state, job.problem) == ("succeeded", "")
    done = training.find(run.id)
    assert list_store(settings) == [done.version]
    assert list_known(settings, database) == {done.version: "validated"}
    registry = Registry(database)
    (version,) = registry.snapshot().versions
    assert (version.adapter, version.rank, version.base_sha256) == ("letters", 4, run.base_sha256)
    assert version.reference is not None and len(version.reference["probes"]) == 5
    lineage = read_lineage(version.lineage)
    assert (lineage.run, version.lineage["dataset"], lineage.recipe["epochs"]) == (run.id, dataset, 4)
    assert make_administration(settings, registry).verify()[0].problems == ()
    assert registry.snapshot().aliases == ()
    assert find_stage(training, done) == "sitting the exam"
    curves = read_learning(jobs, run.job)
    assert curves.valid[0][0] == 0 and len(curves.train) > 3
    assert b"resumed" in (folder / EVENTS).read_bytes()


def test_a_job_is_refused_where_the_ground_has_changed_since_it_was_asked_for(
    database: Database, settings: Settings, tmp_path: Path, base: Path
) -> None:
    training, dataset = make_scene(database, settings)
    handlers = {"train": make_handlers(settings, database)["train"]}
    changed = submit(training, dataset, epochs=1)
    other = settings.model_copy(update={"model": str(make_tiny_base(tmp_path / "other", seed=5))})
    job = do_job(database, {"train": make_handlers(other, database)["train"]}, changed.job)
    assert (job.state, job.problem[:25]) == ("failed", "The base model has change")
    torn = submit(training, dataset, epochs=2)
    file = training.datasets.store.find(dataset) / PAIRS
    whole, mode = file.read_bytes(), file.stat().st_mode
    file.chmod(0o600)
    file.write_bytes(whole[:-1])
    job = do_job(database, handlers, torn.job)
    assert job.state == "failed" and "pairs.jsonl: expected SHA-256" in job.problem
    file.write_bytes(whole)
    file.chmod(mode)
    gone = submit(training, dataset, epochs=3)
    withdraw(database, open_dataset(training.datasets.store.find(dataset)).train()[0].pair.id)
    job = do_job(database, handlers, gone.job)
    assert (job.state, job.problem[:20]) == ("failed", "1 pair was withdrawn")
    assert not any((training.folder(run) / PLAN).exists() for run in (changed, gone, torn))
    assert (list_known(settings, database), list_store(settings)) == ({}, [])


@pytest.mark.parametrize("part", [ADAPTER, "base", "dataset"])
def test_a_result_that_is_not_what_the_run_wrote_is_not_published(
    database: Database, settings: Settings, base: Path, part: str
) -> None:
    training, dataset = make_scene(database, settings)
    run = submit(training, dataset)
    folder = finish_run(training, run, base)
    if part == ADAPTER:
        weights = folder / ADAPTER / "adapter_model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-4] + b"\x00\x00\x80\x3f")
        expected = "adapter_model.safetensors is not what the run wrote"
    else:
        told = json.loads((folder / RESULT).read_bytes())
        told[part]["sha256"] = "0" * 64
        (folder / RESULT).write_text(json.dumps(told))
        expected = f"The run was made with another {part}"
    job = do_job(database, {"train": make_handlers(settings, database)["train"]}, run.job)
    assert job.state == "failed" and expected in job.problem
    assert (list_known(settings, database), list_store(settings)) == ({}, [])
    assert training.find(run.id).trained is None


def start_worker(settings: Settings) -> subprocess.Popen[bytes]:
    """`reading-room worker` over the test's data."""
    told = {"READING_ROOM_DATA": str(settings.data), "READING_ROOM_MODEL": settings.model}
    told["READING_ROOM_DATABASE_URL"] = f"sqlite:///{settings.data.parent / 'room.sqlite'}"
    return subprocess.Popen(
        [sys.executable, "-m", "ui", "worker"],
        env={**os.environ, **told},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def find_trainers(folder: Path) -> list[int]:
    """The processes that train in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if b"train.lora" in command and str(folder.resolve()).encode() in command:
            found.append(int(entry.name))
    return found
