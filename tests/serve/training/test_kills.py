"""Workers that are killed while they publish: a version is known with its run and its exam, or not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from serve.adapters.administration import make_administration
from serve.adapters.registry import Registry
from serve.database import Database
from serve.jobs.claims import Claims
from serve.jobs.queue import Jobs
from serve.settings import Settings
from serve.training.publishing import publish_version
from tests.serve.training_parts import (
    finish_run,
    list_known,
    list_store,
    make_scene,
    submit,
    take_in,
)

SHORT = 0.5
FORKS = """
import json, os, signal, sys
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.orm import Session
from serve.database import Database
from serve.jobs.claims import Claims
from serve.tables import AdapterVersion
from serve.training.administration import make_training
from serve.training.publishing import publish_version
from tests.serve.training_parts import make_settings, take_in

def publish(url, folder, base, where, number):
    left = [number]
    def count(*given):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    settings = make_settings(Path(folder), Path(base))
    training = make_training(settings, Database(url))
    job = Claims(training.database, ["train"], worker="killed", lease_seconds=0.5).claim()
    run = training.find(job.plan["run"])
    if where in ("after_flush", "before_commit", "after_commit"):
        version = take_in(training, settings, run)
        event.listen(Session, where, count)
    else:
        real = getattr(os, where)
        def call(*given, **named):
            done = real(*given, **named)
            count()
            return done
        setattr(os, where, call)
        version = take_in(training, settings, run)
    Claims(training.database, ["train"], worker="killed").finish(
        job, {}, lambda session: publish_version(session, run, version, None)
    )

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        publish(*json.loads(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Publishes in a fork for each line, which dies at the n-th call of what the line names."""
MOMENTS = [
    ("fsync", 1), ("fsync", 3), ("fsync", 4), ("fsync", 5), ("fsync", 6),
    ("after_flush", 1), ("after_flush", 2), ("after_flush", 3), ("before_commit", 1), ("after_commit", 1),
]  # fmt: skip
Kill = Callable[[str, Path, Path, str, int], int]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Publish in a process that dies at a moment; gives its exit status."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=os.getcwd(),
    ) as process:
        assert process.stdin and process.stdout

        def publish(url: str, folder: Path, base: Path, where: str, number: int) -> int:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps([url, str(folder), str(base), where, number]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield publish
        process.stdin.close()


@pytest.mark.parametrize(("where", "number"), MOMENTS)
def test_what_a_killed_worker_has_left_answers_nobody_and_the_next_one_finishes(
    kill: Kill, database: Database, settings: Settings, base: Path, tmp_path: Path, where: str, number: int
) -> None:
    training, dataset = make_scene(database, settings)
    run = submit(training, dataset)
    finish_run(training, run, base)
    url = database.engine.url.render_as_string(hide_password=False)
    assert kill(url, tmp_path, base, where, number) == -signal.SIGKILL
    jobs = Jobs(database)
    if where == "after_commit":
        assert jobs.find(run.job).state == "succeeded"
    else:
        assert (list_known(settings, database), training.find(run.id).version) == ({}, "")
        administration = make_administration(settings, Registry(database))
        assert administration.adopt(who="start") == ()
        claims = Claims(database, ["train"], worker="next", lease_seconds=SHORT)
        while (job := claims.claim()) is None:
            time.sleep(0.05)
        version = take_in(training, settings, run)
        claims.finish(job, {}, lambda session: publish_version(session, run, version, None))
    done = training.find(run.id)
    assert list_store(settings) == [done.version]
    assert list_known(settings, database) == {done.version: "validated"}
    assert Registry(database).snapshot().aliases == ()
    assert [job.id for job in jobs.list(kind="evaluate")[0]] == [done.exam_job]
    (finding,) = make_administration(settings, Registry(database)).verify(done.version)
    assert finding.problems == ()
